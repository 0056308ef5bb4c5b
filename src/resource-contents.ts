import { basename, parse } from 'node:path';
import {
  ProtocolError,
  ProtocolErrorCode,
  type ReadResourceResult,
  type Resource,
  ResourceNotFoundError,
} from '@modelcontextprotocol/server';
import type { Memory } from './archive/identify.ts';
import type { Ledger } from './archive/ledger.ts';
import { type ImageRecord, imageIdPattern, toSha256 } from './archive/record.ts';
import type { Config } from './config.ts';
import { findAllowed } from './files/paths.ts';
import { measure, readBytes, readPictureFile } from './files/read.ts';
import { isFormat, sniff, toExtension, toMediaType } from './media.ts';
import { catalogued, imagesUri } from './resources.ts';
import { cleanText, formatBytes, quote, showPath, toCleanJson } from './text.ts';

/** Pictures that are listed as resources, and looked through to complete an id. */
const [listed, completed] = [20, 100];

/** Longest original that is handed over: clients hang up on a line of more than 10 MiB, and base64 makes three bytes four characters. */
const maxBlobBytes = 7_500_000;

type Sources = Memory & { config: Config };

/** The recent pictures as JSON. */
export async function readCatalogue(sources: Sources): Promise<string> {
  return toCleanJson({ images: (await findRecent(sources, catalogued)).map(toFacts) });
}

/** Ids of pictures that begin with what was typed, newest first. */
export async function completeId(typed: string, sources: Sources): Promise<string[]> {
  return (await findRecent(sources, completed)).map(({ id }) => id).filter((id) => id.startsWith(typed));
}

/** The newest pictures. The archive lists what was delivered; what arrived and got no further, or not yet, the ledger knows. */
export async function findRecent({ archive, ledger }: Sources, count: number): Promise<ImageRecord[]> {
  const found = new Map<string, ImageRecord>();
  for await (const record of archive.newestFirst()) {
    found.set(record.id, record);
    if (found.size === count) break;
  }
  const requests = (await ledger.recentCalls()).flatMap((call) => call.requests).filter(({ state }) => state !== 'failed');
  const ids = requests.flatMap(({ images, sent }) => (images.length > 0 ? images : [sent.image]));
  for (const id of ids.slice(-count)) {
    const record = found.has(id) ? undefined : await archive.find(id);
    // A second shot is no picture anybody asked for.
    if (record && record.shotOf === undefined) found.set(id, record);
  }
  return [...found.values()].sort((a, b) => b.at.localeCompare(a.at) || b.number - a.number).slice(0, count);
}

/** Enough to tell pictures apart and to go on with one; the size is that of the file, where there is one. */
function toFacts(record: ImageRecord) {
  const pixels = record.delivered ?? record.made;
  return {
    id: record.id,
    when: record.at,
    tool: record.tool,
    backend: record.backend,
    model: cleanText(record.answeredBy ?? record.model, 100),
    prompt: cleanText(record.prompt, 200),
    alt: record.alt ?? null,
    dollars: record.dollars ?? null,
    path: record.delivered ? showPath(record.delivered.path) : null,
    width: pixels?.width ?? null,
    height: pixels?.height ?? null,
    format: pixels?.format ?? null,
    parents: record.parents,
    uri: toUri(record),
  };
}

/** The newest pictures whose originals are still there; nothing is offered that cannot be had. */
export async function listOriginals(sources: Sources): Promise<Resource[]> {
  const records = await findRecent(sources, listed);
  const resources = await Promise.all(
    records.map(async (record) => ((await findPlaces(record.id, record, sources)).length > 0 ? [toResource(record)] : [])),
  );
  return resources.flat();
}

function toResource(record: ImageRecord): Resource {
  const { id, at, prompt, made, original } = record;
  return {
    uri: toUri(record),
    name: toName(record),
    title: cleanText(prompt.replace(/\s+/g, ' '), 60),
    description: `${id}, ${at.slice(0, 16).replace('T', ' ')} UTC`,
    ...(made && { mimeType: toMediaType(made.format) }),
    ...(original && { size: original.bytes }),
  };
}

/** The name of the delivered file, with the extension of what is read here: that is the original, which may be of another format. */
function toName({ id, delivered, original, made }: ImageRecord): string {
  if (delivered === undefined) return basename(original?.path ?? id);
  const isSameFormat = made === undefined || made.format === delivered.format;
  return isSameFormat ? basename(delivered.path) : `${parse(delivered.path).name}.${toExtension(made.format)}`;
}

function toUri({ id }: ImageRecord): string {
  return `${imagesUri}/${id}`;
}

/** The bytes as the model returned them. Throws what the protocol has for a resource that is not there, saying why and what to do. */
export async function readOriginal(uri: string, id: string, sources: Sources): Promise<ReadResourceResult> {
  // Only what is an id becomes part of a path.
  if (!imageIdPattern.test(id)) {
    throw new ResourceNotFoundError(cleanText(uri, 200), `${quote(id)} is no picture id; read ${imagesUri} for the pictures there are.`);
  }
  const { archive, ledger, config } = sources;
  const record = await archive.find(id);
  for (const { path, bytes: size } of await findPlaces(id, record, sources)) {
    if (size > maxBlobBytes) throw tooLarge(uri, id, path, size);
    const isDelivered = path === record?.delivered?.path && path !== record.original?.path;
    // Where a file was delivered is only what a record says, so it is read as any path is.
    const bytes = isDelivered ? (await readPictureFile(path, config).catch(() => undefined))?.bytes : await readBytes(path);
    if (bytes && isOriginal(bytes, record)) return { contents: [{ uri, mimeType: mediaTypeOf(bytes), blob: toBase64(bytes) }] };
  }
  throw new ResourceNotFoundError(uri, record ? await explainMissing(record, config) : await explainUnknown(id, ledger));
}

interface Place {
  path: string;
  bytes: number;
}

/**
 * Where the original of a picture may be read, by file sizes alone: where it was kept, under its id when the state folder was moved or its record could
 * not be written, and where it was delivered untouched.
 */
async function findPlaces(id: string, record: ImageRecord | undefined, { archive, config }: Omit<Sources, 'ledger'>): Promise<Place[]> {
  const [original, delivered] = [record?.original, record?.delivered];
  const isCopy = original !== undefined && original.sha256 === delivered?.sha256;
  const copy = isCopy && (await findAllowed(delivered.path, config)) !== undefined ? delivered.path : undefined;
  const paths = new Set([original?.path, await archive.findOriginal(id), copy].filter((path) => path !== undefined));
  const places = await Promise.all([...paths].map(async (path) => ({ path, bytes: (await measure(path))?.bytes ?? 0 })));
  return places.filter(({ bytes }) => bytes > 0 && bytes === (original?.bytes ?? bytes));
}

function isOriginal(bytes: Uint8Array, record: ImageRecord | undefined): boolean {
  return record?.original === undefined || toSha256(bytes) === record.original.sha256;
}

function mediaTypeOf(bytes: Uint8Array): string {
  const kind = sniff(bytes);
  return isFormat(kind) ? toMediaType(kind) : 'application/octet-stream';
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

function tooLarge(uri: string, id: string, path: string, bytes: number): ProtocolError {
  const message = `The original of ${id} has ${formatBytes(bytes)}, more than the ${formatBytes(maxBlobBytes)} that fit a message; read the file instead: ${showPath(path)}`;
  return new ProtocolError(ProtocolErrorCode.InvalidParams, message, { uri, reason: 'too_large' });
}

async function explainMissing({ id, original, delivered }: ImageRecord, config: Sources['config']): Promise<string> {
  const why = original
    ? `The original of ${id} was changed or removed since, as happens when the archive is full`
    : `The original of ${id} could not be kept when it was made`;
  if (delivered === undefined) return `${why}, and it was never delivered; make it again with the same prompt.`;
  const place = await findAllowed(delivered.path, config);
  const isThere = place === undefined || (await measure(place)) !== undefined;
  return isThere
    ? `${why}; read the delivered file instead: ${showPath(delivered.path)}`
    : `${why}, and the delivered file ${showPath(delivered.path)} is gone too; make it again with the same prompt.`;
}

/** The ledger still has the ids of pictures that were forgotten, and where their files went. */
async function explainUnknown(id: string, ledger: Ledger): Promise<string> {
  const lines = (await ledger.all()).flatMap((day) => day.lines);
  const files = lines.flatMap((line) => (line.event === 'finished' ? line.files : []));
  const path = files.findLast((file) => file.id === id)?.path;
  if (path !== undefined) return `The picture ${id} was forgotten; its delivered file was left where it was: ${showPath(path)}`;
  const isForgotten = lines.some((line) => line.event === 'arrived' && line.images.includes(id));
  return `${isForgotten ? `The picture ${id} was forgotten` : `limner knows no picture ${id}`}; read ${imagesUri} for the pictures there are.`;
}
