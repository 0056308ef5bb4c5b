import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { constants, gunzip, gzip } from 'node:zlib';
import { z } from 'zod';
import { ToolError } from '../errors.ts';
import { publish } from '../files/publish.ts';
import { exists, readBytes } from '../files/read.ts';
import type { Settling } from '../files/settling.ts';
import type { Exchange, Turn } from '../model/image-model.ts';
import { type ImageRecord, isShallow } from './record.ts';

/** Signatures are base64 of noise: coding single letters takes a quarter off in a tenth of the time a search for repetitions would need. */
const options = { strategy: constants.Z_HUFFMAN_ONLY };
const [compress, decompress] = [promisify(gzip), promisify(gunzip)];

/** Longest turn that is unpacked, in bytes of JSON: no request may be longer, so no answer to one is worth more. */
const maxTurnLength = 60_000_000;

const turn = z.object({ role: z.enum(['user', 'model']), parts: z.array(z.unknown()).refine((parts) => isShallow(parts)) });

/** A picture of the model's inside a turn stands as a reference to its original, where the bytes already are. */
const reference = /^limner:(img_[a-z2-7]{16})$/;

/**
 * Keeps both sides of what was said to make a picture, compressed: what was sent once for all variations of a call, what came under the picture's id.
 * Resolves with what the record has to hold of it. Throws `cannot_write`.
 */
export async function keepExchange(
  folder: string,
  id: string,
  call: string,
  exchange: Exchange,
  pictures: ReadonlyMap<string, Uint8Array>,
  settling?: Settling,
): Promise<NonNullable<ImageRecord['turn']>> {
  const { sent: said, received } = exchange;
  const sentText = JSON.stringify(said);
  const sent = `${call}-${createHash('sha256').update(sentText).digest('hex').slice(0, 12)}`;
  await Promise.all([
    keepText(join(folder, `${sent}.json.gz`), sentText, settling),
    keepText(join(folder, `${id}.json.gz`), toReceivedText(received, pictures), settling),
  ]);
  const goesOn = received.parts.filter((part) => !isThought(part));
  const made = countPictures(goesOn);
  return { sent, length: sentText.length + measureText(received, goesOn), pictures: countPictures(said.parts) + made, made };
}

async function keepText(path: string, text: string, settling: Settling | undefined): Promise<void> {
  if (await exists(path)) return;
  await publish(path, await compress(text, options), 'replace', { mode: 0o600, settling });
}

/** What came, as JSON: a picture that is kept is a reference, and one that is not, a draft or one of several, base64 of it. */
function toReceivedText(received: Turn, pictures: ReadonlyMap<string, Uint8Array>): string {
  const toText = (bytes: Uint8Array) => {
    const [id] = [...pictures].find(([, other]) => isSame(bytes, other)) ?? [];
    return id === undefined ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64') : `limner:${id}`;
  };
  return JSON.stringify({ ...received, parts: received.parts.map((part) => withText(part, toText)) }, withoutForged(pictures));
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one === other || (one.length === other.length && Buffer.compare(one, other) === 0);
}

/** References are ours to make: one that came is not to be exchanged for a picture of the archive. */
function withoutForged(pictures: ReadonlyMap<string, Uint8Array>) {
  return (key: string, value: unknown) => {
    const id = key === 'data' && typeof value === 'string' ? reference.exec(value)?.[1] : undefined;
    return id === undefined || pictures.has(id) ? value : '';
  };
}

/** Length of what came as JSON with all of its pictures as base64, without making any. */
function measureText(received: Turn, parts: readonly unknown[]): number {
  let length = 0;
  const toNothing = (bytes: Uint8Array) => {
    length += 4 * Math.ceil(bytes.length / 3);
    return '';
  };
  return JSON.stringify({ ...received, parts: parts.map((part) => withText(part, toNothing)) }).length + length;
}

const withBytes = z.looseObject({ inlineData: z.looseObject({ data: z.instanceof(Uint8Array) }) });

/** A part with its picture, if it has one as bytes, in other words. */
function withText(part: unknown, toText: (bytes: Uint8Array) => string): unknown {
  const picture = withBytes.safeParse(part).data;
  return picture ? { ...picture, inlineData: { ...picture.inlineData, data: toText(picture.inlineData.data) } } : part;
}

/** Drafts and thoughts are kept with the answer they led to; a later request does without them. */
function isThought(part: unknown): boolean {
  return typeof part === 'object' && part !== null && 'thought' in part && part.thought === true;
}

/** Different pictures among parts: the same one may come twice. */
function countPictures(parts: readonly unknown[]): number {
  return new Set(parts.flatMap(findPictures)).size;
}

/** Pictures as bytes or base64, anywhere in a value of JSON. */
function findPictures(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const isPicture = key === 'data' && (typeof inner === 'string' || inner instanceof Uint8Array);
    return isPicture ? [inner] : inner instanceof Uint8Array ? [] : findPictures(inner);
  });
}

/** The two sides of what made a picture, as they were; undefined when either is no longer there. `original` reads a picture's bytes by its id. */
export async function loadExchange(
  folder: string,
  { id, turn: kept }: ImageRecord,
  original: (id: string) => Promise<Uint8Array | undefined>,
): Promise<Exchange | undefined> {
  if (kept === undefined) return undefined;
  const [sent, received] = await Promise.all([readTurn(folder, kept.sent, original), readTurn(folder, id, original)]);
  return sent && received && { sent, received };
}

async function readTurn(
  folder: string,
  name: string,
  original: (id: string) => Promise<Uint8Array | undefined>,
): Promise<Turn | undefined> {
  const packed = await readBytes(join(folder, `${name}.json.gz`));
  const text = packed && (await decompress(packed, { maxOutputLength: maxTurnLength }).catch(() => undefined))?.toString();
  if (text === undefined) return undefined;
  const originals = new Map<string, string>();
  for (const [, id = ''] of text.matchAll(/"limner:(img_[a-z2-7]{16})"/g)) {
    const bytes = await original(id);
    if (bytes) originals.set(id, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'));
  }
  try {
    return turn.parse(JSON.parse(text, (key, value) => (key === 'data' ? fromReference(value, originals) : value)));
  } catch {
    return undefined;
  }
}

function fromReference(value: unknown, originals: ReadonlyMap<string, string>): unknown {
  const id = typeof value === 'string' ? reference.exec(value)?.[1] : undefined;
  if (id === undefined) return value;
  const base64 = originals.get(id);
  if (base64 === undefined) throw new ToolError('not_found', `the original of ${id} is gone`);
  return base64;
}
