import type { Size } from '../media.ts';

/** Rows of pixels that one row of sixels holds. */
const bandHeight = 6;

/**
 * Pixels (red, green, blue) as sixels, as DEC's VT330/VT340 manual has them (https://vt100.net/docs/vt3xx-gp/chapter14.html). They may have at most 256 colours, a register
 * each, in percent.
 */
export function toSixel(pixels: Uint8Array, { width, height }: Size): string {
  const registers = new Map<string, number>();
  const bands: string[] = [];
  for (let top = 0; top < height; top += bandHeight) bands.push(toBand(pixels, width, top, Math.min(height, top + bandHeight), registers));
  const colours = [...registers].map(([colour, register]) => `#${register};2;${colour}`);
  // Square pixels, and the size beforehand, so that a terminal can make room at once.
  return `\x1bP0;1q"1;1;${width};${height}${colours.join('')}${bands.join('-')}\x1b\\`;
}

/** A line for each colour in the band, one over the other. */
function toBand(pixels: Uint8Array, width: number, top: number, bottom: number, registers: Map<string, number>): string {
  const lines = new Map<number, Uint8Array>();
  for (let y = top; y < bottom; y++) {
    for (let x = 0; x < width; x++) {
      const at = 3 * (y * width + x);
      const colour = [0, 1, 2].map((part) => Math.round(((pixels[at + part] ?? 0) / 255) * 100)).join(';');
      const register = registers.get(colour) ?? registers.size;
      registers.set(colour, register);
      const line = lines.get(register) ?? new Uint8Array(width);
      lines.set(register, line);
      line[x] = (line[x] ?? 0) | (1 << (y - top));
    }
  }
  return [...lines].map(([register, line]) => `#${register}${toSixels(line)}`).join('$');
}

/** Six pixels a character, `?` being none of them; `!9~` is nine times the same. */
function toSixels(line: Uint8Array): string {
  const parts: string[] = [];
  for (let start = 0; start < line.length; ) {
    let end = start + 1;
    while (end < line.length && line[end] === line[start]) end += 1;
    const [sixel, count] = [String.fromCharCode(63 + (line[start] ?? 0)), end - start];
    parts.push(count > 3 ? `!${count}${sixel}` : sixel.repeat(count));
    start = end;
  }
  return parts.join('');
}
