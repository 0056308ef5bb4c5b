import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { constants, gunzip, gzip } from 'node:zlib';
import { z } from 'zod';
import { ToolError } from '../errors.ts';
import { publish } from '../files/publish.ts';
import { exists, readBytes } from '../files/read.ts';
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
): Promise<NonNullable<ImageRecord['turn']>> {
  const sentText = JSON.stringify(exchange.sent);
  const sent = `${call}-${createHash('sha256').update(sentText).digest('hex').slice(0, 12)}`;
  await Promise.all([
    keepText(join(folder, `${sent}.json.gz`), sentText),
    keepText(join(folder, `${id}.json.gz`), JSON.stringify(exchange.received, toReferences(pictures))),
  ]);
  const goesOn: Turn = { ...exchange.received, parts: exchange.received.parts.filter((part) => !isThought(part)) };
  const made = countPictures(goesOn);
  return { sent, length: sentText.length + JSON.stringify(goesOn).length, pictures: countPictures(exchange.sent) + made, made };
}

async function keepText(path: string, text: string): Promise<void> {
  if (await exists(path)) return;
  await publish(path, await compress(text, options), 'replace', { mode: 0o600 });
}

function toReferences(pictures: ReadonlyMap<string, Uint8Array>) {
  const known = [...pictures].map(([id, bytes]) => ({
    id,
    base64: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'),
  }));
  return (key: string, value: unknown) => {
    const same = key === 'data' ? known.find(({ base64 }) => base64 === value) : undefined;
    return same ? `limner:${same.id}` : value;
  };
}

/** Drafts and thoughts are kept with the answer they led to; a later request does without them. */
function isThought(part: unknown): boolean {
  return typeof part === 'object' && part !== null && 'thought' in part && part.thought === true;
}

/** Different pictures in a turn: the same one may come twice. */
function countPictures(turn: Turn): number {
  const found = new Set<string>();
  JSON.stringify(turn, (key, value) => {
    if (key === 'data' && typeof value === 'string') found.add(value);
    return value;
  });
  return found.size;
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
