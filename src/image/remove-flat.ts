import { type Matte, type MatteFacts, measureMatte } from './matte.ts';
import { floodFromBorder } from './matte-flood.ts';
import type { Pixels, Rgb } from './pixels.ts';

/** How far a pixel of the background may be from its colour in any channel: what the border strays and a half more, between these. */
const tolerance = { least: 3, most: 20 } as const;
/** Anti-aliased and compressed edges are this many pixels wide; the subject's own colour is looked for a little further. */
const edgeWidth = 2;
const colourReach = 3;
/** How far off the line from the background to a subject's colour a mixture of the two may lie: rounding and compression. */
const offLine = 12;
/** An edge that is nowhere clearly of another colour than the background is that of a shadow, a glow or a pale subject; so much of one is too much. */
const faintness = 40;
const mostlyFaint = 0.3;
const mostlyFringe = 0.2;
/** Part of the picture from which enclosed areas of the background's colour are worth a word. */
const worthTelling = 0.001;

/**
 * Cuts a subject off one flat colour, white, grey and black included: what is connected to the picture's edge goes, and the background is taken out of the
 * anti-aliased edge. Areas of the same colour that the subject encloses cannot be told from white eyes, so they are kept unless `enclosed` says `remove`
 * (right for lettering). Alpha the picture already has is kept. The result is written into `pixels` when that has four channels, and is a new
 * picture otherwise. For saturated colours `unmixKey` is better. A soft shadow on the background stays where it is darker than the border's noise.
 */
export function removeFlat(pixels: Pixels, background: Rgb, enclosed: 'keep' | 'remove' = 'keep'): Matte {
  const { width, height } = pixels;
  const near = tell(pixels, background, borderStray(pixels, background));
  const gone = enclosed === 'remove' ? near : floodFromBorder(near, width, height);
  const { edits, faint } = unmixEdges(pixels, background, gone);
  const result = clear(pixels, gone);
  for (const { pixel, red, green, blue, alpha } of edits) {
    result.data.set([red, green, blue, Math.round(alpha * (result.data[4 * pixel + 3] ?? 0))], 4 * pixel);
  }
  const left = countLeft(near, gone) / Math.max(1, width * height);
  return { pixels: result, facts: withWarning({ ...measureMatte(result, background), disagreement: 0 }, left, faint) };
}

/** 1 for every pixel of about the background's colour. */
function tell({ data, width, height, channels }: Pixels, [red, green, blue]: Rgb, within: number): Uint8Array {
  const near = new Uint8Array(width * height);
  for (let pixel = 0, from = 0; pixel < near.length; pixel++, from += channels) {
    const same =
      Math.abs((data[from] ?? 0) - red) <= within &&
      Math.abs((data[from + 1] ?? 0) - green) <= within &&
      Math.abs((data[from + 2] ?? 0) - blue) <= within;
    if (same || (channels === 4 && data[from + 3] === 0)) near[pixel] = 1;
  }
  return near;
}

/** What the border strays from the background, the most deviant hundredth and whatever is clearly something else left out; and a half more. */
function borderStray({ data, width, height, channels }: Pixels, background: Rgb): number {
  const strays: number[] = [];
  const look = (pixel: number) => {
    const stray = Math.max(...background.map((value, channel) => Math.abs((data[channels * pixel + channel] ?? 0) - value)));
    if (stray <= tolerance.most) strays.push(stray);
  };
  for (let x = 0; x < width; x++) for (const y of [0, height - 1]) look(y * width + x);
  for (let y = 0; y < height; y++) for (const x of [0, width - 1]) look(y * width + x);
  strays.sort((a, b) => a - b);
  return Math.min(tolerance.most, Math.max(tolerance.least, 1.5 * (strays[Math.floor(0.99 * strays.length)] ?? 0)));
}

interface Edit {
  pixel: number;
  red: number;
  green: number;
  blue: number;
  alpha: number;
}

/** The pixels beside what goes that are a mixture of it and of the subject, with the subject's part of each. */
function unmixEdges(pixels: Pixels, background: Rgb, gone: Uint8Array): { edits: Edit[]; faint: number } {
  const { data, width, height, channels } = pixels;
  const edits: Edit[] = [];
  let edge = 0;
  let faint = 0;
  forEachBeside(gone, width, height, (x, y) => {
    const pixel = y * width + x;
    const alpha = subjectPart(pixels, background, gone, x, y);
    edge++;
    if (background.every((value, channel) => Math.abs((data[channels * pixel + channel] ?? 0) - value) < faintness)) faint++;
    if (alpha > 0.98) return;
    const unmix = (channel: number, ground: number) => clamp(((data[channels * pixel + channel] ?? 0) - (1 - alpha) * ground) / alpha);
    edits.push({ pixel, alpha, red: unmix(0, background[0]), green: unmix(1, background[1]), blue: unmix(2, background[2]) });
  });
  return { edits, faint: faint / Math.max(1, edge) };
}

/** Visits the pixels that stay and have one that goes in the square around them, by how many of the rows around each column has going. */
function forEachBeside(gone: Uint8Array, width: number, height: number, visit: (x: number, y: number) => void): void {
  const counts = new Uint8Array(width);
  for (let y = 0; y < Math.min(edgeWidth, height); y++) countRow(gone, y * width, 1, counts);
  for (let y = 0; y < height; y++) {
    if (y + edgeWidth < height) countRow(gone, (y + edgeWidth) * width, 1, counts);
    if (y > edgeWidth) countRow(gone, (y - edgeWidth - 1) * width, -1, counts);
    for (const x of besideInRow(gone, y * width, counts)) visit(x, y);
  }
}

function countRow(gone: Uint8Array, start: number, by: 1 | -1, counts: Uint8Array): void {
  for (let x = 0; x < counts.length; x++) counts[x] = (counts[x] ?? 0) + by * (gone[start + x] ?? 0);
}

/** The columns of a row that stay and have a column that counts within reach. */
function besideInRow(gone: Uint8Array, start: number, counts: Uint8Array): number[] {
  const found: number[] = [];
  const width = counts.length;
  let last = -edgeWidth - 1;
  for (let x = 0; x < Math.min(edgeWidth, width); x++) if (counts[x] !== 0) last = x;
  for (let x = 0; x < width; x++) {
    if (x + edgeWidth < width && counts[x + edgeWidth] !== 0) last = x + edgeWidth;
    if (x - last <= edgeWidth && gone[start + x] === 0) found.push(x);
  }
  return found;
}

/**
 * How much of a pixel is subject, 0 to 1. Of the colours around it that it can be a mixture of with the background (they lie on one line), the one
 * furthest from the background is the subject's.
 */
function subjectPart({ data, width, height, channels }: Pixels, [red, green, blue]: Rgb, gone: Uint8Array, x: number, y: number): number {
  const own = channels * (y * width + x);
  const r = (data[own] ?? 0) - red;
  const g = (data[own + 1] ?? 0) - green;
  const b = (data[own + 2] ?? 0) - blue;
  const length = r * r + g * g + b * b;
  let furthest = length;
  let part = 1;
  for (let row = Math.max(0, y - colourReach); row <= Math.min(height - 1, y + colourReach); row++) {
    for (let column = Math.max(0, x - colourReach); column <= Math.min(width - 1, x + colourReach); column++) {
      if (gone[row * width + column] === 1) continue;
      const at = channels * (row * width + column);
      const R = (data[at] ?? 0) - red;
      const G = (data[at + 1] ?? 0) - green;
      const B = (data[at + 2] ?? 0) - blue;
      const whole = R * R + G * G + B * B;
      const along = (r * R + g * G + b * B) / Math.max(1, whole);
      if (whole <= furthest || along <= 0 || length - along * along * whole > offLine * offLine) continue;
      furthest = whole;
      part = along;
    }
  }
  return Math.min(1, part);
}

/** Four channels, of which what goes has none left. */
function clear({ data, width, height, channels }: Pixels, gone: Uint8Array): Pixels {
  const into = channels === 4 ? data : new Uint8Array(4 * width * height);
  for (let pixel = 0, from = 0, to = 0; pixel < gone.length; pixel++, from += channels, to += 4) {
    const stays = gone[pixel] === 0;
    into[to] = stays ? (data[from] ?? 0) : 0;
    into[to + 1] = stays ? (data[from + 1] ?? 0) : 0;
    into[to + 2] = stays ? (data[from + 2] ?? 0) : 0;
    if (!stays) into[to + 3] = 0;
    else if (channels === 3) into[to + 3] = 255;
  }
  return { data: into, width, height, channels: 4 };
}

function countLeft(near: Uint8Array, gone: Uint8Array): number {
  let sum = 0;
  for (let pixel = 0; pixel < near.length; pixel++) sum += (near[pixel] ?? 0) - (gone[pixel] ?? 0);
  return sum;
}

function clamp(value: number): number {
  return Math.min(255, Math.max(0, Math.round(value)));
}

function withWarning(facts: MatteFacts, left: number, faint: number): MatteFacts {
  if (facts.coverage < 0.002) return { ...facts, warning: 'Almost nothing is left: the subject has the colour of the background.' };
  if (facts.fringe > mostlyFringe || faint > mostlyFaint) {
    return {
      ...facts,
      warning: 'The edge still shows the background: soft shadows, glows and pale subjects do not come off a flat colour cleanly.',
    };
  }
  if (left < worthTelling) return facts;
  return {
    ...facts,
    warning: `Areas of the background's colour that the subject encloses, ${(100 * left).toFixed(1)} % of the picture, were kept.`,
  };
}
