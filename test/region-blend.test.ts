import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Pixels } from '../src/image/pixels.ts';
import type { Region } from '../src/image/planes.ts';
import { blendRegion } from '../src/image/region-blend.ts';
import { maskFromPixels } from '../src/image/region-mask.ts';
import { register } from '../src/image/register.ts';
import type { Placement } from '../src/image/register-blocks.ts';
import type { Box } from '../src/region.ts';
import { createRandom, degrade, drawCup, drawScene, type Faults, faultless, type SceneKind, sceneKinds } from './region-scenes.ts';

const untouched: Placement = { scaleX: 1, shiftX: 0, scaleY: 1, shiftY: 0 };
/** Kinds with something to see outside the region; in a smooth gradient nobody sees a shift, so none is to be found there. */
const structured = sceneKinds.filter((kind) => kind !== 'gradient');

interface Case {
  kind: SceneKind;
  input: Pixels;
  answer: Pixels;
  box: Box;
  truth: Placement;
}

/** An edit as a model gives it back: another size, moved by up to 3 % of the edge, scaled by up to 5 %, recoloured, noisy, as JPEG 90, with things redrawn. */
async function makeCase(kind: SceneKind, seed: number, edge = 400): Promise<Case> {
  const random = createRandom(seed * 77 + kind.length);
  const [width, height] = [edge, Math.round(edge * (0.65 + 0.4 * random()))];
  const at = (share: number, length: number) => Math.round(share * length);
  const box = {
    left: at(0.1 + 0.2 * random(), width),
    top: at(0.1 + 0.2 * random(), height),
    right: at(0.6 + 0.25 * random(), width),
    bottom: at(0.6 + 0.25 * random(), height),
  };
  const ratio = [1, 1.4, 1, 2][seed % 4] ?? 1;
  const size = { width: Math.round(width * ratio), height: Math.round(height * ratio) };
  const [growX, growY] = [1 + (random() - 0.5) * 0.1, 1 + (random() - 0.5) * 0.01];
  const [scaleX, scaleY] = [(size.width / width) * growX, (size.height / height) * growX * growY];
  const truth = {
    scaleX,
    scaleY,
    shiftX: (size.width - scaleX * width) / 2 + size.width * (random() - 0.5) * 0.06,
    shiftY: (size.height - scaleY * height) / 2 + size.height * (random() - 0.5) * 0.06,
  };
  const faults: Faults = {
    gain: [0.9 + 0.2 * random(), 0.9 + 0.2 * random(), 0.9 + 0.2 * random()],
    offset: [20 * random() - 10, 20 * random() - 10, 20 * random() - 10],
    saturation: 0.8 + 0.4 * random(),
    gamma: 0.85 + 0.3 * random(),
    noise: 1.5,
    quality: 90,
  };
  const scene = { kind, seed, width, height };
  const redrawn = `<circle cx="${width * 0.05}" cy="${height * 0.92}" r="${width * 0.025}" fill="#fff"/>`;
  const additions = drawCup(box) + (seed % 2 === 0 ? redrawn : '');
  const input = await drawScene(scene, { width, height, placement: untouched });
  const answer = await degrade(await drawScene({ ...scene, additions }, { ...size, placement: truth }), faults, seed);
  return { kind, input, answer, box, truth };
}

/** The furthest any point of the reference is put from where it is, in its own pixels. */
function errorOf(found: Placement, truth: Placement, { width, height }: Pixels): number {
  const atX = [0, width].map((x) => Math.abs((found.scaleX - truth.scaleX) * x + found.shiftX - truth.shiftX) / truth.scaleX);
  const atY = [0, height].map((y) => Math.abs((found.scaleY - truth.scaleY) * y + found.shiftY - truth.shiftY) / truth.scaleY);
  return Math.max(...atX, ...atY);
}

const copy = (picture: Pixels): Pixels => ({ ...picture, data: picture.data.slice() });

/** Pixels outside the region that are not, byte for byte, what they were. */
function countDifferences(before: Pixels, after: Pixels, region: Region): number {
  let differing = 0;
  for (let pixel = 0; pixel < before.width * before.height; pixel++) {
    const [x, y] = [pixel % before.width, Math.floor(pixel / before.width)];
    const inside =
      'box' in region
        ? x >= region.box.left && x < region.box.right && y >= region.box.top && y < region.box.bottom
        : region.mask[pixel] !== 0;
    if (inside) continue;
    const [from, to] = [pixel * before.channels, (pixel + 1) * before.channels];
    if (!before.data.subarray(from, to).every((value, index) => value === after.data[from + index])) differing++;
  }
  return differing;
}

function brightness({ data, width, channels }: Pixels, x: number, y: number): number {
  const i = (y * width + x) * channels;
  return 0.299 * (data[i] ?? 0) + 0.587 * (data[i + 1] ?? 0) + 0.114 * (data[i + 2] ?? 0);
}

/**
 * Steps of brightness along the seam, in grey levels, smallest first. The scene goes on unchanged just inside the region (the cup is further in), so
 * whatever differs from the input there, averaged over 16 pixels along the edge and pixels 4 to 12 in from it, is what an eye would see as an edge.
 */
function seamSteps(before: Pixels, after: Pixels, { left, top, right, bottom }: Box): number[] {
  const steps: number[] = [];
  const sides = [
    (along: number, deep: number) => [left + along, top + deep],
    (along: number, deep: number) => [left + along, bottom - 1 - deep],
    (along: number, deep: number) => [left + deep, top + along],
    (along: number, deep: number) => [right - 1 - deep, top + along],
  ];
  for (const [side, locate] of sides.entries()) {
    const length = side < 2 ? right - left : bottom - top;
    for (let start = 8; start + 24 < length; start += 16) {
      let sum = 0;
      for (let sample = 0; sample < 128; sample++) {
        const [x = 0, y = 0] = locate(start + (sample >> 3), 4 + (sample & 7));
        sum += brightness(after, x, y) - brightness(before, x, y);
      }
      steps.push(Math.abs(sum / 128));
    }
  }
  return steps.sort((a, b) => a - b);
}

const quantile = (sorted: readonly number[], share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

function flat(red: number, green: number, blue: number, width: number, height: number): Pixels {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) data[i] = [red, green, blue][i % 3] ?? 0;
  return { data, width, height, channels: 3 };
}

function blended(input: Pixels, answer: Pixels, region: Region) {
  const result = blendRegion(input, answer, region);
  if ('unaligned' in result) throw new Error(result.unaligned);
  return result;
}

describe('registration', () => {
  const cases: Case[] = [];
  beforeAll(async () => {
    for (const kind of structured) {
      for (let seed = 1; seed <= 12; seed++) cases.push(await makeCase(kind, seed, kind === 'photo' ? 240 : 400));
    }
  }, 240_000);

  test('finds every point of 60 moved, scaled, recoloured and compressed pictures to half a pixel', () => {
    const rows = structured.map((kind) => {
      const errors = cases
        .filter((one) => one.kind === kind)
        .map(({ input, answer, box, truth }) => {
          const found = register(input, answer, { box });
          return found === undefined ? Number.POSITIVE_INFINITY : errorOf(found, truth, input);
        });
      return {
        kind,
        worst: Math.max(...errors),
        median: quantile(
          errors.toSorted((a, b) => a - b),
          0.5,
        ),
      };
    });
    for (const { kind, worst, median } of rows)
      process.stdout.write(`registration of ${kind}: median ${median.toFixed(3)} px, worst ${worst.toFixed(3)} px\n`);
    expect(Math.max(...rows.map(({ worst }) => worst))).toBeLessThan(0.5);
  });

  test('takes none of 108 other pictures for the same, most of the same kind, or mirrored', () => {
    const taken: string[] = [];
    for (const [index, { kind, input, answer, box }] of cases.entries()) {
      // Dots are the same dots in every picture of them, so theirs is a picture of another kind.
      const sameKind = Math.floor(index / 12) * 12 + ((index + 1) % 12);
      const stranger = cases[kind === 'pattern' ? index + 12 : sameKind]?.answer ?? answer;
      const upsideDown = { ...answer, data: answer.data.slice() };
      const rows = Array.from({ length: answer.height }, (_, y) => answer.data.subarray(y * answer.width * 3, (y + 1) * answer.width * 3));
      for (const [y, row] of rows.toReversed().entries()) upsideDown.data.set(row, y * answer.width * 3);
      const others = kind === 'pattern' ? [stranger] : [stranger, upsideDown];
      for (const other of others) if (register(input, other, { box }) !== undefined) taken.push(`${kind} ${index}`);
    }
    expect(taken).toEqual([]);
  });

  test.for([0, 0.25, 0.5, 1.75, -3.5, 7.3])('a shift by %s px is recovered to a twentieth of a pixel on a clean picture', async (shift) => {
    const scene = { kind: 'board', seed: 3, width: 300, height: 240 } as const;
    const placement = { scaleX: 1, shiftX: shift, scaleY: 1, shiftY: -shift / 2 };
    const [input, answer] = await Promise.all([
      drawScene(scene, { width: 300, height: 240, placement: untouched }),
      drawScene(scene, { width: 300, height: 240, placement }),
    ]);
    const found = register(input, answer);
    expect(found).toBeDefined();
    expect(errorOf(found ?? untouched, placement, input)).toBeLessThan(0.05);
  });

  test('finds the picture in an answer of other proportions that shows more around it, or less', async () => {
    const scene = { kind: 'board', seed: 4, width: 400, height: 300 } as const;
    const input = await drawScene(scene, { width: 400, height: 300, placement: untouched });
    for (const view of [
      { width: 480, height: 300, placement: { scaleX: 1, shiftX: 40, scaleY: 1, shiftY: 0 } },
      { width: 640, height: 400, placement: { scaleX: 1.6, shiftX: 0, scaleY: 1.6, shiftY: -40 } },
    ]) {
      const found = register(input, await drawScene(scene, view));
      expect(errorOf(found ?? untouched, view.placement, input)).toBeLessThan(0.2);
    }
  });

  test('a picture of 4096×4096 is registered to half a pixel in well under a second', async () => {
    const [width, height] = [4096, 4096];
    const scene = { kind: 'board', seed: 5, width, height } as const;
    const truth = { scaleX: 1.02, shiftX: -17.3, scaleY: 1.013, shiftY: 9.7 };
    const box = { left: 1200, top: 1200, right: 2500, bottom: 2900 };
    const input = await drawScene(scene, { width, height, placement: untouched });
    const answer = await drawScene(scene, { width, height, placement: truth });
    register(input, answer, { box });
    const start = process.cpuUsage();
    const found = register(input, answer, { box });
    const milliseconds = process.cpuUsage(start).user / 1000;
    process.stdout.write(`registration of 4096×4096: ${milliseconds.toFixed(0)} ms of processor time\n`);
    expect(errorOf(found ?? untouched, truth, input)).toBeLessThan(0.5);
    expect(milliseconds).toBeLessThan(1500);
  }, 60_000);
});

describe('a region edit', () => {
  test.for(sceneKinds)('of a %s changes no pixel outside, and shows no seam inside', async (kind) => {
    const all: number[] = [];
    for (const seed of [2, 4, 6]) {
      const { input, answer, box } = await makeCase(kind, seed);
      const before = copy(input);
      const { pixels, facts } = blended(input, answer, { box });
      const png = await sharp(pixels.data, { raw: { width: pixels.width, height: pixels.height, channels: 3 } })
        .png()
        .toBuffer();
      const read = await sharp(png).raw().toBuffer({ resolveWithObject: true });
      expect(read.info).toMatchObject({ width: before.width, height: before.height, channels: 3 });
      expect(countDifferences(before, { ...before, data: read.data }, { box })).toBe(0);
      all.push(...seamSteps(before, pixels, box));
      const share = ((box.right - box.left) * (box.bottom - box.top)) / (before.width * before.height);
      expect(facts.taken).toBeGreaterThan(0.9 * share);
      expect(facts.taken).toBeLessThan(share);
      expect(facts.changed).toBeGreaterThan(0.15);
    }
    all.sort((a, b) => a - b);
    process.stdout.write(
      `seam in ${kind}: median ${quantile(all, 0.5).toFixed(2)}, 95 % below ${quantile(all, 0.95).toFixed(2)} grey levels\n`,
    );
    expect(quantile(all, 0.5)).toBeLessThan(1.5);
    expect(quantile(all, 0.95)).toBeLessThan(4);
  });

  test('brings what was asked to the place it was asked for', async () => {
    const scene = { kind: 'illustration', seed: 9, width: 400, height: 300 } as const;
    const box = { left: 80, top: 60, right: 240, bottom: 220 };
    const truth = { scaleX: 1.53, shiftX: 7.7, scaleY: 1.53, shiftY: -9.1 };
    const [input, wanted, answer] = await Promise.all([
      drawScene(scene, { width: 400, height: 300, placement: untouched }),
      drawScene({ ...scene, additions: drawCup(box) }, { width: 400, height: 300, placement: untouched }),
      drawScene({ ...scene, additions: drawCup(box) }, { width: 600, height: 450, placement: truth }),
    ]);
    const { pixels, facts } = blended(input, await degrade(answer, { ...faultless, gain: [1.08, 0.95, 1], offset: [4, -5, 6] }, 1), {
      box,
    });
    let sum = 0;
    for (const [index, value] of wanted.data.entries()) sum += Math.abs(value - (pixels.data[index] ?? 0));
    expect(sum / wanted.data.length).toBeLessThan(0.5);
    expect(facts.scale).toBeCloseTo(1.02, 2);
    expect(facts.shift).toBeGreaterThan(10);
    expect(facts.shift).toBeLessThan(20);
    expect(facts.recoloured).toBeGreaterThan(2);
    expect(facts.placedBy).toBe('surroundings');
  });

  test('by mask keeps every pixel that is black in it, its soft values, and alpha with the colours below it', async () => {
    const { input, answer, box } = await makeCase('board', 2);
    const { width, height } = input;
    const data = new Uint8Array(width * height * 4);
    for (let pixel = 0; pixel < width * height; pixel++) {
      data.set(input.data.subarray(pixel * 3, pixel * 3 + 3), pixel * 4);
      data[pixel * 4 + 3] = pixel % width < 20 ? 0 : 255;
    }
    const transparent: Pixels = { data, width, height, channels: 4 };
    const drawn = Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%"/>` +
        `<ellipse cx="${(box.left + box.right) / 2}" cy="${(box.top + box.bottom) / 2}" rx="90" ry="60" fill="#fff"/><rect x="0" y="40" width="60" height="30" fill="#808080"/></svg>`,
    );
    const raw = await sharp(drawn).removeAlpha().raw().toBuffer();
    const { mask, share } = maskFromPixels({ data: raw, width, height, channels: 3 }, transparent);
    expect(share).toBeGreaterThan(0.1);
    const before = copy(transparent);
    const { pixels, facts } = blended(transparent, answer, { mask });
    expect(countDifferences(before, pixels, { mask })).toBe(0);
    const alphas = (picture: Pixels) => picture.data.filter((_, index) => index % 4 === 3);
    expect(alphas(pixels)).toEqual(alphas(before));
    expect(facts.taken).toBeGreaterThan(0.8 * share);
    expect(facts.taken).toBeLessThanOrEqual(share);
  });

  test('has its soft edge inside the region, and none at the picture’s own border', () => {
    const input = flat(100, 100, 100, 200, 200);
    const answer = flat(100, 100, 100, 200, 200);
    for (let y = 0; y < 100; y++) answer.data.fill(220, y * 600, y * 600 + 300);
    const { pixels } = blended(input, answer, { box: { left: 0, top: 0, right: 100, bottom: 100 } });
    const at = (x: number, y: number) => pixels.data[(y * 200 + x) * 3];
    expect([at(0, 0), at(50, 0), at(0, 50), at(50, 50)]).toEqual([220, 220, 220, 220]);
    expect([at(100, 50), at(50, 100)]).toEqual([100, 100]);
    expect(at(99, 50)).toBeGreaterThan(100);
    expect(at(99, 50)).toBeLessThan(160);
  });

  test('of flat surroundings is placed by the sizes when the colours agree, and not at all when they do not', () => {
    const box = { left: 100, top: 50, right: 200, bottom: 150 };
    const same = blendRegion(flat(250, 250, 250, 300, 200), flat(240, 250, 250, 600, 400), { box });
    expect(same).toMatchObject({ facts: { shift: 0, scale: 1, placedBy: 'size' } });
    const other = blendRegion(flat(250, 250, 250, 300, 200), flat(30, 50, 150, 600, 400), { box });
    expect(other).toEqual({ unaligned: expect.stringMatching(/colours/) });
  });

  test('whose answer is another picture is not put in, says so, and leaves the input as it was', async () => {
    const [{ input, box }, { answer: stranger }] = [await makeCase('board', 3), await makeCase('board', 4)];
    const before = copy(input);
    expect(blendRegion(input, stranger, { box })).toEqual({ unaligned: expect.stringMatching(/does not show the same picture/) });
    expect(input.data).toEqual(before.data);
    expect(blendRegion(input, stranger, { mask: new Uint8Array(input.width * input.height) })).toEqual({
      unaligned: expect.stringMatching(/no pixel/),
    });
  });

  test('of any size down to a pixel gives a picture or a sentence', () => {
    for (const edge of [1, 2, 3, 5, 9, 17, 40]) {
      const input = flat(200, 180, 160, edge, edge);
      const result = blendRegion(input, flat(190, 180, 160, 1024, 1024), {
        box: { left: 0, top: 0, right: Math.ceil(edge / 2), bottom: Math.ceil(edge / 2) },
      });
      expect('unaligned' in result || result.pixels.width === edge).toBe(true);
    }
  });
});

describe('a mask picture', () => {
  test('of another size is brought to the input’s; nearly black and nearly white are settled, transparent is black', async () => {
    const quarter = Buffer.from(
      '<svg xmlns="http://www.w3.org/2000/svg" width="50" height="40"><rect width="50" height="40" fill="#020202"/><rect width="25" height="20" fill="#fdfdfd"/></svg>',
    );
    const opaque = await sharp(quarter).removeAlpha().raw().toBuffer();
    const { mask, share } = maskFromPixels({ data: opaque, width: 50, height: 40, channels: 3 }, { width: 200, height: 160 });
    expect([mask[0], mask[99], mask[150], mask[200 * 159]]).toEqual([255, expect.any(Number), 0, 0]);
    expect(share).toBeCloseTo(0.25, 1);
    const clear = new Uint8Array(50 * 40 * 4).fill(255).map((value, index) => (index % 4 === 3 ? 0 : value));
    expect(maskFromPixels({ data: clear, width: 50, height: 40, channels: 4 }, { width: 100, height: 80 }).share).toBe(0);
    const white = maskFromPixels({ data: new Uint8Array(48).fill(255), width: 4, height: 4, channels: 3 }, { width: 9, height: 9 });
    expect(white.share).toBe(1);
  });
});
