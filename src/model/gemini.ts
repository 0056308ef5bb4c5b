import type { Content, GenerateContentConfig, GoogleGenAI, Part } from '@google/genai';
import { z } from 'zod';
import { ToolError } from '../errors.ts';
import type { Redactor } from '../redactor.ts';
import type { Secret } from '../settings/key.ts';
import { type Exchange, toFailure } from './failures.ts';
import { createFetch, type Door, googleUrl, toDoor } from './fetch.ts';
import { toEmptyAnswer, toResponse } from './gemini-answer.ts';
import type { ImageModel, ImageRequest, ModelCall, Turn } from './image-model.ts';
import { redactAnswer } from './redact-answer.ts';
import { toRefusal } from './refusals.ts';
import { fail } from './request-failure.ts';
import { type Attempt, withRetries } from './retries.ts';
import { createSetAside } from './set-aside.ts';

export interface GeminiOptions {
  apiKey: Secret;
  /** Keeps that key out of what comes back. */
  redactor: Redactor;
  /** Google's own when absent. */
  baseUrl: string | undefined;
}

/** Google's Gemini API through its own SDK, which is loaded on the first request. */
export function createGemini(options: GeminiOptions): ImageModel {
  let client: Promise<GoogleGenAI> | undefined;
  const door = toDoor(options.apiKey, options.baseUrl);
  return {
    backend: 'gemini',
    async generate(request, call) {
      client ??= connect(options).catch((error) => {
        client = undefined;
        throw error;
      });
      const ai = await client;
      return withRetries(call, (nudge) => ask({ ai, door, redactor: options.redactor }, request, call, nudge));
    },
  };
}

/** The SDK never has the key, so nothing it logs, throws or holds can show it: `fetch.ts` puts it on. All that could lead it elsewhere is named. */
async function connect({ baseUrl = googleUrl }: GeminiOptions): Promise<GoogleGenAI> {
  const { GoogleGenAI } = await import('@google/genai');
  // v1beta with `imageConfig` is the one combination proven live on every image model.
  return new GoogleGenAI({ apiKey: 'put-on-by-fetch', vertexai: false, apiVersion: 'v1beta', httpOptions: { baseUrl } });
}

interface Upstream {
  ai: GoogleGenAI;
  door: Door;
  redactor: Redactor;
}

async function ask({ ai, door, redactor }: Upstream, request: ImageRequest, call: ModelCall, nudge: boolean): Promise<Attempt> {
  const exchange: Exchange = { model: request.model, thrown: undefined };
  const sent = { role: 'user', parts: toParts(request, nudge) } as const;
  const pictures = createSetAside(redactor, call.beginPicture);
  const contents = [...(request.history?.turns ?? []).map(toContent), { role: sent.role, parts: sent.parts }];
  if (redactor.finds(toWords(contents))) return { failure: fail('invalid_argument', keyInRequest) };
  try {
    const answer = await ai.models.generateContent({
      model: request.model,
      contents,
      config: { ...toConfig(request), abortSignal: call.deadline, httpOptions: { fetch: createFetch(exchange, door, pictures) } },
    });
    await redactAnswer(answer, redactor);
    const response = toResponse(answer, sent, pictures);
    if (response.images.length > 0) return { response };
    const failure = toRefusal(toEmptyAnswer(answer, response.text, redactor.redact(exchange.body ?? '')));
    // Blocked pictures are not billed; words and thoughts are.
    return { failure: failure.error.code === 'refused' || !response.usage ? failure : { ...failure, usage: response.usage } };
  } catch (thrown) {
    if (call.deadline.aborted) throw timedOut();
    return { failure: toFailure({ ...exchange, thrown, body: redactor.redact(exchange.body ?? '') }) };
  }
}

const keyInRequest =
  'The request holds the API key, which never goes anywhere but into its header, so nothing was sent. Take it out of the words; where it stands in an earlier turn, start again with history off.';

/** All the words of a request; pictures were encoded anew and hold none. */
function toWords(contents: readonly Content[]): string {
  return contents.flatMap(({ parts = [] }) => parts.flatMap(({ text }) => (typeof text === 'string' ? [text] : []))).join('\n');
}

function timedOut(): ToolError {
  return new ToolError(
    'timeout',
    'The picture was not ready in time and may have been billed. Try again, ask for a lower resolution, or let the person raise LIMNER_TIMEOUT_MS.',
  );
}

/** An earlier turn as it was, each signature on its own part. Thoughts are not sent back. */
function toContent({ role, parts }: Turn): Content {
  return {
    role,
    parts: parts
      .filter((part): part is Part => typeof part === 'object' && part !== null && !('thought' in part && part.thought))
      .map(withBase64),
  };
}

const withBytes = z.looseObject({ inlineData: z.looseObject({ data: z.instanceof(Uint8Array) }) });

/** A picture as it travels. */
function withBase64(part: Part): Part {
  const { data: picture } = withBytes.safeParse(part);
  return picture ? { ...part, inlineData: { ...part.inlineData, data: toBase64(picture.inlineData.data) } } : part;
}

function toBase64({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}

function toParts(request: ImageRequest, nudge: boolean): Part[] {
  const prompt = nudge ? `Generate an image. ${request.prompt}` : request.prompt;
  const words = request.instructions === undefined ? prompt : `${prompt}\n\n${request.instructions}`;
  const pictures = [...request.images, ...(request.guide ? [request.guide] : [])].flatMap(({ label, bytes, mediaType }): Part[] => [
    { text: label },
    { inlineData: { mimeType: mediaType, data: toBase64(bytes) } },
  ]);
  // With one picture alone, and that one in the conversation, nobody has to be told which is meant.
  const earlier = request.history && pictures.length > 0 ? [{ text: `${request.history.label}: the last picture above` }] : [];
  return [{ text: words }, ...earlier, ...pictures];
}

/**
 * The ratio is always sent: without it the model picks one by the meaning of the words. Text is allowed so that a refusal can give its reason. The SDK's
 * automatic continuation would send further requests that nobody counts.
 */
function toConfig({ aspectRatio, resolution, webSearch }: ImageRequest): GenerateContentConfig {
  return {
    responseModalities: ['TEXT', 'IMAGE'],
    imageConfig: { aspectRatio, imageSize: resolution },
    automaticContinuation: false,
    ...(webSearch && { tools: [{ googleSearch: {} }] }),
  };
}
