import { basename, parse } from 'node:path';
import {
  ProtocolError,
  ProtocolErrorCode,
  type ReadResourceResult,
  type Resource,
  ResourceNotFoundError,
} from '@modelcontextprotocol/server';
import type { Ledger } from './archive/ledger.ts';
import { type ImageRecord, imageIdPattern } from './archive/record.ts';
import { findAllowed } from './files/paths.ts';
import { measure } from './files/read.ts';
import { isFormat, sniff, toExtension, toMediaType } from './media.ts';
import type { Remote } from './remote.ts';
import { catalogued, imagesUri } from './resource-uris.ts';
import { cleanText, formatBytes, quote, showPath, toCleanJson } from './text.ts';
import { findOriginals, makeSmall, type Place, readDelivered, readOriginalAt, type Sources } from './views/bytes.ts';
import { toFacts, toUri } from './views/facts.ts';
import { readFamily } from './views/family.ts';

/** Pictures that are listed as resources, and looked through to complete an id. */
const [listed, completed] = [20, 100];

/** Longest original that is handed over: clients hang up on a line of more than 10 MiB, and base64 makes three bytes four characters. */
const maxBlobBytes = 7_500_000;

/** The recent pictures as JSON. */
export async function readCatalogue(sources: Sources): Promise<string> {
  return toCleanJson({ images: (await findRecent(sources, catalogued)).map((record) => toFacts(record, 200)) });
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

/** The newest pictures whose originals are still there; nothing is offered that cannot be had. */
export async function listOriginals(sources: Sources): Promise<Resource[]> {
  const records = await findRecent(sources, listed);
  const resources = await Promise.all(
    records.map(async (record) => ((await findOriginals(record.id, record, sources)).length > 0 ? [toResource(record)] : [])),
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

/** The bytes as the model returned them. Throws what the protocol has for a resource that is not there, saying why and what to do. */
export async function readOriginal(uri: string, id: string, sources: Sources): Promise<ReadResourceResult> {
  requireId(uri, id);
  const { archive, ledger, config } = sources;
  const record = await archive.find(id);
  for (const place of await findOriginals(id, record, sources)) {
    if (place.bytes > maxBlobBytes) throw tooLarge(uri, id, place, config.remote);
    const bytes = await readOriginalAt(place, record, config);
    if (bytes) return toBlob(uri, bytes);
  }
  throw new ResourceNotFoundError(uri, record ? await explainMissing(record, config) : await explainUnknown(id, ledger));
}

/** Only what is an id becomes part of a path. */
function requireId(uri: string, id: string): void {
  if (imageIdPattern.test(id)) return;
  throw new ResourceNotFoundError(cleanText(uri, 200), `${quote(id)} is no picture id; read ${imagesUri} for the pictures there are.`);
}

function toBlob(uri: string, bytes: Uint8Array): ReadResourceResult {
  return { contents: [{ uri, mimeType: mediaTypeOf(bytes), blob: toBase64(bytes) }] };
}

function mediaTypeOf(bytes: Uint8Array): string {
  const kind = sniff(bytes);
  return isFormat(kind) ? toMediaType(kind) : 'application/octet-stream';
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

function tooLarge(uri: string, id: string, { path, bytes }: Place, remote: Remote | undefined): ProtocolError {
  const instead = remote ? `fetch /images/${id}/original over HTTP instead` : `read the file instead: ${showPath(path)}`;
  const message = `The original of ${id} has ${formatBytes(bytes)}, more than the ${formatBytes(maxBlobBytes)} that fit a message; ${instead}`;
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

/** What a picture is looked at by, beside its original. */
export const viewNames = ['preview', 'file', 'history'] as const;

/**
 * One view of a picture: `preview` small, `file` as it was delivered (the model's own bytes where that is gone or too long for a message), `history` as JSON. Throws what the protocol
 * has for a resource that is not there, saying why and what to do.
 */
export async function readView(uri: string, id: string, view: string, sources: Sources): Promise<ReadResourceResult> {
  requireId(uri, id);
  const record = await sources.archive.find(id);
  if (view === 'file') return (record && (await readFile(uri, record, sources))) ?? readOriginal(uri, id, sources);
  if (view === 'preview') return readPreview(uri, id, record, sources);
  if (view !== 'history')
    throw new ResourceNotFoundError(cleanText(uri, 200), `A picture has ${viewNames.join(', ')}, not ${quote(view)}.`);
  if (record === undefined) throw new ResourceNotFoundError(uri, await explainUnknown(id, sources.ledger));
  return { contents: [{ uri, mimeType: 'application/json', text: toCleanJson({ images: await readFamily(record, sources.archive) }) }] };
}

async function readFile(uri: string, record: ImageRecord, { config }: Sources): Promise<ReadResourceResult | undefined> {
  if ((record.delivered?.bytes ?? 0) > maxBlobBytes) return undefined;
  const bytes = await readDelivered(record, config);
  return bytes && toBlob(uri, bytes);
}

async function readPreview(uri: string, id: string, record: ImageRecord | undefined, sources: Sources): Promise<ReadResourceResult> {
  const small = await makeSmall(id, record, sources);
  if (small) return toBlob(uri, small.bytes);
  throw new ResourceNotFoundError(uri, record ? await explainMissing(record, sources.config) : await explainUnknown(id, sources.ledger));
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
