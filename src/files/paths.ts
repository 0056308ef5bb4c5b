import { realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from '../config.ts';
import { ToolError } from '../errors.ts';
import { expandHome, isTooWide } from '../system-folders.ts';
import { quote } from '../text.ts';

/** The part of the configuration that says where pictures may be. */
export type Places = Pick<Config, 'allowedDirs' | 'projectDir' | 'outputDir' | 'home' | 'platform'> & {
  /** A person at a terminal names the files, not an agent: every file of theirs may be. */
  isPerson?: boolean;
};

/**
 * A path argument as an absolute path: `~` and `file://` expanded, relative paths from the project folder, else from the output folder.
 * Throws `invalid_argument` for a path no file system takes.
 */
export function toAbsolutePath(path: string, places: Places): string {
  if (path.includes('\0')) throw new ToolError('invalid_argument', `${quote(path)} is not a path: it holds a NUL character.`);
  if (places.platform !== 'win32' && /^[a-z]:[\\/]/i.test(path)) {
    throw new ToolError('invalid_argument', `${quote(path, 120)} is a Windows path, and this computer does not run Windows.`);
  }
  const plain = path.startsWith('file:') ? fromFileUrl(path) : expandHome(path, places.home);
  return resolve(workingFolder(places), plain);
}

/** What "here" means: where relative paths start, and whose pictures `last` and an answer speak of. */
export function workingFolder(places: Pick<Config, 'projectDir' | 'outputDir'>): string {
  return places.projectDir ?? places.outputDir;
}

function fromFileUrl(url: string): string {
  try {
    return fileURLToPath(url);
  } catch {
    throw new ToolError('invalid_argument', `${quote(url)} is not a file:// address of this computer: give the path itself.`);
  }
}

/** True when `path` is `folder` or lies in it; both absolute. Compares whole path segments, so `/a/bc` is not inside `/a/b`. */
export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === '' || !(way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way));
}

/** The path with every existing link resolved; parts that do not exist yet are kept as they are. */
export async function toRealPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(await toRealPath(parent), basename(path));
  }
}

/** The real path of `path` when it is inside an allowed folder; otherwise `not_allowed`, naming the setting that opens it. */
export async function requireAllowed(path: string, places: Places, purpose: 'read' | 'write'): Promise<string> {
  const real = await toRealPath(path);
  if (places.isPerson) return real;
  for (const folder of places.allowedDirs) {
    const allowed = await toRealPath(folder);
    // A folder that is a link opens what it leads to, unless that is more than anybody would allow.
    if (!isTooWide(allowed, places) && isInside(allowed, real)) return real;
  }
  const here = places.projectDir ? `the project folder ${places.projectDir}` : `the output folder ${places.outputDir}`;
  const what = purpose === 'read' ? 'limner may not read' : 'limner may not write to';
  throw new ToolError(
    'not_allowed',
    `${what} ${quote(path, 200)}: it ${real === path ? 'is' : `leads to ${quote(real, 200)},`} outside ${here}. The person can allow its folder by adding it to LIMNER_ALLOWED_DIRS; ` +
      `${purpose === 'read' ? 'or copy the picture into an allowed folder' : 'or choose an output inside an allowed folder'}.`,
  );
}
