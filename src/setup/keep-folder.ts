import { z } from 'zod';
import type { Config } from '../config.ts';
import { ToolError } from '../errors.ts';
import { isFolder } from '../files/folder.ts';
import { readPersonFile, rewritePersonFile } from '../files/person-file.ts';
import { exists } from '../files/read.ts';
import { pathDelimiter } from '../settings/source.ts';
import { showPath } from '../text.ts';
import { createJsonFormat } from './json-format.ts';
import { Unreadable } from './text-format.ts';

/** limner reads its settings as plain JSON. */
const format = createJsonFormat(true);
const name = 'LIMNER_ALLOWED_DIRS';
const folders = z.union([z.string(), z.array(z.string())]).nullish();

/**
 * Adds a folder to LIMNER_ALLOWED_DIRS in the per-user settings file, for every server from its next start on: every other byte stays, the file is for this person
 * alone afterwards, and where it is a link what it leads to is written. Throws `settings` or `cannot_write`, saying why, where that cannot be done; the file is then as it was.
 */
export async function keepFolder(folder: string, { userFile, platform }: Pick<Config, 'userFile' | 'platform'>): Promise<void> {
  if ((await exists(folder)) && !(await isFolder(folder))) throw new ToolError('settings', `${showPath(folder)} is no folder`);
  const file = await readPersonFile(userFile);
  const text = file.text ?? '';
  const listed = folders.safeParse(readSettings(text, userFile)[name]);
  if (!listed.success) throw new ToolError('settings', `${name} in ${showPath(userFile)} is no text`);
  await rewritePersonFile(file, format.set(text, [name], withFolder(listed.data ?? '', folder, pathDelimiter(platform))), 0o600);
}

function readSettings(text: string, userFile: string): Record<string, unknown> {
  try {
    return format.parse(text);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    throw new ToolError('settings', `${showPath(userFile)} is not a readable JSON object`, { cause: error });
  }
}

/** In the form the person wrote the list in. */
function withFolder(before: string | string[], folder: string, delimiter: string): string | string[] {
  const already = typeof before === 'string' ? before.split(delimiter).filter((part) => part.trim() !== '') : before;
  const all = [...new Set([...already, folder])];
  return typeof before === 'string' ? all.join(delimiter) : all;
}
