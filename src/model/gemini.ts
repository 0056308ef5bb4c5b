import type { Content, GenerateContentConfig, GoogleGenAI, Part } from '@google/genai';
import type { Secret } from '../config.ts';
import { ToolError } from '../errors.ts';
import { cleanText } from '../text.ts';
import { type Exchange, toFailure } from './failures.ts';
import { createFetch } from './fetch.ts';
import { toEmptyAnswer, toResponse } from './gemini-answer.ts';
import type { ImageModel, ImageRequest, ModelCall, Turn } from './image-model.ts';
import { toRefusal } from './refusals.ts';
import { type Attempt, withRetries } from './retries.ts';

export interface GeminiOptions {
  apiKey: Secret;
  /** Google's own when absent. */
  baseUrl: string | undefined;
}

/** Google's Gemini API through its own SDK, which is loaded on the first request. */
export function createGemini(options: GeminiOptions): ImageModel {
  let client: Promise<GoogleGenAI> | undefined;
  const mask = createMask(options.apiKey);
  return {
    backend: 'gemini',
    async generate(request, call) {
      client ??= connect(options).catch((error) => {
        client = undefined;
        throw error;
      });
      const ai = await client;
      return withRetries(call, (nudge) => ask(ai, request, call, nudge, mask));
    },
  };
}

async function connect({ apiKey, baseUrl }: GeminiOptions): Promise<GoogleGenAI> {
  const { GoogleGenAI } = await import('@google/genai');
  // v1beta with `imageConfig` is the one combination proven live on every image model.
  return new GoogleGenAI({ apiKey: apiKey.reveal(), vertexai: false, apiVersion: 'v1beta', ...(baseUrl && { httpOptions: { baseUrl } }) });
}

/** Takes the key, and whatever looks like a Google key, out of text; hidden characters go first, since they could cut a key in two. */
function createMask(apiKey: Secret): (text: string) => string {
  return (text) =>
    cleanText(text, Number.POSITIVE_INFINITY)
      .replaceAll(apiKey.reveal(), '[redacted]')
      .replace(/AIza[\w-]{20,}/g, '[redacted]');
}

async function ask(
  ai: GoogleGenAI,
  request: ImageRequest,
  call: ModelCall,
  nudge: boolean,
  mask: (text: string) => string,
): Promise<Attempt> {
  const exchange: Exchange = { model: request.model, thrown: undefined };
  const sent = { role: 'user', parts: toParts(request, nudge) } as const;
  try {
    const answer = await ai.models.generateContent({
      model: request.model,
      contents: [...(request.history?.turns ?? []).map(toContent), { role: sent.role, parts: sent.parts }],
      config: { ...toConfig(request), abortSignal: call.deadline, httpOptions: { fetch: createFetch(exchange) } },
    });
    const response = toResponse(answer, sent, mask);
    if (response.images.length > 0) return { response };
    const failure = toRefusal(toEmptyAnswer(answer, response.text, exchange.body), mask);
    // Blocked pictures are not billed; words and thoughts are.
    return { failure: failure.error.code === 'refused' || !response.usage ? failure : { ...failure, usage: response.usage } };
  } catch (thrown) {
    if (call.deadline.aborted) throw timedOut();
    return { failure: toFailure({ ...exchange, thrown }, mask) };
  }
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
    parts: parts.filter((part): part is Part => typeof part === 'object' && part !== null && !('thought' in part && part.thought)),
  };
}

function toParts(request: ImageRequest, nudge: boolean): Part[] {
  const prompt = nudge ? `Generate an image. ${request.prompt}` : request.prompt;
  const words = request.instructions === undefined ? prompt : `${prompt}\n\n${request.instructions}`;
  const pictures = [...request.images, ...(request.guide ? [request.guide] : [])].flatMap(({ label, bytes, mediaType }): Part[] => [
    { text: label },
    { inlineData: { mimeType: mediaType, data: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64') } },
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
