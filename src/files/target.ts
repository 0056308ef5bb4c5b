import { basename, dirname, extname, isAbsolute, join } from 'node:path';
import { ToolError } from '../errors.ts';
import { type Format, formatOfExtension, formats, sniff, toExtension } from '../media.ts';
import { quote, withoutHidden } from '../text.ts';
import { numbered } from './draft.ts';
import { isFolder } from './folder.ts';
import { isDeviceName, isHidden, type Places, requireAllowed, toAbsolutePath, toShownPath } from './paths.ts';
import { exists, readBytes } from './read.ts';

/** Where files shall go; looked up, nothing made. */
export interface Target {
  /** Absolute, links resolved, inside an allowed folder; need not exist yet. */
  folder: string;
  /** True when the caller gave a relative path. */
  isRelative: boolean;
  /** The file's name without extension when the caller named the file; absent, limner names it after the prompt. */
  stem?: string;
  /** What the name's extension asks for. */
  format?: Format;
  /** The extension as the caller wrote it (`jpeg`), without a dot. */
  extension?: string;
}

/**
 * What `output` means. Throws `not_allowed` outside the allowed folders, in limner's own archive and for hidden folders, before anything else is said of a
 * place; `unsupported` for an extension limner does not write, `invalid_argument` for addresses and for names nobody should meet in a folder.
 */
export async function findTarget(output: string | undefined, places: Places): Promise<Target> {
  const named = output?.trim();
  if (!named) return { folder: await requireFolder(places.outputDir, places.outputDir, places), isRelative: false };
  requireNoAddress(named);
  const path = toAbsolutePath(named, places);
  const isNamedFolder = /[/\\]$/.test(named);
  const real = await requireAllowed(path, places, 'write', isNamedFolder ? path : undefined);
  const isRelative = !isAbsolute(named) && !/^(~|file:)/i.test(named);
  if (isNamedFolder || (await isFolder(real))) return { folder: await requireFolder(path, named, places), isRelative };
  const file = toNamedFile(named, basename(path), await exists(path), places.platform);
  return { folder: await requireFolder(dirname(path), named, places), isRelative, ...file };
}

/** Without this an address would become folders of the project. It is not repeated: it may hold what nobody should read. */
function requireNoAddress(output: string): void {
  const [start] = /^[a-z][a-z\d+.-]+:\/\//i.exec(output) ?? [];
  if (start === undefined || /^file:/i.test(start)) return;
  throw new ToolError(
    'invalid_argument',
    `output is a path on this computer, and an address that begins with ${quote(start, 20)} is none. Give a path, such as "pictures/fox.png".`,
  );
}

/** New folders a call may make, one in the other. */
const mostNewFolders = 16;

/** The real folder, where files may be made in it and it, as far as it is missing, may be made. */
async function requireFolder(folder: string, output: string, places: Places): Promise<string> {
  const real = await requireAllowed(folder, places, 'write');
  if (await isHidden(real, places)) {
    throw new ToolError(
      'not_allowed',
      `limner does not write into hidden folders, such as .git or .vscode, which other programs obey: ${quote(output, 200)}. ` +
        'Choose another output; the person can allow that very folder by adding it to LIMNER_ALLOWED_DIRS.',
    );
  }
  const missing: string[] = [];
  for (let at = real; dirname(at) !== at && missing.length <= mostNewFolders && !(await exists(at)); at = dirname(at))
    missing.push(basename(at));
  if (missing.length > mostNewFolders)
    throw new ToolError(
      'invalid_argument',
      `output would need more than ${mostNewFolders} new folders, one in the other. Choose a place nearer by.`,
    );
  for (const name of missing) requireUsableName(name, `The folder name ${quote(name, 80)} in output`, places.platform);
  return real;
}

/** Room is left for a number and an extension; file systems take 255 bytes. */
const maxNameBytes = 240;

/** Characters that end lines, steer terminals, hide or turn the direction of text: such a name is not what it looks like, and cannot be typed again. */
const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{DI}]/gu;

/** Those of them that words of some languages and many an emoji are written with: a file or folder that has them already is met as it is. */
const joining = /[\p{Join_Control}\p{Variation_Selector}]/gu;

/** Throws `invalid_argument`, saying what is wrong with it; `what` begins the sentence. */
function requireUsableName(name: string, what: string, platform: NodeJS.Platform, isThere = false): void {
  const wrong = findFlaw(name, platform, isThere);
  if (wrong !== undefined) throw new ToolError('invalid_argument', `${what} ${wrong}`);
}

/** Names have to mean the same on every computer a picture may come to, so what Windows reserves is refused everywhere. */
function findFlaw(name: string, platform: NodeJS.Platform, isThere = false): string | undefined {
  if (Buffer.byteLength(name) > maxNameBytes) return `is too long. Give one of at most ${maxNameBytes} bytes.`;
  if ((isThere ? name.replace(joining, '') : name).search(unseen) >= 0) return describeUnseen(name);
  if (name.includes('\\')) return 'has a \\ in it. Write / between folders, and give the file a plain name.';
  if (isDeviceName(name)) return 'is one that Windows reserves for a device. Give another name.';
  if (/[. ]$|^ /.test(name))
    return 'begins or ends with a space or ends with a dot, which gets lost on other computers. Give a plain name.';
  if (platform === 'win32' && /[<>:"|?*]/.test(name)) return 'has characters Windows does not take. Give a plain name.';
  return undefined;
}

/** Such a name looks like the one without: which characters are meant, and where, has to be told by their numbers. */
function describeUnseen(name: string): string {
  const found = [...name.matchAll(unseen)].map(({ 0: sign, index }) => `${toCodePoint(sign)} ${toPlace(name.slice(0, index))}`);
  const list = found.length > 3 ? `${found.slice(0, 3).join(', ')} and ${found.length - 3} more` : found.join(', ');
  const what = found.length === 1 ? 'a character that cannot be seen' : 'characters that cannot be seen';
  const plain = withoutHidden(name).replace(/\s+/g, ' ').trim();
  // What Windows alone forbids is said when it comes to that.
  const isUsable = plain !== '' && !plain.startsWith('.') && findFlaw(plain, 'linux') === undefined;
  const example = isUsable ? ` without ${found.length === 1 ? 'it' : 'them'}, such as ${quote(plain, 200)}` : '';
  return `has ${what} (${list}). Give a plain name${example}.`;
}

/** `U+FE0F`, as Unicode's charts name a character. */
function toCodePoint(sign: string): string {
  return `U+${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

function toPlace(before: string): string {
  const seen = [...withoutHidden(before)].slice(-12).join('').trim();
  return seen === '' ? 'at its start' : `after ${quote(seen)}`;
}

function toNamedFile(
  output: string,
  name: string,
  isThere: boolean,
  platform: NodeJS.Platform,
): Pick<Target, 'stem' | 'format' | 'extension'> & { stem: string } {
  const extension = extname(name).slice(1);
  const format = formatOfExtension(extension);
  // Without a picture's extension the file gets another name than the one that is there.
  requireUsableName(name, `The file name of output (${quote(name, 80)})`, platform, isThere && format !== undefined);
  const isHiddenName = name.startsWith('.');
  if (format !== undefined && !isHiddenName) return { stem: name.slice(0, -extension.length - 1), format, extension };
  if (isHiddenName || /^[a-z][a-z0-9]{0,4}$/i.test(extension)) {
    const why = isHiddenName ? 'names that begin with a dot are hidden, and ' : '';
    throw new ToolError(
      'unsupported',
      `limner cannot write ${quote(output, 200)}: ${why}it writes .${formats.map(toExtension).join(', .')}. Give output one of these extensions, or end it with / to name a folder.`,
    );
  }
  return { stem: name };
}

/**
 * Makes sure that the names the caller gave are free, or hold pictures that may be replaced. `extension` is what the file will most likely get.
 * Throws `file_exists`; nothing is paid for then.
 */
export async function requireFree(
  target: Pick<Target, 'folder' | 'extension'> & { stem: string },
  extension: string,
  count: number,
  overwrite: boolean,
): Promise<void> {
  const file = join(target.folder, `${target.stem}.${target.extension ?? extension}`);
  for (let number = 1; number <= count; number += 1) {
    const path = numbered(file, number);
    if (!(await exists(path))) {
      // One of several that are there does not make the others old names.
      requireSeen(basename(path));
      continue;
    }
    if (!overwrite) {
      throw new ToolError(
        'file_exists',
        `${toShownPath(path)} exists already. Choose another output, or set overwrite to true to replace that picture.`,
      );
    }
    if (!(await isPlainPicture(path))) {
      throw new ToolError(
        'file_exists',
        `${toShownPath(path)} exists and is not a picture, so limner does not replace it. Choose another output.`,
      );
    }
  }
}

function requireSeen(name: string): void {
  if (name.search(unseen) < 0) return;
  throw new ToolError('invalid_argument', `The file name ${quote(name, 80)} would be new and ${describeUnseen(name)}`);
}

/** A regular file that holds a picture; never a link, whose target may be anywhere. */
async function isPlainPicture(path: string): Promise<boolean> {
  return sniff((await readBytes(path)) ?? new Uint8Array()) !== undefined;
}
