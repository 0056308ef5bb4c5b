import { basename, join } from 'node:path';
import type { Archive } from './archive/archive.ts';
import { type ImageRecord, type KeptFile, toSha256 } from './archive/record.ts';
import type { Config } from './config.ts';
import { readMade } from './decoder/pictures.ts';
import { ToolError } from './errors.ts';
import { type Draft, numbered } from './files/draft.ts';
import { requireAllowed } from './files/paths.ts';
import { ensureWritable, publish, sweep } from './files/publish.ts';
import { exists, measure, readBytes, readPictureFile } from './files/read.ts';
import type { Settling } from './files/settling.ts';
import { requireFree } from './files/target.ts';
import type { Preview } from './image/preview.ts';
import { type Ingredients, type MadeFile, makeFile } from './make-file.ts';
import { type Image, shapeDistance, sniff, toExtension, toShape } from './media.ts';
import { documentedSize } from './model/catalog.ts';
import type { Plan } from './plan.ts';
import { formatSize, showPath } from './text.ts';

/** What the model sent, kept as it came. */
export interface KeptImage {
  record: ImageRecord;
  bytes: Uint8Array;
  /** These bytes, where the file is wanted. */
  draft?: Draft;
  /** Under way already. */
  preview?: Promise<Preview | null>;
  /** Kept by a process that ended before it said where the file is: the file may stand there all the same. */
  mayStand?: boolean;
  /** The same picture on black, where the background is found by comparing. */
  second?: SecondShot;
}

/** The second shot, kept as it came; or why there is none, in words that go on from "the file is opaque: ". */
export type SecondShot = KeptImage | { failed: string };

/** A picture that was delivered. */
export interface SavedImage {
  id: string;
  file: KeptFile;
  original: KeptFile | undefined;
  /** Every difference between what was asked and what the file is, and what was done to the model's bytes. */
  differences: readonly string[];
  record: ImageRecord;
  /** The file is the model's own bytes. */
  isUntouched: boolean;
  /** What a cut out of the background is worth, and what was taken from the answer for a region; absent where that was not done, or done before. */
  cutOut?: MadeFile['cutOut'];
  region?: MadeFile['region'];
}

interface Keeper {
  archive: Archive;
  config: Config;
  /** What waits for the names of files to be on the disk; absent, each of them does. */
  settling?: Settling;
}

/** Room a call needs on the disk, generously: the largest 4K picture Gemini sends, twice. */
const roomPerImage = 50_000_000;

/** Finds out, before anything is paid for, whether the files can be written under the names the caller gave. Throws `file_exists` or `cannot_write`. */
export async function requirePlace(plan: Plan, config: Config): Promise<void> {
  const { output, variations } = plan;
  await requireNames(plan);
  await ensureWritable(output.folder, roomPerImage * variations, config);
  await sweep(output.folder, config);
}

/** Finds out whether the names the caller gave are free, or may be replaced; nothing is written. Throws `file_exists`. */
export async function requireNames({ output, variations }: Plan): Promise<void> {
  if (output.named) await requireFree(output, output.format ? toExtension(output.format) : 'jpg', variations, output.overwrite);
}

/**
 * Makes the file the caller asked for out of what the model sent, and enters it in the picture's record. `number` counts the pictures of this call
 * from 1. What goes wrong is told in `warnings`: the original then stands in for the file, and only when there is none either is the picture given up.
 */
export async function deliver(
  { record, bytes, draft, second, mayStand = false }: KeptImage,
  number: number,
  plan: Plan,
  sources: Pick<Ingredients, 'picture' | 'mask' | 'logError'>,
  keeper: Keeper,
  warnings: string[],
): Promise<SavedImage | undefined> {
  const made = await readMade(bytes);
  if (made === undefined) {
    const place = record.original
      ? `kept at ${showPath(record.original.path)}`
      : `lost, as ${showPath(keeper.config.stateDir)} cannot be written`;
    warnings.push(`Picture ${number} is not a picture limner can read; its bytes are ${place}.`);
    return undefined;
  }
  const original = record.original && toKeptFile(record.original.path, made);
  if (original === undefined) warnings.push(notKept(keeper.config));
  const file = await makeOrLeave(made, plan, { ...sources, ...(second && { second }) }, warnings);
  const standing = mayStand ? await findStanding(file, number, plan) : undefined;
  const written = standing
    ? { file: toKeptFile(standing, file.image), differences: [...compare(plan, made, file.image), ...file.differences] }
    : await writeOrRescue(made, file, original, number, plan, keeper, warnings, file.image === made ? draft : undefined);
  if (written === undefined) return undefined;
  const { format, width, height } = made;
  const { differences } = written;
  const delivered = {
    ...record,
    made: { format, width, height },
    finish: file.finish,
    delivered: written.file,
    differences: [...differences],
  };
  await keeper.archive.update(delivered, keeper.settling).catch(() => original && warnings.push(notRecorded(original.path, keeper.config)));
  const { cutOut, region } = file;
  return {
    id: record.id,
    file: written.file,
    original,
    differences,
    record: delivered,
    isUntouched: written.file.sha256 === toSha256(bytes),
    ...(cutOut && { cutOut }),
    ...(region && { region }),
  };
}

/** The file as asked; where it cannot be written, whatever place the picture has; undefined when it has none. */
async function writeOrRescue(
  made: Image,
  file: MadeFile,
  original: KeptFile | undefined,
  number: number,
  plan: Plan,
  keeper: Keeper,
  warnings: string[],
  draft: Draft | undefined,
): Promise<{ file: KeptFile; differences: string[] } | undefined> {
  try {
    const { path, notes } = await write(file, number, plan, keeper, draft);
    return { file: toKeptFile(path, file.image), differences: [...compare(plan, made, file.image), ...file.differences, ...notes] };
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    const rescue = original ?? (await publishElsewhere(made, plan, keeper.config));
    warnings.push(
      `${error.message} ${rescue ? `Picture ${number} is safe: it is at ${showPath(rescue.path)}.` : `Picture ${number}, which was paid for, is lost.`}`,
    );
    return rescue && { file: rescue, differences: compare(plan, made, made) };
  }
}

/** A picture that was delivered before, while its file is as it was; undefined when it has to be delivered anew. */
export async function findDelivered(record: ImageRecord): Promise<SavedImage | undefined> {
  const { delivered, original, made } = record;
  if (delivered === undefined || made === undefined) return undefined;
  const isLike = (await measure(delivered.path))?.bytes === delivered.bytes;
  const bytes = isLike ? await readBytes(delivered.path) : undefined;
  if (bytes === undefined || toSha256(bytes) !== delivered.sha256) return undefined;
  return {
    id: record.id,
    file: delivered,
    original: original && { ...original, ...made },
    differences: record.differences,
    record,
    isUntouched: delivered.sha256 === original?.sha256,
  };
}

/** The last place for a picture that neither its own folder nor the archive took. */
async function publishElsewhere(made: Image, plan: Plan, config: Config): Promise<KeptFile | undefined> {
  try {
    const folder = await requireAllowed(config.outputDir, config, 'write');
    await ensureWritable(folder, made.bytes.length, config);
    const path = join(folder, `${plan.output.stem}.${toExtension(made.format)}`);
    return toKeptFile(await publish(path, made.bytes, 'number', { places: config }), made);
  } catch {
    return undefined;
  }
}

async function makeOrLeave(made: Image, plan: Plan, ingredients: Ingredients, warnings: string[]): Promise<MadeFile> {
  const file = await makeFile(made, plan, ingredients).catch((error: unknown) => {
    // What an upstream sent damaged is no bug of ours.
    if (!(error instanceof ToolError)) ingredients.logError(error);
    return undefined;
  });
  if (file) return file;
  warnings.push('The picture could not be made into the file that was asked for: it is delivered as the model made it.');
  return { image: made, differences: [], finish: {}, isWhole: plan.region !== undefined };
}

/** The path among those this picture would be written to where exactly these bytes are. */
async function findStanding(file: MadeFile, number: number, plan: Plan): Promise<string | undefined> {
  const { image } = file;
  const first = numbered(toWantedPath(file, plan), plan.output.named ? number : 1);
  for (let taken = 1; ; taken += 1) {
    const path = numbered(first, taken);
    const there = await measure(path);
    if (there === undefined) return undefined;
    const bytes = there.bytes === image.bytes.length ? await readBytes(path) : undefined;
    if (bytes && toSha256(bytes) === toSha256(image.bytes)) return path;
  }
}

function toWantedPath({ image, isWhole }: MadeFile, { output: { folder, stem, extension, format } }: Plan): string {
  const suffix = extension !== undefined && image.format === format ? extension : toExtension(image.format);
  return join(folder, `${stem}${isWhole ? '-whole-edit' : ''}.${suffix}`);
}

/** Writes the file under the name that was asked, never over another unless told to, and then only after keeping what it replaces. */
async function write(
  file: MadeFile,
  number: number,
  plan: Plan,
  { archive, config, settling }: Keeper,
  draft: Draft | undefined,
): Promise<{ path: string; notes: string[] }> {
  const { named, overwrite } = plan.output;
  const { image } = file;
  const wanted = toWantedPath(file, plan);
  const options = { places: config, draft, settling };
  if (!named || file.isWhole) return { path: await publish(wanted, image.bytes, 'number', options), notes: [] };
  const path = numbered(wanted, number);
  const old = overwrite && (await exists(path)) ? await readPictureFile(path, config).catch(() => undefined) : undefined;
  // Between the look at the name and now it may have become another's.
  const backup = old && sniff(old.bytes) !== undefined ? await archive.keepReplaced(old).catch(() => undefined) : undefined;
  if (backup)
    return {
      path: await publish(path, image.bytes, 'replace', options),
      notes: [`The picture it replaced is kept at ${showPath(backup)}.`],
    };
  const got = await publish(path, image.bytes, 'number', options);
  if (got === path) return { path, notes: [] };
  const why = overwrite ? 'could not be kept first, so it was not replaced and' : 'was taken meanwhile, so';
  return { path: got, notes: [`${showPath(basename(path))} ${why} the name is ${showPath(basename(got))}.`] };
}

function toKeptFile(path: string, image: Image): KeptFile {
  const { format, width, height, bytes } = image;
  return { path, format, width, height, bytes: bytes.length, sha256: toSha256(bytes) };
}

/** Sizes and ratios of Gemini's pictures are approximate; the caller hears of it from 1 % on for the shape, from 10 % on for the size. */
const tolerance = { shape: 0.01, size: 0.1 } as const;

function compare(plan: Plan, made: Image, delivered: Image): string[] {
  const differences: string[] = [];
  const expected = documentedSize(plan.aspectRatio, plan.resolution);
  const asked = plan.cropTo ? undefined : plan.askedRatio;
  if (asked && shapeDistance(made, asked) > tolerance.shape) {
    differences.push(`Shape: ${asked} was asked, ${formatSize(made)} (${toShape(made).toFixed(2)}:1) came.`);
  }
  const scale = Math.max(made.width, made.height) / Math.max(expected.width, expected.height);
  const isExact = plan.output.width !== undefined || plan.output.height !== undefined || plan.region !== undefined;
  if (!isExact && Math.abs(scale - 1) > tolerance.size) {
    differences.push(`Size: ${plan.resolution} was asked (about ${formatSize(expected)}), ${formatSize(made)} came.`);
  }
  // A whole edit is said to be no file that was asked for.
  if (plan.region === undefined && plan.output.format && plan.output.format !== delivered.format) {
    differences.push(`Type: ${plan.output.format} was asked, the file is ${delivered.format}.`);
  }
  return differences;
}

function notKept({ stateDir }: Config): string {
  return `${showPath(stateDir)} cannot be written: the model's own bytes are not kept there, and ids will be forgotten when limner stops.`;
}

function notRecorded(original: string, { stateDir }: Config): string {
  return `${showPath(stateDir)} cannot be written: the model's own bytes are at ${showPath(original)}, but their id will be forgotten when limner stops.`;
}
