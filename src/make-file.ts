import type { Picture } from './archive/identify.ts';
import type { ImageRecord } from './archive/record.ts';
import { runJob } from './decoder/decoder.ts';
import { finish } from './decoder/pictures.ts';
import type { CutOut } from './image/cut-out.ts';
import type { Allowed, Blended } from './image/lay-in.ts';
import { toRgb } from './image/pixels.ts';
import type { RegionFacts } from './image/region-blend.ts';
import { toXmp } from './image/xmp.ts';
import type { Image } from './media.ts';
import type { Plan } from './plan.ts';
import type { PlannedBackground } from './plan-background.ts';

/** What the file is made of beside the model's picture. */
export interface Ingredients {
  /** The same picture on black; or why there is none. */
  second?: { bytes: Uint8Array } | { failed: string };
  /** The picture a region is laid into, and the mask that says where. */
  picture?: Picture | undefined;
  mask?: Picture | undefined;
  /** Where our own bugs go. */
  logError(error: unknown): void;
}

/** The file as asked, as far as that could be. */
export interface MadeFile {
  image: Image;
  /** Every difference between what was asked and what the file is, and what was done to the model's bytes. */
  differences: string[];
  /** What was done, for an edit of the file to do again. */
  finish: ImageRecord['finish'];
  /** What the cut is worth. */
  cutOut?: Extract<CutOut, { facts: unknown }>['facts'];
  /** What was taken from the answer. */
  region?: Extract<Blended, { facts: unknown }>['facts'];
  /** The answer could not be laid into the picture: this is all of it, which goes beside the file that was asked for. */
  isWhole?: boolean;
}

/** Makes the file out of the model's picture: cuts it out of its ground, or lays its region into the picture it comes from; then shape, size and type. */
export async function makeFile(made: Image, plan: Plan, ingredients: Ingredients): Promise<MadeFile> {
  const start: MadeFile = { image: made, differences: [], finish: toFinish(plan) };
  const worked = plan.background
    ? await cutOut(start, plan, plan.background, ingredients)
    : plan.region
      ? await layIn(start, plan, ingredients)
      : start;
  const { format, width = plan.output.scaleTo, height, maxKb } = plan.output;
  const cropTo = width !== undefined && height !== undefined ? undefined : plan.cropTo;
  const maxBytes = maxKb === undefined ? undefined : maxKb * 1000;
  const wish = worked.isWhole
    ? {}
    : { format, cropTo, width, height, maxBytes, lossless: plan.region !== undefined && format !== 'jpeg', xmp: toTag(plan) };
  const { image, notes } = await finish(worked.image, wish);
  // A PNG in between is no conversion that anybody asked for.
  const told = worked.image === made ? notes : notes.filter((note) => !note.startsWith('Converted from'));
  return { ...worked, image, differences: [...worked.differences, ...told] };
}

/** Where its pixels come from and what it shows, as the tag every re-encoded file carries. */
function toTag({ sourceType, alt }: Plan): string {
  return toXmp({ sourceType, alt });
}

function toFinish({ output: { format, width, height, maxKb }, cropTo }: Plan): ImageRecord['finish'] {
  return {
    ...(format && { format }),
    ...(cropTo && { cropTo }),
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
    ...(maxKb !== undefined && { maxKb }),
  };
}

async function cutOut(start: MadeFile, plan: Plan, background: PlannedBackground, { second, logError }: Ingredients): Promise<MadeFile> {
  const xmp = toTag(plan);
  // Pixels that cannot be worked on cost the transparency, not the size and type.
  const cut = await Promise.resolve(makeCut()).catch((error: unknown): CutOut => {
    logError(error);
    return { failed: 'its pixels could not be worked on' };
  });
  const { method, ground } = background;
  if ('failed' in cut) return { ...start, differences: [describeOpaque(cut.failed, background)] };
  const { bytes, width, height, facts } = cut;
  return {
    image: { bytes, format: 'png', width, height },
    differences: [describeCut(background, facts), ...(facts.warning ? [`Look at the edge before using it: ${facts.warning}`] : [])],
    finish: { ...start.finish, background: { method, ground } },
    cutOut: facts,
  };

  function makeCut(): Promise<CutOut> | CutOut {
    if (background.method === 'key')
      return runJob('cutFromKey', { bytes: start.image.bytes, ground: toRgb(background.ground), onlyThis: background.again, xmp });
    if (second === undefined) return { failed: 'the second shot, on black, did not arrive' };
    return 'failed' in second ? second : runJob('cutFromTwo', { white: start.image.bytes, black: second.bytes, xmp });
  }
}

function describeCut(
  { method, ground }: PlannedBackground,
  { coverage, soft, fringe }: { coverage: number; soft: number; fringe: number },
): string {
  const how = method === 'key' ? `painted on ${ground}, which was taken out` : 'told from the two shots, both kept';
  return `Transparent: ${how}; the subject covers ${toPercent(coverage)}, ${toPercent(soft)} is partly transparent, ${toPercent(fringe)} of the edge keeps some of the background.`;
}

function describeOpaque(why: string, { again }: PlannedBackground): string {
  const start = again
    ? 'The picture it comes from is transparent, this one is not'
    : 'Background: transparent was asked, the file is opaque';
  const advice = again ? '' : ' Nothing was cut out, so that no wrong edge is delivered; edit it with background transparent to try again.';
  return `${start}: ${why.replace(/\.$/, '')}.${advice}`;
}

/** What stands around the subject instead of a flat ground, in words that go on from "the file is opaque: ". */
export function describeGround(isCheckerboard: boolean, isAgain: boolean): string {
  if (isCheckerboard) return 'the model painted a checkerboard instead of transparency';
  return isAgain ? 'its background is no longer the flat one it had' : 'the model did not paint it on the flat colour it was asked for';
}

async function layIn(start: MadeFile, plan: Plan, { picture, mask, logError }: Ingredients): Promise<MadeFile> {
  const allowed: Allowed | undefined = plan.region?.box ? { box: plan.region.box } : mask && { mask: mask.bytes };
  const isSame = picture !== undefined && picture.sha256 === plan.inputs[0]?.sha256;
  const blended: Blended =
    allowed && isSame
      ? await runJob('layIn', { picture: picture.bytes, answer: start.image.bytes, allowed, xmp: toTag(plan) }).catch(
          (error: unknown): Blended => {
            logError(error);
            return { unaligned: 'Its pixels could not be worked on.' };
          },
        )
      : { unaligned: 'The picture it belongs into is no longer there.' };
  const place = plan.region?.described ?? '';
  if ('unaligned' in blended) {
    return {
      ...start,
      finish: {},
      isWhole: true,
      differences: [
        `Region: only ${place} was to change, and the answer could not be laid into the picture. ${blended.unaligned} This is the whole edit, beside the file you asked for, which was not written. Try again, name a larger region, or edit without one.`,
      ],
    };
  }
  const { bytes, width, height, facts, notes } = blended;
  return {
    image: { bytes, format: 'png', width, height },
    differences: [describeRegion(place, facts, plan.output.format === 'jpeg' || notes.length > 0), ...notes],
    finish: { region: true },
    region: facts,
  };
}

function describeRegion(place: string, { shift, scale, taken }: RegionFacts, isConverted: boolean): string {
  const moved = shift < 0.05 ? 'it had not moved' : `it had moved ${shift.toFixed(1)} px and was put back`;
  const scaled = Math.abs(scale - 1) < 0.002 ? '' : `, scaled ${scale.toFixed(3)} times`;
  return `Region: ${toPercent(taken)} of the picture is the model's (${place}); ${moved}${scaled}. ${isConverted ? 'The rest is the picture, converted.' : "Every other pixel is the picture's own."}`;
}

function toPercent(share: number): string {
  const percent = share * 100;
  return `${percent > 0 && percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
}
