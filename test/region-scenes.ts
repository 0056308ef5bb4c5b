import sharp from 'sharp';
import type { Pixels } from '../src/image/pixels.ts';
import type { Placement } from '../src/image/register-blocks.ts';
import { letteringPath } from '../src/lettering.ts';
import type { Box } from '../src/region.ts';

/** Kinds of pictures that are hard in different ways: fine texture, few edges, thin strokes, hardly an edge at all, the same again and again. */
export const sceneKinds = ['photo', 'illustration', 'text', 'gradient', 'pattern', 'board'] as const;
export type SceneKind = (typeof sceneKinds)[number];

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed * 2654435761;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export interface View {
  width: number;
  height: number;
  /** Where a point of the scene (0 to `sceneWidth`, 0 to `sceneHeight`) is in the picture. */
  placement: Placement;
}

export interface Scene {
  kind: SceneKind;
  seed: number;
  /** The scene in its own units, which are the pixels of the picture that is edited. */
  width: number;
  height: number;
  /** What the model puts there, in the scene's units. */
  additions?: string;
}

/** A scene as seen through a placement: drawn anew from its description, never resampled, so that where things are is known exactly. */
export async function drawScene(scene: Scene, view: View): Promise<Pixels> {
  const { scaleX, shiftX, scaleY, shiftY } = view.placement;
  const svg = (body: string) =>
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="${view.width}" height="${view.height}"><g transform="matrix(${scaleX} 0 0 ${scaleY} ${shiftX} ${shiftY})">${body}</g></svg>`,
    );
  const additions = scene.additions === undefined ? [] : [{ input: svg(scene.additions) }];
  const base =
    scene.kind === 'photo'
      ? sharp(drawTexture(scene, view), { raw: { width: view.width, height: view.height, channels: 3 } })
      : sharp(svg(drawingOf(scene)));
  const { data } = await base.composite(additions).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { data: new Uint8Array(data.buffer, data.byteOffset, data.length), width: view.width, height: view.height, channels: 3 };
}

/** Clouds, ground and discs with shading: value noise over six octaves, evaluated at continuous coordinates with four samples a pixel. */
function drawTexture({ seed, width, height }: Scene, view: View): Uint8Array {
  const { scaleX, shiftX, scaleY, shiftY } = view.placement;
  const random = createRandom(seed);
  const lattice = Float32Array.from({ length: 65536 }, random);
  const discs = Array.from({ length: 9 }, () => ({
    x: random() * width,
    y: random() * height,
    r: (0.03 + 0.1 * random()) * width,
    tint: [random() * 200, random() * 200, random() * 200],
  }));
  const noise = (x: number, y: number, salt: number): number => {
    const [i, j] = [Math.floor(x), Math.floor(y)];
    const [u, v] = [x - i, y - j];
    const [a, b] = [u * u * (3 - 2 * u), v * v * (3 - 2 * v)];
    const at = (p: number, q: number) => lattice[((p * 73 + q * 1031 + salt * 7919) >>> 0) & 65535] ?? 0;
    return (at(i, j) * (1 - a) + at(i + 1, j) * a) * (1 - b) + (at(i, j + 1) * (1 - a) + at(i + 1, j + 1) * a) * b;
  };
  const out = new Uint8Array(view.width * view.height * 3);
  for (let y = 0, o = 0; y < view.height; y++) {
    for (let x = 0; x < view.width; x++, o += 3) {
      let [red, green, blue] = [0, 0, 0];
      for (let sample = 0; sample < 4; sample++) {
        const [dx, dy] = [sample % 2 === 0 ? 0.25 : 0.75, sample < 2 ? 0.25 : 0.75];
        const [sx, sy] = [(x + dx - shiftX) / scaleX, (y + dy - shiftY) / scaleY];
        let value = 0;
        for (let octave = 0, size = width / 4, weight = 0.5; octave < 6; octave++, size /= 2, weight *= 0.6)
          value += weight * noise(sx / size + 100, sy / size + 100, octave);
        const height01 = sy / height;
        const disc = discs.findLast((one) => (sx - one.x) ** 2 + (sy - one.y) ** 2 < one.r ** 2);
        if (disc) {
          const shade = 1 - (0.6 * ((sx - disc.x) ** 2 + (sy - disc.y) ** 2)) / disc.r ** 2;
          const [tintRed = 0, tintGreen = 0, tintBlue = 0] = disc.tint;
          red += tintRed * shade + 50 * value;
          green += tintGreen * shade + 50 * value;
          blue += tintBlue * shade + 50 * value;
        } else {
          red += 60 + 120 * value;
          green += 50 + 140 * value * (1 - 0.5 * height01);
          blue += 90 + 110 * value * (1 - height01);
        }
      }
      out[o] = Math.min(255, red / 4);
      out[o + 1] = Math.min(255, green / 4);
      out[o + 2] = Math.min(255, blue / 4);
    }
  }
  return out;
}

/** The other kinds as SVG in the scene's units; the ground reaches far beyond the scene, so that a shifted view shows no edge. */
function drawingOf({ kind, seed, width, height }: Scene): string {
  const random = createRandom(seed * 31 + 7);
  const hue = Math.floor(random() * 360);
  const colour = (turn: number, light = 55) => `hsl(${(hue + turn) % 360} 60% ${light}%)`;
  const at = () => [random() * width, random() * height] as const;
  const ground = (fill: string) => `<path fill="${fill}" d="M${-width} ${-height}h${3 * width}v${3 * height}h${-3 * width}z"/>`;
  switch (kind) {
    case 'illustration': {
      const shapes = Array.from({ length: 7 }, (_, index) => {
        const [[x, y], r] = [at(), (0.05 + 0.12 * random()) * width];
        return index % 2 === 0
          ? `<circle cx="${x}" cy="${y}" r="${r}" fill="${colour(40 * index, 30 + 40 * random())}"/>`
          : `<path d="M${x} ${y}l${r} ${r * 1.4}l${-1.8 * r} ${r * 0.2}z" fill="${colour(50 * index, 30 + 40 * random())}" stroke="#222" stroke-width="${width / 200}"/>`;
      });
      return ground(colour(0, 80)) + shapes.join('');
    }
    case 'text': {
      const words = 'THE QUICK BROWN FOX JUMPS OVER LAZY DOGS WHILE 37 OWLS LOOK ON'.split(' ');
      const lines = Array.from({ length: 9 }, (_, index) => {
        const line = Array.from({ length: 4 }, () => words[Math.floor(random() * words.length)]).join(' ');
        return letteringPath(line, { x: width * 0.06, y: height * (0.06 + 0.1 * index), height: height * 0.05 });
      });
      return `${ground('#fbf8f0')}<path d="${lines.join('')}" fill="none" stroke="#222" stroke-width="${height * 0.008}" stroke-linecap="round"/>`;
    }
    case 'gradient': {
      const blobs = Array.from({ length: 4 }, (_, index) => {
        const [x, y] = at();
        return (
          `<radialGradient id="b${index}" gradientUnits="userSpaceOnUse" cx="${x}" cy="${y}" r="${(0.2 + 0.3 * random()) * width}">` +
          `<stop offset="0" stop-color="${colour(90 * index, 35 + 40 * random())}"/><stop offset="1" stop-color="${colour(90 * index)}" stop-opacity="0"/></radialGradient>`
        );
      });
      return `<defs>${blobs.join('')}</defs>${ground(colour(0, 70))}${blobs.map((_, index) => ground(`url(#b${index})`)).join('')}`;
    }
    case 'pattern': {
      const cell = width / ([12, 15.5, 20, 26, 34][seed % 5] ?? 12);
      const dot = `<pattern id="p" width="${cell}" height="${cell}" patternUnits="userSpaceOnUse"><path fill="${colour(0, 75)}" d="M0 0h${cell}v${cell}h${-cell}z"/><circle cx="${cell / 2}" cy="${cell / 2}" r="${cell / 3}" fill="${colour(180, 40)}"/></pattern>`;
      const marks = Array.from({ length: 4 }, (_, index) => {
        const [x, y] = at();
        return `<path d="M${x} ${y}h${cell * 1.7}v${cell * 2.3}h${-cell * 1.7}z" fill="${colour(70 * index, 35)}"/>`;
      });
      return `<defs>${dot}</defs>${ground('url(#p)')}${marks.join('')}`;
    }
    default: {
      const parts = Array.from({ length: 60 }, () => {
        const [[x, y], w, h] = [at(), (0.01 + 0.07 * random()) * width, (0.01 + 0.07 * random()) * width];
        return `<path d="M${x} ${y}h${w}v${h}h${-w}z" fill="${colour(360 * random(), 20 + 60 * random())}"/><path d="M${x} ${y}l${2 * w} ${h}" stroke="#ddd" stroke-width="${width / 300}"/>`;
      });
      return ground(colour(0, 35)) + parts.join('');
    }
  }
}

export interface Faults {
  /** Per channel. */
  gain: readonly [number, number, number];
  offset: readonly [number, number, number];
  saturation: number;
  gamma: number;
  /** Standard deviation of the noise, grey levels. */
  noise: number;
  /** JPEG quality; 0: not compressed. */
  quality: number;
}

export const faultless: Faults = { gain: [1, 1, 1], offset: [0, 0, 0], saturation: 1, gamma: 1, noise: 0, quality: 0 };

/** What a model and a JPEG do to a picture's pixels. */
export async function degrade(picture: Pixels, faults: Faults, seed: number): Promise<Pixels> {
  const random = createRandom(seed + 991);
  const out = new Uint8Array(picture.data.length);
  for (let i = 0; i < out.length; i += 3) {
    const [r, g, b] = [picture.data[i] ?? 0, picture.data[i + 1] ?? 0, picture.data[i + 2] ?? 0];
    const grey = 0.299 * r + 0.587 * g + 0.114 * b;
    for (let channel = 0; channel < 3; channel++) {
      const value = picture.data[i + channel] ?? 0;
      const saturated = grey + (value - grey) * faults.saturation;
      const toned = 255 * (Math.min(255, Math.max(0, saturated)) / 255) ** faults.gamma;
      const noise = faults.noise === 0 ? 0 : (random() + random() + random() - 1.5) * 2 * faults.noise;
      out[i + channel] = Math.min(255, Math.max(0, toned * (faults.gain[channel] ?? 1) + (faults.offset[channel] ?? 0) + noise + 0.5));
    }
  }
  const { width, height } = picture;
  if (faults.quality === 0) return { data: out, width, height, channels: 3 };
  const bytes = await sharp(out, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: faults.quality })
    .toBuffer();
  const data = await sharp(bytes).raw().toBuffer();
  return { data: new Uint8Array(data.buffer, data.byteOffset, data.length), width, height, channels: 3 };
}

/** A red cup on a saucer filling a box, as the edit that was asked for. */
export function drawCup({ left, top, right, bottom }: Box): string {
  const [w, h] = [right - left, bottom - top];
  return (
    `<ellipse cx="${left + w / 2}" cy="${top + h * 0.7}" rx="${w * 0.32}" ry="${h * 0.08}" fill="#eee"/>` +
    `<path d="M${left + w * 0.3} ${top + h * 0.25}h${w * 0.4}l${-w * 0.08} ${h * 0.45}h${-w * 0.24}z" fill="#c3202b"/>`
  );
}
