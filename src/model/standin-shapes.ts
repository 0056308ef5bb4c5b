import type { Palette, Random } from './standin-palette.ts';

/** What a scene is drawn on: its size in drawing units, the shorter side, its colours, and the numbers it is made of. */
export interface Stage {
  width: number;
  height: number;
  unit: number;
  palette: Palette;
  random: Random;
}

/** An SVG template: numbers are written with two decimals. */
export function svg(parts: TemplateStringsArray, ...values: readonly (string | number)[]): string {
  const written = values.map((value) => (typeof value === 'number' ? String(Math.round(value * 100) / 100) : value));
  return String.raw({ raw: parts }, ...written);
}

/** Numbers 0 to `count` - 1, turned into SVG. */
export function repeat(count: number, draw: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => draw(index)).join('');
}

/** How many of something fit, between two bounds. */
export function countOf(space: number, each: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, Math.round(space / each)));
}

/** A sun with its middle near `y`, kept clear of the words: below them, or right of them on a wide stage. */
export function drawSun({ width, height, unit, palette, random }: Stage, y: number, fill = palette.accent): string {
  const radius = unit * (0.11 + random() * 0.05);
  const wide = width > height * 1.2;
  const x = width * (wide ? 0.76 + random() * 0.1 : 0.6 + random() * 0.16);
  const highest = wide ? height * 0.2 : height * 0.41;
  return svg`<circle cx="${x}" cy="${Math.max(y, highest + radius)}" r="${radius}" fill="${fill}"/>`;
}

/** A rolling line: the y of every x. */
export function createRidge({ unit, random }: Stage, y: number, swing: number): (x: number) => number {
  const [long, short] = [unit * (0.9 + random() * 0.7), unit * (0.34 + random() * 0.2)];
  const [start, other] = [random() * 7, random() * 7];
  return (x) => y + Math.sin((x / long) * 6.283 + start) * swing + Math.sin((x / short) * 6.283 + other) * swing * 0.3;
}

export function fillBelow({ width, height, unit }: Stage, ridge: (x: number) => number, fill: string): string {
  const step = unit / 80;
  const line = repeat(Math.ceil(width / step) + 1, (index) => svg`L${index * step} ${ridge(index * step)}`);
  return svg`<path d="M0 ${height}${line}L${width} ${height}Z" fill="${fill}"/>`;
}

export function drawTrees({ width, unit, palette, random }: Stage, ridge: (x: number) => number, nearness: number): string {
  const start = random() * width;
  return repeat(countOf(width, unit * 0.25, 3, 18), (index) => {
    const x = (start + index * unit * (0.05 + random() * 0.14)) % width;
    const tall = unit * (0.035 + nearness * 0.05) * (0.7 + random() * 0.5);
    const foot = ridge(x) + unit * 0.01;
    const fill = palette.tone(Math.min(1, nearness + 0.25));
    return svg`<path d="M${x - tall * 0.3} ${foot}L${x} ${foot - tall}L${x + tall * 0.3} ${foot}Z" fill="${fill}"/>`;
  });
}

export function drawClouds({ width, height, unit, palette, random }: Stage): string {
  return repeat(countOf(width, unit * 0.6, 2, 7), () => {
    const [x, y, long] = [random() * width, height * (0.42 + random() * 0.08), unit * (0.1 + random() * 0.12)];
    const thick = unit * 0.022;
    return svg`<path d="M${x} ${y}h${long}M${x + long * 0.35} ${y + thick}h${long}" stroke="${palette.light}" stroke-width="${thick}" stroke-linecap="round" opacity="0.55"/>`;
  });
}
