import { z } from 'zod';
import { generateContentRequest } from './fields.ts';
import { conform, type Field, type Violation } from './schema.ts';

/** One generateContent request as received, whether or not it was accepted. */
export interface GoogleRequest {
  /** Which one this is since the start or the last `reset()`, from 1. */
  number: number;
  model: string;
  apiVersion: string;
  apiKey: string | undefined;
  /** When its headers arrived, in milliseconds of `performance.now()`. */
  at: number;
  /** The parsed JSON as it was sent; undefined when it was no JSON or too large to read. */
  body: unknown;
  /** The raw length. */
  bytes: number;
  /** All text parts of the last user turn, in order. */
  texts: string[];
  /** The pictures of the last user turn, in order: those in it, and those it refers to as files. */
  images: { mimeType: string; bytes: Buffer }[];
  aspectRatio: string | undefined;
  imageSize: string | undefined;
  responseModalities: string[] | undefined;
  search: boolean;
  /** Google's message, when the request was refused before any answer of the test was used. */
  refused: string | undefined;
  /** Whether the client went away before it had the whole answer. */
  dropped: boolean;
}

const blob = z.object({ mimeType: z.string().default(''), data: z.instanceof(Buffer).default(Buffer.alloc(0)) });
const part = z.object({
  text: z.string().optional(),
  inlineData: blob.optional(),
  fileData: z.object({ fileUri: z.string().default(''), mimeType: z.string().optional() }).optional(),
});
const content = z.object({ role: z.string().optional(), parts: z.array(part).default([]) });
const generationConfig = z.object({
  responseModalities: z.array(z.string()).optional(),
  imageConfig: z.object({ aspectRatio: z.string().optional(), imageSize: z.string().optional() }).default({}),
  thinkingConfig: z.object({ thinkingLevel: z.string().optional() }).default({}),
  candidateCount: z.number().optional(),
  responseMimeType: z.string().optional(),
});
const searchTool = z.object({ searchTypes: z.object({ imageSearch: z.unknown() }).optional() });
const bodySchema = z.object({
  contents: z.array(content).default([]),
  generationConfig: generationConfig.default({ imageConfig: {}, thinkingConfig: {} }),
  tools: z.array(z.object({ googleSearch: searchTool.optional() })).default([]),
});

export type Content = z.infer<typeof content>;
export type Part = z.infer<typeof part>;
/** What of a body matters, camelCase, defaults filled in, base64 decoded. */
export type Body = z.infer<typeof bodySchema>;

/** A body read leniently, and everything in it that Google would not have read. */
export function readBody(json: unknown, request: Field = generateContentRequest): { body: Body; violations: Violation[] } {
  const violations: Violation[] = [];
  const parsed = bodySchema.safeParse(conform(json, request, '', violations));
  return { body: parsed.success ? parsed.data : bodySchema.parse({}), violations };
}

/** What a test wants to know of a body: its last user turn and its settings. */
export function summarise(
  body: Body,
): Pick<GoogleRequest, 'texts' | 'images' | 'aspectRatio' | 'imageSize' | 'responseModalities' | 'search'> {
  const parts = body.contents.findLast((turn) => turn.role !== 'model')?.parts ?? [];
  return {
    texts: parts.flatMap(({ text }) => (text === undefined ? [] : [text])),
    images: parts.flatMap(({ inlineData }) => (inlineData ? [{ mimeType: inlineData.mimeType, bytes: inlineData.data }] : [])),
    aspectRatio: body.generationConfig.imageConfig.aspectRatio,
    imageSize: body.generationConfig.imageConfig.imageSize,
    responseModalities: body.generationConfig.responseModalities,
    search: body.tools.some((tool) => tool.googleSearch !== undefined),
  };
}

/** What requests to Vertex AI have for `apiVersion`. */
export const vertexVersion = 'v1beta1';

export function isForVertex({ apiVersion }: Pick<GoogleRequest, 'apiVersion'>): boolean {
  return apiVersion === vertexVersion;
}
