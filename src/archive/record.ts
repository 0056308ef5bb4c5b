import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { formats } from '../media.ts';

export const imageIdPattern = /^img_[a-z2-7]{16}$/;

const fileFacts = { path: z.string(), bytes: z.int(), sha256: z.string() };
const pixels = { format: z.enum(formats), width: z.int(), height: z.int() };

const keptFile = z.object({ ...fileFacts, ...pixels });

/** A picture file as it was when limner wrote it; `path` absolute. */
export type KeptFile = z.infer<typeof keptFile>;

const aspectRatio = z.templateLiteral([z.number(), ':', z.number()]);

const imageRecord = z.object({
  id: z.string().regex(imageIdPattern),
  /** Shared by the variations of one call. */
  call: z.string(),
  /** Which picture of the call this is, from 1. */
  number: z.int(),
  /** When the bytes arrived, ISO 8601. */
  at: z.string(),
  tool: z.string(),
  backend: z.enum(['gemini', 'standin']),
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
  plan: z.unknown(),
  /** What was done to the original for the delivered file; an edit of that file does it again. */
  finish: z.object({
    format: z.enum(formats).optional(),
    cropTo: aspectRatio.optional(),
    /** Exact pixels. */
    width: z.int().optional(),
    height: z.int().optional(),
    /** Largest file, in thousands of bytes. */
    maxKb: z.int().optional(),
    background: z.object({ method: z.enum(['key', 'two-shot']), ground: z.templateLiteral(['#', z.string()]) }).optional(),
    /** Only a part of it is the model's, laid into the picture it was made from. */
    region: z.literal(true).optional(),
  }),
  /** Where its pixels come from, as IPTC's digital source type. */
  sourceType: z.string().optional(),
  /** The first shot, of the same picture on another ground, that this one was made to be compared with. */
  shotOf: z.string().regex(imageIdPattern).optional(),
  /** The bytes as the model returned them; absent when the state folder could not be written. */
  original: z.object(fileFacts).optional(),
  /** What the original turned out to be; absent until it was looked at, and for what is no picture. */
  made: z.object(pixels).optional(),
  /** Absent until the file is where it was wanted. */
  delivered: keptFile.optional(),
  differences: z.array(z.string()),
  warnings: z.array(z.string()),
  /** US dollars; absent when unknown. */
  dollars: z.number().optional(),
  estimated: z.boolean(),
  usage: z.object({ input: z.number(), image: z.number(), text: z.number() }).optional(),
  text: z.string(),
  sources: z.array(z.object({ title: z.string(), url: z.string() })),
  searches: z.int(),
  /** What was said to make it, as kept beside it; absent when the upstream keeps no conversation or it could not be written. */
  turn: z
    .object({
      /** Name of the file with the words and pictures that were sent, shared by variations. */
      sent: z.string().regex(/^call_[a-z2-7]{16}-[0-9a-f]{12}$/),
      /** Length of both sides as JSON, thoughts left out: what they take of a later request. */
      length: z.int(),
      /** Pictures in both sides, and among them those the model made. */
      pictures: z.int(),
      made: z.int(),
      /** The picture whose conversation this turn went on with; absent when it began one. */
      after: z.string().regex(imageIdPattern).optional(),
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

export function toSha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
