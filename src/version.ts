import { createRequire } from 'node:module';
import { z } from 'zod';

/** limner's version; package.json is the one place it is written. */
export const { version } = z.object({ version: z.string() }).parse(createRequire(import.meta.url)('../package.json'));
