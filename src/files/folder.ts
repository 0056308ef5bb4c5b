import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { ToolError } from '../errors.ts';
import { formatOfExtension } from '../media.ts';
import { quote } from '../text.ts';
import { holdFolder } from './held-folder.ts';
import { findAllowed, type Places, toAbsolutePath } from './paths.ts';

/** Extensions of pictures that are read but not written. */
const readOnly: readonly string[] = ['gif'];

/** The pictures of a folder, by name, as paths; undefined when the argument is no folder that may be read. Throws `not_found` for one without pictures. */
export async function findPictures(argument: string, places: Places): Promise<string[] | undefined> {
  if (/^(limner:|data:|https?:)/i.test(argument)) return undefined;
  const folder = await findAllowed(toAbsolutePath(argument, places), places);
  if (folder === undefined || !(await isFolder(folder))) return undefined;
  const held = await holdFolder(folder, { places });
  const entries = await readdir(held.entry('.'), { withFileTypes: true }).finally(() => held.close());
  const names = entries
    .flatMap((entry) => (entry.isFile() && !entry.name.startsWith('.') && isPictureName(entry.name) ? [entry.name] : []))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  if (names.length === 0)
    throw new ToolError(
      'not_found',
      `There is no picture in the folder ${quote(argument, 200)}. Give another folder, or the pictures themselves.`,
    );
  return names.map((name) => join(folder, name));
}

/** True for a folder, and for a link to one. */
export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

function isPictureName(name: string): boolean {
  const extension = extname(name).slice(1).toLowerCase();
  return formatOfExtension(extension) !== undefined || readOnly.includes(extension);
}
