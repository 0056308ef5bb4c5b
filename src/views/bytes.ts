import type { Memory } from '../archive/identify.ts';
import { type ImageRecord, toSha256 } from '../archive/record.ts';
import type { Config } from '../config.ts';
import { runPatientJob } from '../decoder/decoder.ts';
import type { WrittenFile } from '../decoder/jobs.ts';
import { findAllowed, type Places } from '../files/paths.ts';
import { measure, readBytes, readPictureFile } from '../files/read.ts';
import type { Preview } from '../image/preview.ts';

/** Where pictures are looked for, and for whom: a person at a terminal may see every file of theirs. */
export type Sources = Memory & { config: Config & Places };

export interface Place {
  path: string;
  bytes: number;
}

/**
 * Where the original of a picture may be read, by file sizes alone: where it was kept, under its id when the state folder was moved or its record could
 * not be written, and where it was delivered untouched.
 */
export async function findOriginals(
  id: string,
  record: ImageRecord | undefined,
  { archive, config }: Omit<Sources, 'ledger'>,
): Promise<Place[]> {
  const [original, delivered] = [record?.original, record?.delivered];
  const isCopy = original !== undefined && original.sha256 === delivered?.sha256;
  const copy = isCopy && (await findAllowed(delivered.path, config)) !== undefined ? delivered.path : undefined;
  const paths = new Set([original?.path, await archive.findOriginal(id), copy].filter((path) => path !== undefined));
  const places = await Promise.all([...paths].map(async (path) => ({ path, bytes: (await measure(path))?.bytes ?? 0 })));
  return places.filter(({ bytes }) => bytes > 0 && bytes === (original?.bytes ?? bytes));
}

/** The bytes at such a place; undefined when they are not those the model sent. */
export async function readOriginalAt({ path }: Place, record: ImageRecord | undefined, config: Places): Promise<Uint8Array | undefined> {
  const isDelivered = path === record?.delivered?.path && path !== record.original?.path;
  // Where a file was delivered is only what a record says, so it is read as any path is.
  const bytes = isDelivered ? (await readPictureFile(path, config).catch(() => undefined))?.bytes : await readBytes(path);
  return bytes && (record?.original === undefined || toSha256(bytes) === record.original.sha256) ? bytes : undefined;
}

/** The file as it was delivered, while it is there, unchanged, and may be read. */
export async function readDelivered({ delivered, original }: ImageRecord, config: Places): Promise<Uint8Array | undefined> {
  if (delivered === undefined || delivered.path === original?.path) return undefined;
  const bytes = (await readPictureFile(delivered.path, config).catch(() => undefined))?.bytes;
  return bytes && toSha256(bytes) === delivered.sha256 ? bytes : undefined;
}

/** Long edge of a small picture, in pixels: a tile of a gallery on a screen with two pixels to a point. */
const smallEdge = 512;

/**
 * A picture as a small JPEG, transparency on a checkerboard: of the delivered file, or else of the original. Undefined when neither is there, or neither can be decoded.
 * Paid work goes before it; `unwanted` ends it.
 */
export async function makeSmall(
  id: string,
  record: ImageRecord | undefined,
  sources: Sources,
  unwanted?: AbortSignal,
): Promise<Preview | undefined> {
  for (const file of await findFiles(id, record, sources)) {
    const small = await runPatientJob(unwanted, 'previewFile', file, smallEdge).catch(() => null);
    if (small) return small;
  }
  return undefined;
}

async function findFiles(id: string, record: ImageRecord | undefined, sources: Sources): Promise<WrittenFile[]> {
  const { delivered, original } = record ?? {};
  const path = delivered && delivered.path !== original?.path ? await findAllowed(delivered.path, sources.config) : undefined;
  // One that is gone or was changed since is not worth a job.
  const isThere = path !== undefined && (await measure(path))?.bytes === delivered?.bytes;
  const originals = await findOriginals(id, record, sources);
  const kept = originals.map((place) => ({ path: place.path, ...(original && { sha256: original.sha256 }) }));
  return isThere && delivered ? [{ path, sha256: delivered.sha256 }, ...kept] : kept;
}
