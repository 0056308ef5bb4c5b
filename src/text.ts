import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import type { Size } from './media.ts';

/**
 * Characters that never leave us: controls but line feed and tab, format characters (zero-width, bidi, soft hyphen, byte order mark, tags), lone
 * surrogates, line separators, and all that Unicode says to draw as nothing. They hide words from people or steer terminals.
 */
const hidden = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{DI}]/gu;
const anyHidden = new RegExp(hidden, 'u');

/** Text without terminal codes and hidden characters; else as it is, spaces and length included. */
export function withoutHidden(text: string): string {
  // Both spellings of a line break are common and neither may hide what stands before it.
  return anyHidden.test(text) ? stripVTControlCharacters(text).replace(/\r\n?/g, '\n').replace(hidden, '') : text;
}

/** Text made by others, safe to show: no controls, no hidden characters, at most `maxLength` characters. */
export function cleanText(text: string, maxLength = 2000): string {
  return shorten(withoutHidden(text).trim(), maxLength);
}

/**
 * Text made by others as one quoted line. Nothing in it can end the quotation or be taken for ours: quotation marks become single, tags lose their
 * bracket, and links and pictures of Markdown come apart, since a picture's address would be fetched by whoever shows it.
 */
export function quote(text: string, maxLength = 60): string {
  const line = cleanText(text, Number.POSITIVE_INFINITY).replace(/\s+/g, ' ').replaceAll('"', "'");
  return `"${shorten(
    line
      .replace(/<(?=[a-z/!?|])/gi, '‹')
      .replaceAll('](', '] (')
      .replaceAll('`', "'"),
    maxLength,
  )}"`;
}

/**
 * A path, or the end of one, as a result names it. One that holds what no text may (a folder's name can) or what would be read as Markdown is named by its `file://` address,
 * which is as exact and is taken as an argument as well; an end of one by the same escapes.
 */
export function showPath(path: string): string {
  if (!anyHidden.test(path) && !/[\n\t`]|\]\(|<[a-z_/!?|]/i.test(path)) return path;
  const address = isAbsolute(path) ? pathToFileURL(path).href : path.split('/').map(encodeURIComponent).join('/');
  return address.replace(/[[\]()]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** JSON for programs and models in which every text is free of hidden characters, escaped ones too. */
export function toCleanJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'string' ? withoutHidden(inner) : inner));
}

/** Cuts between characters, never inside one. */
function shorten(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  return `${text
    .slice(0, maxLength - 1)
    .replace(/\p{Cs}$/u, '')
    .trimEnd()}…`;
}

/**
 * A file name, without extension, that says what the prompt is about: up to six words, letters and digits of any script, at most 48 characters.
 * Never empty, never a name that a system reserves.
 */
export function toFileStem(prompt: string): string {
  const words = cleanText(prompt, 400)
    .normalize('NFC')
    .toLowerCase()
    .replace(/['’]/g, '')
    .split(/[^\p{L}\p{N}\p{M}]+/u)
    .filter((word) => word !== '' && !articles.has(word));
  const stem = [...words.slice(0, 6).join('-')].slice(0, 48).join('').replace(/-+$/, '');
  return stem === '' || reservedOnWindows.test(stem) ? `image-${stem}`.replace(/-$/, '') : stem;
}

const articles = new Set(['a', 'an', 'the', 'of', 'with', 'and']);
const reservedOnWindows = /^(con|prn|aux|nul|com\d|lpt\d)$/;

/** `1.2 GB`, `2.4 MB`, `310 kB`, `12 bytes`; decimal units. */
export function formatBytes(bytes: number): string {
  if (bytes >= 1_000_000_000) return `${(bytes / 1_000_000_000).toFixed(1)} GB`;
  if (bytes >= 1_000_000) return `${(bytes / 1_000_000).toFixed(1)} MB`;
  if (bytes >= 1_000) return `${Math.round(bytes / 1_000)} kB`;
  return `${bytes} bytes`;
}

/** `$0.034`, `$0.11`, `$1.20`: two digits that matter, never fewer than cents. */
export function formatDollars(dollars: number): string {
  if (dollars === 0) return '$0';
  return `$${dollars.toFixed(dollars < 0.1 ? 3 : 2)}`;
}

export function formatSize({ width, height }: Size): string {
  return `${width}×${height}`;
}
