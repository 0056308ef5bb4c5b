import { setTimeout } from 'node:timers/promises';
import type { GenerateContentConfig, GenerateContentResponse, GoogleGenAI, GroundingChunkWeb, Part } from '@google/genai';
import { z } from 'zod';
import type { Secret } from '../config.ts';
import { ToolError } from '../errors.ts';
import { cleanText } from '../text.ts';
import { type Exchange, type RequestFailure, toFailure } from './failures.ts';
import { createFetch } from './fetch.ts';
import type { ImageModel, ImageRequest, ImageResponse, ModelCall, Source, Usage } from './image-model.ts';
import { type EmptyAnswer, toRefusal } from './refusals.ts';

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
      client ??= connect(options);
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

type Attempt = { response: ImageResponse } | { failure: RequestFailure };

/** Back-off between tries, full jitter, in milliseconds. Google's own advice, `RetryInfo`, is kept to the letter where it gives one. */
const backOff = { base: 1000, cap: 8000, jitter: 0.2 } as const;

/**
 * At most three requests for one picture, fewer where the failure says so. No retry before `RetryInfo` ends, none that cannot end before the deadline,
 * none after the caller has gone.
 */
async function withRetries(call: ModelCall, attempt: (nudge: boolean) => Promise<Attempt>): Promise<ImageResponse> {
  let nudge = false;
  let maybeBilled = false;
  for (let sent = 1; ; sent += 1) {
    if (call.cancelled.aborted) throw new ToolError('cancelled', 'The call was cancelled before this picture was asked for.');
    const result = await attempt(nudge);
    if ('response' in result) return maybeBilled ? withNote(result.response) : result.response;
    const { failure } = result;
    const waitMs =
      failure.waitMs === undefined
        ? Math.random() * Math.min(backOff.cap, backOff.base * 2 ** (sent - 1))
        : failure.waitMs * (1 + Math.random() * backOff.jitter);
    if (sent >= failure.maxRequests || call.cancelled.aborted || waitMs >= call.remainingMs()) {
      throw maybeBilled ? withNoteOnError(failure.error) : failure.error;
    }
    nudge ||= failure.nudge ?? false;
    maybeBilled ||= failure.maybeBilled ?? false;
    call.onWait(failure.waitingFor);
    await pause(waitMs, [call.cancelled, call.deadline]);
  }
}

const earlierAttempt = 'An earlier attempt broke off without a picture and may have been billed as well.';

function withNote(response: ImageResponse): ImageResponse {
  return { ...response, warnings: [...response.warnings, earlierAttempt] };
}

function withNoteOnError({ code, message, retryAfterSeconds }: ToolError): ToolError {
  return new ToolError(code, `${message} ${earlierAttempt}`, retryAfterSeconds === undefined ? {} : { retryAfterSeconds });
}

/** Resolves after the time, or as soon as one of the signals fires. */
async function pause(milliseconds: number, signals: AbortSignal[]): Promise<void> {
  await setTimeout(milliseconds, undefined, { signal: AbortSignal.any(signals) }).catch(() => undefined);
}

async function ask(
  ai: GoogleGenAI,
  request: ImageRequest,
  call: ModelCall,
  nudge: boolean,
  mask: (text: string) => string,
): Promise<Attempt> {
  const exchange: Exchange = { model: request.model, thrown: undefined };
  try {
    const answer = await ai.models.generateContent({
      model: request.model,
      contents: [{ role: 'user', parts: toParts(request, nudge) }],
      config: { ...toConfig(request), abortSignal: call.deadline, httpOptions: { fetch: createFetch(exchange) } },
    });
    const response = toResponse(answer, mask);
    if (response.images.length > 0) return { response };
    return { failure: toRefusal(toEmptyAnswer(answer, response.text, exchange.body), mask) };
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

function toParts(request: ImageRequest, nudge: boolean): Part[] {
  const words = nudge ? `Generate an image. ${request.prompt}` : request.prompt;
  const pictures = request.images.flatMap(({ label, bytes, mediaType }): Part[] => [
    { text: label },
    { inlineData: { mimeType: mediaType, data: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64') } },
  ]);
  return [{ text: words }, ...pictures];
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

/**
 * Collects by scanning: order is not fixed, drafts are marked as thoughts, the same picture may come twice. Nothing odd beside a picture may cost the
 * picture, which is paid for, so gaps are passed over.
 */
function toResponse(answer: GenerateContentResponse, mask: (text: string) => string): ImageResponse {
  const candidate = answer.candidates?.[0];
  const parts = candidate?.content?.parts?.filter((part) => part !== null) ?? [];
  const finals = parts.filter((part) => !part.thought);
  const pictures = toPictures(finals);
  const drafts = pictures.length > 0 ? [] : toPictures(parts).slice(-1);
  const usage = toUsage(answer);
  const grounding = candidate?.groundingMetadata;
  return {
    images: [...pictures, ...drafts],
    text: mask(finals.flatMap((part) => (typeof part.text === 'string' ? [part.text] : [])).join('')),
    sources: grounding?.groundingChunks?.flatMap((chunk) => toSource(chunk?.web)) ?? [],
    searches: grounding?.webSearchQueries?.length ?? 0,
    ...(usage && { usage }),
    ...(answer.modelVersion && { model: answer.modelVersion }),
    warnings: drafts.length > 0 ? ['The model sent only a draft; the last draft was saved.'] : [],
  };
}

function toSource(page: GroundingChunkWeb | undefined): Source[] {
  return page?.uri ? [{ title: page.title ?? page.uri, url: page.uri }] : [];
}

/** Node's decoder takes both base64 alphabets, line breaks and missing padding, as upstreams have been seen to send. */
function toPictures(parts: readonly Part[]): Uint8Array[] {
  const seen = new Set<string>();
  return parts.flatMap(({ inlineData }) => {
    if (typeof inlineData?.data !== 'string' || seen.has(inlineData.data)) return [];
    seen.add(inlineData.data);
    const bytes = Buffer.from(inlineData.data, 'base64');
    return bytes.length > 0 ? [bytes] : [];
  });
}

/** Everything put out that is no picture is billed as text: thoughts, remarks, and what the image count does not explain. */
function toUsage({ usageMetadata }: GenerateContentResponse): Usage | undefined {
  if (usageMetadata?.candidatesTokenCount === undefined) return undefined;
  const image = usageMetadata.candidatesTokensDetails?.find((detail) => detail?.modality === 'IMAGE')?.tokenCount;
  if (image === undefined) return undefined;
  const text = Math.max(0, usageMetadata.candidatesTokenCount - image) + (usageMetadata.thoughtsTokenCount ?? 0);
  return { input: usageMetadata.promptTokenCount ?? 0, image, text };
}

function toEmptyAnswer(answer: GenerateContentResponse, text: string, body: string | undefined): EmptyAnswer {
  const finishReason = answer.candidates?.[0]?.finishReason;
  return { finishReason, finishMessage: toFinishMessage(body), blockReason: answer.promptFeedback?.blockReason, text };
}

const withFinishMessage = z.object({ candidates: z.array(z.object({ finishMessage: z.string().optional() })) });

/** The SDK drops Google's own words on a refusal, so they are read from the body, which is short when it holds no picture. */
function toFinishMessage(body: string | undefined): string | undefined {
  try {
    return withFinishMessage.parse(JSON.parse(body ?? '')).candidates[0]?.finishMessage;
  } catch {
    return undefined;
  }
}
