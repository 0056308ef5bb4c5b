import { toDayName } from '../archive/ledger-lines.ts';
import { cleanText, showPath } from '../text.ts';

/** Text made by others as one line that steers no terminal. */
export function toOneLine(text: string): string {
  return cleanText(text, Number.POSITIVE_INFINITY).replace(/\s+/g, ' ');
}

/** A path as a person writes it, with `~` for the home. */
export function toHomePath(path: string, home: string): string {
  const shown = showPath(path);
  return shown === path && /^[/\\]/.test(path.slice(home.length)) && path.startsWith(home) ? `~${path.slice(home.length)}` : shown;
}

/** `2026-11-22 14:05`, in the person's own time. */
export function formatWhen(at: string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return 'unknown time';
  return `${toDayName(date)} ${String(date.getHours()).padStart(2, '0')}:${String(date.getMinutes()).padStart(2, '0')}`;
}

const gap = '  ';
const wide = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60]/u;

/** The cells of a terminal a text takes: Chinese, Japanese, Korean and emoji two each, combining marks none. */
function toWidth(text: string): number {
  return [...text].reduce((sum, character) => sum + (/\p{M}/u.test(character) ? 0 : wide.test(character) ? 2 : 1), 0);
}

/** The text in exactly `width` cells: filled with spaces, or cut and ended with `…`. */
export function toCell(text: string, width: number, side: 'left' | 'right'): string {
  const missing = width - toWidth(text);
  if (missing >= 0) return side === 'left' ? text + ' '.repeat(missing) : ' '.repeat(missing) + text;
  let kept = '';
  for (const character of text) {
    if (toWidth(kept + character) > width - 1) break;
    kept += character;
  }
  return toCell(`${kept.trimEnd()}…`, width, side);
}

/** Words in lines of at most `width` cells; a word that is longer stands alone. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line !== undefined && toWidth(line) + 1 + toWidth(word) <= width) lines.splice(-1, 1, `${line} ${word}`);
    else lines.push(word);
  }
  return lines;
}

export interface Column {
  /** The side its texts stand at; left unless told. */
  align?: 'left' | 'right';
  /** True for the one column that is cut when the table does not fit. */
  flexible?: boolean;
  /** The widest it may be. */
  most?: number;
}

/** A flexible column is never narrower than this; a narrower terminal wraps. */
const leastWidth = 20;

/** Rows of equally many texts as aligned lines, at most `width` wide where that can be. */
export function toTable(columns: readonly Column[], rows: readonly (readonly string[])[], width = Number.POSITIVE_INFINITY): string[] {
  const natural = columns.map(({ most = Number.POSITIVE_INFINITY }, index) =>
    Math.min(most, Math.max(...rows.map((row) => toWidth(row[index] ?? '')))),
  );
  const total = natural.reduce((sum, each) => sum + each, 0) + gap.length * (columns.length - 1);
  const widths = columns.map(({ flexible }, index) => {
    const wanted = natural[index] ?? 0;
    return flexible && total > width ? Math.max(Math.min(wanted, leastWidth), wanted - (total - width)) : wanted;
  });
  const toLine = (row: readonly string[]) =>
    columns.map(({ align = 'left' }, index) => toCell(row[index] ?? '', widths[index] ?? 0, align));
  return rows.map((row) => toLine(row).join(gap).trimEnd());
}

/** A text as lines of at most `width` cells, broken between words; what has no space, such as a path, stays whole. */
export function toParagraph(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of toOneLine(text).split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && toWidth(`${last} ${word}`) <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** JSON for programs. What would steer a terminal that shows it all the same is escaped, so every value is still exact. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replace(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{DI}]/gu, toEscape);
}

function toEscape(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}
