import { parentPort } from 'node:worker_threads';
import { type Background, inspectBackground } from './background.ts';
import { embedProfile } from './colour-profile.ts';
import type { Matte } from './matte.ts';
import type { Blended, CutOut, PixelJobName, PixelJobs } from './pixel-jobs.ts';
import { isGround, type Pixels, type Rgb } from './pixels.ts';
import { blendRegion } from './region-blend.ts';
import { maskFromPixels } from './region-mask.ts';
import { removeFlat } from './remove-flat.ts';
import { decoding, type Sharp, withSharp } from './sharp.ts';
import { toTruePixels } from './true-pixels.ts';
import { twoShot } from './two-shot.ts';
import { isKeyColour, unmixKey } from './unmix-key.ts';

/** The thread's side of `runPixelJob`: one job after another. */
type Job = { [Name in PixelJobName]: { name: Name; input: PixelJobs[Name]['input'] } }[PixelJobName];

parentPort?.on('message', async (job: Job) => {
  try {
    parentPort?.postMessage({ output: await withSharp((sharp) => work(sharp, job)) });
  } catch (error) {
    parentPort?.postMessage({ error: error instanceof Error ? error.message : String(error) });
  }
});

async function work(sharp: Sharp, { name, input }: Job): Promise<PixelJobs[PixelJobName]['output']> {
  switch (name) {
    case 'background':
      return inspectBackground(await decode(sharp, input.bytes));
    case 'key':
      return cutFromKey(sharp, input);
    case 'two-shot':
      return cutFromTwo(sharp, input);
    case 'flat':
      return cutFromFlat(sharp, input);
    case 'region':
      return blend(sharp, input);
    case 'pixel-art':
      return toTruePixels(input.pixels, input.wish);
    case 'mask':
      return { share: maskFromPixels(await decode(sharp, input.bytes, 'keep'), input.size).share };
  }
}

/** Upright sRGB, as seen. Transparency is kept, or laid on white; `room` leaves an opaque channel for it. */
async function decode(sharp: Sharp, bytes: Uint8Array, alpha: 'keep' | 'drop' | 'room' = 'drop'): Promise<Pixels> {
  const image = sharp(bytes, decoding).rotate().toColourspace('srgb');
  const seen = alpha === 'keep' ? image : image.flatten({ background: '#ffffff' });
  return toPixels(await (alpha === 'room' ? seen.ensureAlpha() : seen).raw().toBuffer({ resolveWithObject: true }));
}

function toPixels({
  data,
  info: { width, height, channels },
}: {
  data: Buffer;
  info: { width: number; height: number; channels: number };
}): Pixels {
  if (channels !== 3 && channels !== 4) throw new Error(`${channels} channels`);
  // A plain view: what loops over pixels is compiled for one kind of array, and a Buffer's own `subarray` is slow.
  return { data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength), width, height, channels };
}

/** PNG: quick rather than small, since what is to be small is encoded once more. */
function encode(sharp: Sharp, { data, width, height, channels }: Pixels, xmp: string | undefined): Promise<Buffer> {
  const image = sharp(data, { raw: { width, height, channels } });
  return (xmp === undefined ? image : image.withXmp(xmp)).png({ compressionLevel: 6 }).toBuffer();
}

async function toCutOut(sharp: Sharp, { pixels, facts }: Matte, xmp: string | undefined): Promise<CutOut> {
  return { bytes: await encode(sharp, pixels, xmp), width: pixels.width, height: pixels.height, facts };
}

async function cutFromKey(sharp: Sharp, { bytes, ground, onlyThis, xmp }: PixelJobs['key']['input']): Promise<CutOut> {
  const pixels = await decode(sharp, bytes, 'room');
  const background = inspectBackground(pixels);
  if (background.kind !== 'flat') return { failed: describeNotFlat(background) };
  const { colour } = background;
  if (isGround(colour, ground)) return toCutOut(sharp, unmixKey(pixels, colour), xmp);
  if (onlyThis) return { failed: `its background is another one now, rgb(${colour.join(' ')})` };
  const matte = cut(pixels, colour);
  const warning =
    matte.facts.warning ??
    `the model painted it on rgb(${colour.join(' ')}), not on the colour it was asked for, so parts of that colour may be missing.`;
  return toCutOut(sharp, { ...matte, facts: { ...matte.facts, warning } }, xmp);
}

async function cutFromTwo(sharp: Sharp, { white, black, xmp }: PixelJobs['two-shot']['input']): Promise<CutOut> {
  // The result is written into the first, which needs room for alpha.
  const matte = twoShot(...(await Promise.all([decode(sharp, white, 'room'), decode(sharp, black)])));
  return 'failed' in matte ? matte : toCutOut(sharp, matte, xmp);
}

async function cutFromFlat(sharp: Sharp, { bytes }: PixelJobs['flat']['input']): Promise<PixelJobs['flat']['output']> {
  const { hasAlpha, xmpAsString } = await sharp(bytes, decoding).metadata();
  if (hasAlpha && inspectBackground(await decode(sharp, bytes, 'keep')).kind === 'transparent') return { isCut: true };
  const pixels = await decode(sharp, bytes, 'room');
  const background = inspectBackground(pixels);
  if (background.kind === 'flat') return toCutOut(sharp, cut(pixels, background.colour), xmpAsString);
  return { failed: describeNotFlat(background) };
}

/** A saturated colour is un-mixed everywhere; any other goes only where it reaches the border, since it may be in the subject too. */
function cut(pixels: Pixels, colour: Rgb): Matte {
  return isKeyColour(colour) ? unmixKey(pixels, colour) : removeFlat(pixels, colour);
}

function describeNotFlat({ kind }: Background): string {
  return kind === 'checkerboard' ? 'the background is a painted checkerboard, not transparency' : 'the background is not one flat colour';
}

/** As stored, so that what is not taken from the answer keeps its very numbers, whatever colours its profile means by them. */
async function decodeAsStored(sharp: Sharp, bytes: Uint8Array): Promise<{ pixels: Pixels; profile: Buffer | undefined; notes: string[] }> {
  const { icc, space, depth, pages = 1 } = await sharp(bytes, { ...decoding, pages: -1 }).metadata();
  const isPrint = space === 'cmyk';
  // Only a profile for red, green and blue fits what comes out; its bytes 16 to 19 say so (ICC.1, 7.2.6).
  const isRgb = icc !== undefined && icc.subarray(16, 20).toString('latin1') === 'RGB ';
  const isConverted = isPrint || (icc !== undefined && !isRgb);
  const raw = await sharp(bytes, { ...decoding, ignoreIcc: !isConverted })
    .rotate()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const notes = [
    ...(isConverted ? [`The picture was ${isPrint ? 'CMYK' : 'in a colour profile of its own'} and is sRGB now.`] : []),
    ...(pages > 1 ? [`Only the first of its ${pages} frames is here.`] : []),
    ...(depth === 'uchar' ? [] : ['The picture had more than 8 bits a channel and has 8 now.']),
  ];
  return { pixels: toPixels(raw), profile: isConverted ? undefined : icc, notes };
}

async function blend(sharp: Sharp, { picture, answer, allowed, xmp }: PixelJobs['region']['input']): Promise<Blended> {
  const { pixels: input, profile, notes } = await decodeAsStored(sharp, picture);
  const region = 'box' in allowed ? allowed : { mask: maskFromPixels(await decode(sharp, allowed.mask, 'keep'), input).mask };
  const blended = blendRegion(input, await decode(sharp, answer), region);
  if ('unaligned' in blended) return blended;
  const png = await encode(sharp, blended.pixels, xmp);
  const { width, height } = blended.pixels;
  return { bytes: profile ? embedProfile(png, profile) : png, width, height, facts: blended.facts, notes };
}
