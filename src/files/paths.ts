import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, parse, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from '../config.ts';
import { ToolError } from '../errors.ts';
import { expandHome, isTooWide } from '../system-folders.ts';
import { quote, showPath } from '../text.ts';

/** The part of the configuration that says where pictures may be. */
export type Places = Pick<Config, 'allowedDirs' | 'projectDir' | 'outputDir' | 'stateDir' | 'home' | 'platform' | 'remote'> & {
  /** A person at a terminal names the files, not an agent: every file of theirs may be. */
  isPerson?: boolean;
};

/**
 * A path argument as an absolute path: `~` and `file://` expanded, relative paths from the project folder, else from the output folder.
 * Throws `invalid_argument` for a path no file system takes.
 */
export function toAbsolutePath(path: string, places: Places): string {
  if (places.platform !== 'win32' && /^[a-z]:[\\/]/i.test(path)) {
    throw new ToolError('invalid_argument', `${quote(path, 120)} is a Windows path, and this computer does not run Windows.`);
  }
  const plain = /^file:/i.test(path) ? fromFileUrl(path) : expandHome(path, places.home);
  // Looked for last: an address can hold one in disguise.
  if (plain.includes('\0')) throw new ToolError('invalid_argument', `${quote(path)} is not a path: it holds a NUL character.`);
  if (places.platform === 'win32' && plain.split(/[\\/]/).some(isDeviceName)) {
    throw new ToolError('invalid_argument', `${quote(path, 120)} names a device of Windows, not a file.`);
  }
  return resolve(workingFolder(places), plain);
}

/** True for a name that Windows gives to a device, whatever folder and extension it comes with. */
export function isDeviceName(name: string): boolean {
  return /^(con|prn|aux|nul|clock\$|conin\$|conout\$|com[\d¹²³]|lpt[\d¹²³]) *(\.|:|$)/i.test(name);
}

/** What "here" means: where relative paths start, and whose pictures `last` and an answer speak of. */
export function workingFolder(places: Pick<Config, 'projectDir' | 'outputDir'>): string {
  return places.projectDir ?? places.outputDir;
}

function fromFileUrl(url: string): string {
  try {
    const { href, search, hash } = new URL(url);
    if (search === '' && hash === '') return fileURLToPath(href);
  } catch {
    // No address, or one of another computer.
  }
  throw new ToolError('invalid_argument', `${quote(url)} is not a file:// address of this computer: give the path itself.`);
}

/** True when `path` is `folder` or lies in it; both absolute. Compares whole path segments, so `/a/bc` is not inside `/a/b`. */
export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === '' || !(way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way));
}

/** A path as errors name it: at most 200 characters, its end, where the name is. */
export function toShownPath(path: string): string {
  const line = showPath(path);
  return line.length <= 200 ? line : `…${line.slice(-199).replace(/^\p{Cs}/u, '')}`;
}

/** The path with every existing link resolved; parts that do not exist yet, and all of it where a link leads nowhere, are kept as they are. */
export async function toRealPath(path: string): Promise<string> {
  return (await findRealPath(path)) ?? path;
}

/**
 * The path with every existing link resolved; parts that do not exist yet are kept as they are. Undefined where a link cannot be followed to its end:
 * what is there, and whether anything is, is then unknown.
 */
async function findRealPath(path: string): Promise<string | undefined> {
  const whole = await realpath(path).catch(() => undefined);
  if (whole !== undefined) return whole;
  const there = await findLongestThere(path);
  const real = await realpath(there).catch(() => undefined);
  return real === undefined ? undefined : join(real, relative(there, path));
}

/** The longest start of a path at which something is, a link that leads nowhere included. Found by halves: a path may have thousands of parts. */
async function findLongestThere(path: string): Promise<string> {
  const { root } = parse(path);
  const names = path.slice(root.length).split(sep);
  let [there, missing] = [0, names.length + 1];
  while (missing - there > 1) {
    const middle = Math.floor((there + missing) / 2);
    const isThere = await lstat(join(root, ...names.slice(0, middle))).then(
      () => true,
      () => false,
    );
    if (isThere) there = middle;
    else missing = middle;
  }
  return join(root, ...names.slice(0, there));
}

/** Real paths of allowed folders as they were when first asked for: a link that is put in their place later opens nothing. */
const realFolders = new WeakMap<readonly string[], Map<string, string>>();

/** The allowed folders, links resolved. */
async function findRoots(places: Places): Promise<string[]> {
  const { allowedDirs, projectDir, outputDir } = places;
  const known = realFolders.get(allowedDirs) ?? new Map<string, string>();
  realFolders.set(allowedDirs, known);
  for (const folder of allowedDirs) {
    const real = known.get(folder) ?? (await findRealPath(folder));
    if (real !== undefined) known.set(folder, real);
  }
  const project = projectDir === undefined ? undefined : known.get(projectDir);
  return allowedDirs.flatMap((folder) => {
    const real = known.get(folder);
    // A folder that is a link opens what it leads to, unless that is more than anybody would allow.
    if (real === undefined || isTooWide(real, places)) return [];
    // What a project brings along where the output folder would be opens nothing outside the project.
    const isBrought = folder === outputDir && projectDir !== undefined && isInside(projectDir, folder);
    return isBrought && project !== undefined && !isInside(project, real) ? [] : [real];
  });
}

/**
 * The same places with one more folder, for as long as they are used; undefined where a link leads from it to elsewhere, since then it is not the folder that was
 * named. The other folders stay what they were.
 */
export async function openFolder<Opened extends Places>(folder: string, places: Opened): Promise<Opened | undefined> {
  const real = await findRealPath(folder);
  if (real !== folder || isTooWide(real, places)) return undefined;
  const allowedDirs = [...places.allowedDirs, folder];
  realFolders.set(allowedDirs, new Map([...(realFolders.get(places.allowedDirs) ?? []), [folder, real]]));
  return { ...places, allowedDirs };
}

/** True for a real path that is inside an allowed folder. */
export async function isAllowed(real: string, places: Places): Promise<boolean> {
  return places.isPerson === true || (await findRoots(places)).some((root) => isInside(root, real));
}

/** The real path of `path` when it is inside an allowed folder, else undefined. */
export async function findAllowed(path: string, places: Places): Promise<string | undefined> {
  // Merely looking at another computer's share tells it who is looking.
  const isElsewhere = places.platform === 'win32' && /^[\\/]{2}/.test(path) && !places.allowedDirs.some((dir) => isInside(dir, path));
  if (isElsewhere && !places.isPerson) return undefined;
  const real = await findRealPath(path);
  if (places.isPerson) return real ?? path;
  return real !== undefined && (await isAllowed(real, places)) ? real : undefined;
}

/** True for a path that is, or leads, into the state folder: its originals are the only copy of what was paid for, so nobody's output goes there. */
export async function isInArchive(path: string, { stateDir }: Pick<Places, 'stateDir'>): Promise<boolean> {
  const [archive, real] = await Promise.all([toRealPath(stateDir), toRealPath(path)]);
  return isInside(archive, real);
}

/**
 * The real path of `path` when it is inside an allowed folder; otherwise `not_allowed`, naming the setting that opens it where it can, in the same words
 * whether there is anything at that path or not, and wherever a link leads. To write, also `not_allowed` in limner's own archive, allowed or not. `folder` is the one
 * that would have to be open for it.
 */
export async function requireAllowed(
  path: string,
  places: Places,
  purpose: 'read' | 'write',
  folder = toLikelyFolder(path),
): Promise<string> {
  const real = await findAllowed(path, places);
  if (real !== undefined && purpose === 'write' && (await isInArchive(real, places))) {
    const archive = `${toShownPath(places.stateDir)} (LIMNER_STATE_DIR) is limner's own archive; choose another output.`;
    throw new ToolError('not_allowed', `limner may not write to ${quote(path, 200)}: ${archive}`);
  }
  if (real !== undefined) return real;
  if (places.remote) throw outsideSpace(path, purpose, places);
  const here = places.projectDir ? `the project folder ${showPath(places.projectDir)}` : `the output folder ${showPath(places.outputDir)}`;
  const what = purpose === 'read' ? 'limner may not read' : 'limner may not write to';
  const instead = purpose === 'read' ? 'copy the picture into an allowed folder' : 'choose an output inside an allowed folder';
  const advice = isAllowable(path, places)
    ? `The person can allow its folder by adding it to LIMNER_ALLOWED_DIRS; or ${instead}.`
    : `${instead.charAt(0).toUpperCase()}${instead.slice(1)}.`;
  throw new ToolError('not_allowed', `${what} ${quote(path, 200)}: it is, or leads, outside ${here}. ${advice}`, {
    folder: { path: folder, purpose },
  });
}

/** Nobody is asked to open anything to a caller on another computer. */
function outsideSpace(path: string, purpose: 'read' | 'write', { outputDir }: Places): ToolError {
  const shown = quote(isInside(dirname(outputDir), path) ? relative(outputDir, path) : path, 200);
  const advice =
    purpose === 'read'
      ? 'Give a path in it, such as "fox.png", or an id, or upload the picture first'
      : 'Choose an output in it, such as "art/fox.png"';
  return new ToolError('not_allowed', `${shown} is outside your space on the server. ${advice}.`);
}

/** Told by the words of the path alone: a name without a dot may be a folder. */
function toLikelyFolder(path: string): string {
  return basename(path).includes('.') ? dirname(path) : path;
}

/** False where the setting would refuse the folder of `path` as too wide. */
function isAllowable(path: string, places: Places): boolean {
  return !isTooWide(toLikelyFolder(path), places);
}

/** Hidden by name only: a project keeps pictures of its own there. */
const shownAllTheSame = new Set(['.attachments', '.gitbook', '.github', '.storybook', '.vitepress', '.vuepress', '.well-known']);

/**
 * True for a real folder that is hidden, or in one that is, below the allowed folder it belongs to: there lie what version control, shells, editors and
 * agents obey, and keys.
 */
export async function isHidden(folder: string, places: Places): Promise<boolean> {
  if (places.isPerson) return false;
  const ways = (await findRoots(places)).filter((root) => isInside(root, folder)).map((root) => relative(root, folder).split(sep));
  return !ways.some((names) => names.every((name) => !name.startsWith('.') || shownAllTheSame.has(name)));
}
