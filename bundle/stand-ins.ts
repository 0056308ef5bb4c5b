import { join } from 'node:path';
import type { Plugin } from 'rolldown';

const inBundle = (file: string) => join(import.meta.dirname, file);
const deferredZod = inBundle('deferred-zod.ts');

/** What the bundle has in place of others' modules; each file says why. */
export const standIns: Plugin = {
  name: 'stand-ins',
  resolveId(id, importer) {
    if (id === '@modelcontextprotocol/server/_shims') return inBundle('sdk-shims.ts');
    return /^zod(\/v4)?$/.test(id) && importer !== deferredZod ? deferredZod : null;
  },
};
