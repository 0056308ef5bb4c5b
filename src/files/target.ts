import { lstat, stat } from 'node:fs/promises';
import { basename, dirname, extname, isAbsolute, join } from 'node:path';
import { ToolError } from '../errors.ts';
import { type Format, formatOfExtension, formats, sniff, toExtension } from '../media.ts';
import { quote } from '../text.ts';
import { type Places, requireAllowed, toAbsolutePath } from './paths.ts';
import { numbered } from './publish.ts';
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

/** What `output` means. Throws `unsupported` for an extension limner does not write, `not_allowed` outside the allowed folders. */
export async function findTarget(output: string | undefined, places: Places): Promise<Target> {
  if (output === undefined) return { folder: await requireAllowed(places.outputDir, places, 'write'), isRelative: false };
  const path = toAbsolutePath(output, places);
  const isRelative = !isAbsolute(output) && !/^(~|file:)/.test(output);
  if (/[/\\]$/.test(output) || (await isFolder(path))) return { folder: await requireAllowed(path, places, 'write'), isRelative };
  const named = toNamedFile(output, basename(path), places.platform);
  return { folder: await requireAllowed(dirname(path), places, 'write'), isRelative, ...named };
}

/** Room is left for a number and an extension; file systems take 255 bytes. */
const maxNameBytes = 240;

/** Characters that end lines, steer terminals or turn the direction of text, so that a name would not be what it looks like. */
const steering = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u200E\u200F\u202A-\u202E\u2066-\u2069]/u;
const unusableOnWindows = /[<>:"|?*]|[. ]$|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

function requireUsableName(output: string, name: string, platform: NodeJS.Platform): void {
  if (Buffer.byteLength(name) > maxNameBytes) {
    throw new ToolError(
      'invalid_argument',
      `The file name of output is too long: ${quote(output, 80)}. Give one of at most ${maxNameBytes} bytes.`,
    );
  }
  if (steering.test(name) || (platform === 'win32' && unusableOnWindows.test(name))) {
    throw new ToolError(
      'invalid_argument',
      `The file name of output has characters a file name should not have: ${quote(output, 80)}. Give a plain name.`,
    );
  }
}

function toNamedFile(
  output: string,
  name: string,
  platform: NodeJS.Platform,
): Pick<Target, 'stem' | 'format' | 'extension'> & { stem: string } {
  requireUsableName(output, name, platform);
  const extension = extname(name).slice(1);
  const format = formatOfExtension(extension);
  if (format !== undefined) return { stem: name.slice(0, -extension.length - 1), format, extension };
  if (name.startsWith('.') || /^[a-z][a-z0-9]{0,4}$/i.test(extension)) {
    throw new ToolError(
      'unsupported',
      `limner cannot write ${quote(output, 200)}: it writes .${formats.map(toExtension).join(', .')}. Give output one of these extensions, or end it with / to name a folder.`,
    );
  }
  return { stem: name };
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
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
    if (!(await exists(path))) continue;
    if (!overwrite) {
      throw new ToolError(
        'file_exists',
        `${path} exists already. Choose another output, or set overwrite to true to replace that picture.`,
      );
    }
    if (!(await isPlainPicture(path))) {
      throw new ToolError('file_exists', `${path} exists and is not a picture, so limner does not replace it. Choose another output.`);
    }
  }
}

/** A regular file that holds a picture; never a link, whose target may be anywhere. */
async function isPlainPicture(path: string): Promise<boolean> {
  if (!(await lstat(path)).isFile()) return false;
  return sniff((await readBytes(path)) ?? new Uint8Array()) !== undefined;
}
