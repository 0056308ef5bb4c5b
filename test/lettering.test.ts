import { expect, test } from 'vitest';
import { letteringPath, letteringStroke, letteringWidth, wrapLettering } from '../src/lettering.ts';

const place = { x: 0, y: 0, height: 14 };
const capitals = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const marks = `.,:;!?'"-–—()[]/\\&%+=#@*_<>…·×°$€`;
const alphabet = `${capitals}${capitals.toLowerCase()}0123456789${marks}`;

test('every character of the alphabet has a shape of its own', () => {
  const box = letteringPath('漢', place);
  const shapes = [...alphabet].map((character) => letteringPath(character, place));
  expect(shapes).not.toContain(box);
  expect(new Set(shapes).size).toBe(alphabet.length);
});

test('a path is numbers and path commands, whatever the text', () => {
  for (const text of [alphabet, '"/><script>&amp;', '\u0000\ud800\u202e', '__proto__ constructor', '漢字 🦊']) {
    expect(letteringPath(text, { x: 3.3, y: 7.7, height: 12.5 })).toMatch(/^(?:[MLC]-?[\d.]+(?: -?[\d.]+)*|\s|(?<=\d) |-?[\d.]+)*$/);
    expect(letteringPath(text, place)).not.toMatch(/NaN|undefined|e-|Infinity/);
  }
});

test('an unknown character is a box and a space is nothing', () => {
  expect(letteringPath('漢', place)).toBe('M0 4L7 4L7 14L0 14L0 4');
  expect(letteringPath('🦊', place)).toBe(letteringPath('漢', place));
  expect(letteringPath(' \n ', place)).toBe('');
});

test('accents are left off and look-alikes are written with what there is', () => {
  expect(letteringPath('Çà étöñ', place)).toBe(letteringPath('Ca eton', place));
  expect(letteringPath('“straße” – œuvre', place)).toBe(letteringPath('"strasse" – oeuvre', place));
});

test.each([
  ['', 0],
  ['I', 0],
  ['A', 10],
  ['8', 8],
  ['8 8', 8 + 3.7 + 5.4 + 8],
  ['OO', 10.2 + 3.7 + 10.2],
  ['HH', 9.2 + 4.7 + 9.2],
  ['AV', 10 + 2.7 + 9.6],
])('%j is %d units wide', (text, units) => {
  expect(letteringWidth(text, 14)).toBeCloseTo(units);
  expect(letteringWidth(text, 140)).toBeCloseTo(units * 10);
});

test('the ink of a line ends where its width says', () => {
  const text = 'Hamburg 1024×768 (bottle.png)';
  const path = letteringPath(text, { x: 100, y: 50, height: 28 });
  const points = [...path.matchAll(/(-?[\d.]+) (-?[\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)] as const);
  expect(Math.min(...points.map(([x]) => x))).toBeCloseTo(100);
  expect(Math.max(...points.map(([x]) => x))).toBeCloseTo(100 + letteringWidth(text, 28), 1);
  expect(Math.min(...points.map(([, y]) => y))).toBeGreaterThanOrEqual(48);
  expect(Math.max(...points.map(([, y]) => y))).toBeLessThan(50 + 28 * 1.35);
});

test('figures are equally wide, so that numbers line up', () => {
  expect(new Set([...'0123456789'].map((figure) => letteringWidth(figure, 20))).size).toBe(1);
});

test('a stroke grows with the letters', () => {
  expect(letteringStroke(100)).toBeCloseTo(13);
});

test('text is wrapped between words and never wider than asked', () => {
  const lines = wrapLettering('The quick  brown fox\njumps over the lazy dog', 20, 200, 10);
  expect(lines.join(' ')).toBe('The quick brown fox jumps over the lazy dog');
  expect(lines.length).toBeGreaterThan(2);
  for (const line of lines) expect(letteringWidth(line, 20)).toBeLessThanOrEqual(200);
});

test('text that does not fit ends with an ellipsis', () => {
  const lines = wrapLettering('The quick brown fox jumps over the lazy dog', 20, 200, 2);
  expect(lines).toHaveLength(2);
  expect(lines[1]).toMatch(/\S…$/);
  expect(letteringWidth(lines[1] ?? '', 20)).toBeLessThanOrEqual(200);
});

test('a word wider than a line is broken', () => {
  const lines = wrapLettering('a-file-name-without-a-single-space.png', 20, 120, 20);
  expect(lines.length).toBeGreaterThan(2);
  expect(lines.join('')).toBe('a-file-name-without-a-single-space.png');
  expect(wrapLettering('漢'.repeat(500), 20, 120, 3)).toHaveLength(3);
});

test('nothing wraps to nothing', () => {
  expect(wrapLettering(' \n', 20, 200, 3)).toEqual([]);
  expect(wrapLettering('words', 20, 200, 0)).toEqual([]);
  expect(wrapLettering('words', 20, 1, 2)).toHaveLength(2);
});
