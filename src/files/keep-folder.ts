import { z } from 'zod';
import type { Config } from '../config.ts';
import { ToolError } from '../errors.ts';
import { pathDelimiter } from '../settings/source.ts';
import { showPath } from '../text.ts';
import { isFolder } from './folder.ts';
import { readPersonFile, rewritePersonFile } from './person-file.ts';
import { exists } from './read.ts';

const settings = z.record(z.string(), z.unknown());
const folders = z.union([z.string(), z.array(z.string())]).nullish();

/**
 * Adds a folder to LIMNER_ALLOWED_DIRS in the per-user settings file, for every server from its next start on: all other settings stay, the file is for this person
 * alone afterwards, and where it is a link what it leads to is written. Throws `settings` or `cannot_write`, saying why, where that cannot be done; the file is then as it was.
 */
export async function keepFolder(folder: string, { userFile, platform }: Pick<Config, 'userFile' | 'platform'>): Promise<void> {
  if ((await exists(folder)) && !(await isFolder(folder))) throw new ToolError('settings', `${showPath(folder)} is no folder`);
  const file = await readPersonFile(userFile);
  const found = readSettings(file.text);
  if (found === undefined) throw new ToolError('settings', `${showPath(userFile)} is not a readable JSON object`);
  const { LIMNER_ALLOWED_DIRS: before } = found;
  const listed = folders.safeParse(before);
  if (!listed.success) throw new ToolError('settings', `LIMNER_ALLOWED_DIRS in ${showPath(userFile)} is no text`);
  const changed = { ...found, LIMNER_ALLOWED_DIRS: withFolder(listed.data ?? '', folder, pathDelimiter(platform)) };
  await rewritePersonFile(file, `${JSON.stringify(changed, undefined, 2)}\n`, 0o600);
}

function readSettings(text: string | undefined): Record<string, unknown> | undefined {
  if (text === undefined) return {};
  try {
    return settings.safeParse(JSON.parse(text.replace(/^\uFEFF/, ''))).data;
  } catch {
    return undefined;
  }
}

/** In the form the person wrote the list in. */
function withFolder(before: string | string[], folder: string, delimiter: string): string | string[] {
  const already = typeof before === 'string' ? before.split(delimiter).filter((part) => part.trim() !== '') : before;
  const all = [...new Set([...already, folder])];
  return typeof before === 'string' ? all.join(delimiter) : all;
}
