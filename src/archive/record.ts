import { createHash, randomBytes } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { backends } from '../backend.ts';
import { formats, toShape } from '../media.ts';

export const imageIdPattern = /^img_[a-z2-7]{16}$/;

const imageId = z.string().regex(imageIdPattern);
const callId = z.string().regex(/^call_[a-z2-7]{16}$/);
/** When something happened, ISO 8601 in UTC. */
const instant = z.iso.datetime();
const fileFacts = { path: z.string().max(4096), bytes: z.int().nonnegative(), sha256: z.string().regex(/^[0-9a-f]{64}$/) };
const edge = z.int().positive().max(100_000);
const pixels = { format: z.enum(formats), width: edge, height: edge };

const keptFile = z.object({ ...fileFacts, ...pixels });

/** A picture file as it was when limner wrote it; `path` absolute. */
export type KeptFile = z.infer<typeof keptFile>;

const aspectRatio = z.templateLiteral([z.number(), ':', z.number()]).refine((ratio) => toShape(ratio) > 0 && toShape(ratio) < 100_000);

/** Whether a value of JSON is nested no deeper than what limner writes: what is nested without end cannot be written again. */
export function isShallow(value: unknown, depth = 30): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return depth > 0 && Object.values(value).every((inner) => isShallow(inner, depth - 1));
}

const imageRecord = z.object({
  id: imageId,
  /** Shared by the variations of one call. */
  call: callId,
  /** Which picture of the call this is, from 1. */
  number: z.int().positive(),
  /** When the bytes arrived, ISO 8601. */
  at: instant,
  tool: z.string(),
  backend: z.enum(backends),
  /** The id that was asked, and the one that answered when it said. */
  model: z.string(),
  answeredBy: z.string().optional(),
  prompt: z.string(),
  /** Ids of the pictures it was made from, where limner made those too. */
  parents: z.array(z.string()),
  /** Every picture it was made from, as it was then. */
  inputs: z.array(z.object({ path: z.string(), sha256: z.string() })),
  /** The working folder at the time; `last` looks here after a restart. */
  folder: z.string(),
  /** Everything that was decided, for people to read. */
  plan: z.unknown().refine((plan) => isShallow(plan)),
  /** What was done to the original for the delivered file; an edit of that file does it again. */
  finish: z.object({
    format: z.enum(formats).optional(),
    cropTo: aspectRatio.optional(),
    /** Exact pixels. */
    width: edge.optional(),
    height: edge.optional(),
    /** Largest file, in thousands of bytes. */
    maxKb: z.int().positive().optional(),
    background: z
      .object({ method: z.enum(['key', 'two-shot']), ground: z.templateLiteral(['#', z.string().regex(/^[0-9a-f]{6}$/i)]) })
      .optional(),
    /** Only a part of it is the model's, laid into the picture it was made from. */
    region: z.literal(true).optional(),
  }),
  /** What it shows, for those who do not see it, as the caller said. */
  alt: z.string().max(2000).optional(),
  /** Where its pixels come from, as IPTC's digital source type. */
  sourceType: z.string().optional(),
  /** The first shot, of the same picture on another ground, that this one was made to be compared with. */
  shotOf: imageId.optional(),
  /** The bytes as the model returned them; absent when the state folder could not be written. */
  original: z.object(fileFacts).optional(),
  /** What the original turned out to be; absent until it was looked at, and for what is no picture. */
  made: z.object(pixels).optional(),
  /** Absent until the file is where it was wanted. */
  delivered: keptFile.optional(),
  differences: z.array(z.string()),
  warnings: z.array(z.string()),
  /** US dollars; absent when unknown. */
  dollars: z.number().nonnegative().optional(),
  estimated: z.boolean(),
  usage: z.object({ input: z.number(), image: z.number(), text: z.number() }).optional(),
  text: z.string(),
  sources: z.array(z.object({ title: z.string(), url: z.string() })),
  searches: z.int().nonnegative(),
  /** What was said to make it, as kept beside it; absent when the upstream keeps no conversation or it could not be written. */
  turn: z
    .object({
      /** Name of the file with the words and pictures that were sent, shared by variations. */
      sent: z.string().regex(/^call_[a-z2-7]{16}-[0-9a-f]{12}$/),
      /** Length of both sides as JSON, thoughts left out: what they take of a later request. */
      length: z.int().nonnegative(),
      /** Pictures in both sides, and among them those the model made. */
      pictures: z.int().nonnegative(),
      made: z.int().nonnegative(),
      /** The picture whose conversation this turn went on with; absent when it began one. */
      after: imageId.optional(),
    })
    .optional(),
});

/** What is kept of one picture limner made, as JSON beside its original. */
export type ImageRecord = z.infer<typeof imageRecord>;

/** A record that was delivered. */
export type DeliveredRecord = ImageRecord & { delivered: KeptFile };

/** The record a file holds, or undefined for text that is none. */
export function parseRecord(text: string): ImageRecord | undefined {
  try {
    return imageRecord.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** `img_` and 16 base32 characters: 80 random bits. */
export function newImageId(): string {
  return `img_${randomLetters()}`;
}

export function newCallId(): string {
  return `call_${randomLetters()}`;
}

function randomLetters(): string {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
  return [...randomBytes(16)].map((byte) => alphabet[byte % 32]).join('');
}

/** Sums of pictures in memory, which nobody changes: on its way to the disk each is asked for several times. */
const sums = new WeakMap<Uint8Array, string>();

/** As much is added up at once: a millisecond's work. */
const partBytes = 1024 * 1024;

export function toSha256(bytes: Uint8Array): string {
  return sums.get(bytes) ?? createHash('sha256').update(bytes).digest('hex');
}

/** The same, added up while others go on; `toSha256` then knows it of these very bytes, which must not change any more. */
export async function sumUp(bytes: Uint8Array): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes.length; at += partBytes) {
    if (at > 0) await setImmediate();
    hash.update(bytes.subarray(at, at + partBytes));
  }
  const sum = hash.digest('hex');
  sums.set(bytes, sum);
  return sum;
}
