import { basename, join } from 'node:path';
import { type Archive, type ImageRecord, type KeptFile, newImageId, toSha256 } from './archive/archive.ts';
import type { Config } from './config.ts';
import { ToolError } from './errors.ts';
import { ensureWritable, numbered, publish } from './files/publish.ts';
import { exists } from './files/read.ts';
import { requireFree } from './files/target.ts';
import { finish, readMade } from './image/encode.ts';
import { type Image, shapeDistance, sniff, toExtension, toShape } from './media.ts';
import { documentedSize } from './model/catalog.ts';
import type { ImageModel } from './model/image-model.ts';
import type { Plan } from './plan.ts';
import { formatSize } from './text.ts';

/** What the model sent, on disk as it came. */
export interface KeptImage {
  id: string;
  bytes: Uint8Array;
  /** Where the original is; undefined when the state folder could not be written. */
  path: string | undefined;
}

/** A picture that was delivered. */
export interface SavedImage {
  id: string;
  file: KeptFile;
  original: KeptFile | undefined;
  /** Every difference between what was asked and what the file is, and what was done to the model's bytes. */
  differences: readonly string[];
}

interface Keeper {
  archive: Archive;
  config: Config;
  model: ImageModel;
}

/** Room a call needs on the disk, generously: the largest 4K picture Gemini sends, twice. */
const roomPerImage = 50_000_000;

/** Finds out, before anything is paid for, whether the files can be written under the names the caller gave. Throws `file_exists` or `cannot_write`. */
export async function requirePlace(plan: Plan): Promise<void> {
  const { output, variations } = plan;
  if (output.named) await requireFree(output, output.format ? toExtension(output.format) : 'jpg', variations, output.overwrite);
  await ensureWritable(output.folder, roomPerImage * variations);
}

/** Puts the bytes on disk as they came. Failing is no reason to lose them: they are delivered from memory then. */
export async function keep(bytes: Uint8Array, { archive }: Keeper): Promise<KeptImage> {
  const id = newImageId();
  const path = await archive.keepOriginal(id, bytes, extensionOf(bytes)).catch(() => undefined);
  return { id, bytes, path };
}

function extensionOf(bytes: Uint8Array): string {
  const kind = sniff(bytes);
  return kind === 'jpeg' ? 'jpg' : (kind ?? 'bin');
}

/**
 * Makes the file the caller asked for out of what the model sent. `number` counts the pictures of this call from 1. What goes wrong is told in `warnings`:
 * the original then stands in for the file, and only when there is none either is the picture given up as undefined.
 */
export async function deliver(
  kept: KeptImage,
  number: number,
  plan: Plan,
  keeper: Keeper,
  warnings: string[],
): Promise<SavedImage | undefined> {
  const made = await readMade(kept.bytes);
  if (made === undefined) {
    const place = kept.path === undefined ? `lost, as ${keeper.config.stateDir} cannot be written` : `kept at ${kept.path}`;
    warnings.push(`Picture ${number} is not a picture limner can read; its bytes are ${place}.`);
    return undefined;
  }
  const original = kept.path === undefined ? undefined : toKeptFile(kept.path, made);
  if (original === undefined) warnings.push(notKept(keeper.config));
  const image = await finishOrLeave(made, plan, warnings);
  try {
    const { path, notes } = await write(image, number, plan, keeper.archive);
    return { id: kept.id, file: toKeptFile(path, image), original, differences: [...compare(plan, made, image), ...notes] };
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    const rescue = original ?? (await publishElsewhere(made, plan, keeper.config));
    warnings.push(
      `${error.message} ${rescue ? `Picture ${number} is safe: it is at ${rescue.path}.` : `Picture ${number}, which was paid for, is lost.`}`,
    );
    return rescue && { id: kept.id, file: rescue, original, differences: compare(plan, made, made) };
  }
}

/** The last place for a picture that neither its own folder nor the archive took. */
async function publishElsewhere(made: Image, plan: Plan, { outputDir }: Config): Promise<KeptFile | undefined> {
  try {
    await ensureWritable(outputDir, made.bytes.length);
    return toKeptFile(await publish(join(outputDir, `${plan.output.stem}.${toExtension(made.format)}`), made.bytes, 'number'), made);
  } catch {
    return undefined;
  }
}

async function finishOrLeave(made: Image, plan: Plan, warnings: string[]): Promise<Image> {
  const finished = await finish(made, { format: plan.output.format, cropTo: plan.cropTo }).catch(() => undefined);
  if (finished) return finished;
  warnings.push('The picture could not be converted or cropped as asked: it is delivered as the model made it.');
  return made;
}

/** Writes the file under the name that was asked, never over another unless told to, and then only after keeping what it replaces. */
async function write(image: Image, number: number, plan: Plan, archive: Archive): Promise<{ path: string; notes: string[] }> {
  const { folder, stem, extension, named, overwrite, format } = plan.output;
  const suffix = extension !== undefined && image.format === format ? extension : toExtension(image.format);
  const wanted = join(folder, `${stem}.${suffix}`);
  if (!named) return { path: await publish(wanted, image.bytes, 'number'), notes: [] };
  const path = numbered(wanted, number);
  const backup = overwrite && (await exists(path)) ? await archive.keepReplaced(path).catch(() => undefined) : undefined;
  if (backup) return { path: await publish(path, image.bytes, 'replace'), notes: [`The picture it replaced is kept at ${backup}.`] };
  const got = await publish(path, image.bytes, 'number');
  if (got === path) return { path, notes: [] };
  const why = overwrite ? 'could not be kept first, so it was not replaced and' : 'was taken meanwhile, so';
  return { path: got, notes: [`${basename(path)} ${why} the name is ${basename(got)}.`] };
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
  if (Math.abs(scale - 1) > tolerance.size) {
    differences.push(`Size: ${plan.resolution} was asked (about ${formatSize(expected)}), ${formatSize(made)} came.`);
  }
  if (plan.output.format && plan.output.format !== delivered.format) {
    differences.push(`Type: ${plan.output.format} was asked, the file is ${delivered.format}.`);
  }
  if (delivered.width !== made.width || delivered.height !== made.height) {
    differences.push(`Cropped from ${formatSize(made)} to ${formatSize(delivered)}.`);
  }
  if (delivered.format !== made.format) differences.push(`Converted from ${made.format} to ${delivered.format}.`);
  return differences;
}

function notKept({ stateDir }: Config): string {
  return `${stateDir} cannot be written: the model's own bytes are not kept there, and ids will be forgotten when limner stops.`;
}

/** Writes a record per picture, so that ids and `last` outlive the process. */
export async function remember(
  saved: readonly SavedImage[],
  plan: Plan,
  keeper: Keeper,
  dollars: number | undefined,
  warnings: string[],
): Promise<void> {
  const { archive, config, model } = keeper;
  const call = newImageId().replace('img_', 'call_');
  for (const { id, file, original } of saved) {
    const record: ImageRecord = {
      id,
      call,
      at: new Date().toISOString(),
      tool: plan.tool,
      backend: model.backend,
      model: plan.model.id,
      prompt: plan.prompt,
      parents: plan.inputs.flatMap((input) => (input.id ? [input.id] : [])),
      folder: config.projectDir ?? config.outputDir,
      original,
      delivered: file,
      dollars: dollars === undefined ? undefined : dollars / saved.length,
    };
    await archive.remember(record).catch(() => warnings.push(notKept(config)));
  }
}
