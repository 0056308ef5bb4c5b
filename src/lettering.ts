import { air, boxGlyph, type Glyph, glyphs, spellings } from './lettering-glyphs.ts';

/** Where lettering stands: the left edge of its skeleton, the top of its capitals, and the height of a capital, all in pixels. */
export interface LetteringPlace {
  x: number;
  y: number;
  height: number;
}

const capitalUnits = 14;
/** The usual air between two glyphs, and what an upright adds to its side or a diagonal takes off it. */
const gapUnits = 3.7;
const nudgeUnits = 0.5;
const spaceUnits = 5.4;
/** How far a quarter turn reaches towards its corner; a circle's would be 0.552, a little more reads crisper when small. */
const turn = 0.58;

/**
 * SVG path data of one line of text, to be stroked with round caps and joins and no fill; `letteringStroke` gives a good width. Only numbers
 * and the commands M, L and C come out, whatever goes in. Accents are left off; a character the alphabet lacks becomes a box. Tails
 * reach 0.3 of the height below the baseline, and the stroke half its width around the skeleton.
 */
export function letteringPath(text: string, { x, y, height }: LetteringPlace): string {
  const scale = height / capitalUnits;
  let pen = x;
  let path = '';
  let before = '';
  for (const character of toDrawable(text)) {
    pen += gap(before, character) * scale;
    if (character !== ' ') path += toPath(glyphOf(character), pen, y, scale);
    pen += glyphWidth(character) * scale;
    before = character;
  }
  return path;
}

/** The width in pixels of one line of text whose capitals are `height` pixels high, from skeleton to skeleton. */
export function letteringWidth(text: string, height: number): number {
  return widthOf(toDrawable(text), height);
}

/** The stroke width in pixels that suits a capital height in pixels. */
export function letteringStroke(height: number): number {
  return height * 0.13;
}

/**
 * Text broken into at most `maxLines` lines no wider than `maxWidth` pixels at this capital height. White space counts as one space, a word
 * wider than a line is broken, and what did not fit is replaced by an ellipsis.
 */
export function wrapLettering(text: string, height: number, maxWidth: number, maxLines: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of toDrawable(text).split(' ').filter(Boolean)) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (widthOf(longer, height) <= maxWidth) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    const pieces = breakWord(word, height, maxWidth);
    line = pieces.pop() ?? '';
    lines.push(...pieces);
    if (lines.length > maxLines) break;
  }
  if (line !== '') lines.push(line);
  if (lines.length <= maxLines) return lines;
  return [...lines.slice(0, maxLines - 1), withEllipsis(lines[maxLines - 1] ?? '', height, maxWidth)].slice(0, maxLines);
}

function breakWord(word: string, height: number, maxWidth: number): string[] {
  const pieces: string[] = [];
  let piece = '';
  for (const character of word) {
    if (piece !== '' && widthOf(piece + character, height) > maxWidth) {
      pieces.push(piece);
      piece = '';
    }
    piece += character;
  }
  return [...pieces, piece];
}

function withEllipsis(line: string, height: number, maxWidth: number): string {
  const characters = [...line];
  while (characters.length > 0 && widthOf(`${characters.join('')}…`, height) > maxWidth) characters.pop();
  return `${characters.join('').replace(/[\s.,;:·–—-]+$/, '')}…`;
}

/** Text in the characters there are glyphs for, where that is possible: marks and invisible characters dropped, white space plain. */
function toDrawable(text: string): string {
  const plain = text
    .normalize('NFD')
    .replace(/\s+/g, ' ')
    .replace(/[\p{M}\p{Cf}]/gu, '');
  return plain.replace(/[^ -~]/gu, (character) => spellings[character] ?? character);
}

function widthOf(drawable: string, height: number): number {
  let units = 0;
  let before = '';
  for (const character of drawable) {
    units += gap(before, character) + glyphWidth(character);
    before = character;
  }
  return units * (height / capitalUnits);
}

function glyphWidth(character: string): number {
  return character === ' ' ? spaceUnits : glyphOf(character)[0];
}

/** The air between two neighbours, in grid units; none before the first glyph, and half of the usual on either side of a space. */
function gap(before: string, after: string): number {
  if (before === '') return 0;
  if (before === ' ' || after === ' ') return gapUnits / 2;
  return gapUnits + nudge(air.right, before) + nudge(air.left, after);
}

function nudge(side: { more: string; less: string }, character: string): number {
  if (side.more.includes(character)) return nudgeUnits;
  return side.less.includes(character) ? -nudgeUnits : 0;
}

function glyphOf(character: string): Glyph {
  return (Object.hasOwn(glyphs, character) ? glyphs[character] : undefined) ?? boxGlyph;
}

function toPath([, strokes]: Glyph, left: number, top: number, scale: number): string {
  let path = '';
  let [fromX, fromY] = [0, 0];
  const at = (x: number, y: number) => `${round(left + x * scale)} ${round(top + y * scale)}`;
  for (const [, command = '', rest = ''] of strokes.matchAll(/([MLChv])([^A-Za-z]*)/g)) {
    const numbers = rest.trim().split(/\s+/).map(Number);
    const [x = 0, y = 0] = numbers.slice(-2);
    const [a = 0, b = 0, c = 0, d = 0] = numbers;
    const [bendX, bendY] = [fromX + (x - fromX) * turn, fromY + (y - fromY) * turn];
    const [backX, backY] = [x + (fromX - x) * turn, y + (fromY - y) * turn];
    if (command === 'h') path += `C${at(bendX, fromY)} ${at(x, backY)} ${at(x, y)}`;
    else if (command === 'v') path += `C${at(fromX, bendY)} ${at(backX, y)} ${at(x, y)}`;
    else if (command === 'C') path += `C${at(a, b)} ${at(c, d)} ${at(x, y)}`;
    else path += `${command}${at(x, y)}`;
    [fromX, fromY] = [x, y];
  }
  return path;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
