import { findModel, newest } from './models.ts';
import { jsonReply, type Reply } from './reply.ts';
import { type GoogleRequest, isForVertex } from './request.ts';

const thoughtTokens = 174;

/** What of an answer the envelope does not know by itself. */
export interface Answered {
  candidates?: readonly unknown[] | undefined;
  promptFeedback?: unknown;
  /** How many pictures are billed. */
  pictures?: number;
  /** False leaves usageMetadata out. */
  usage?: boolean | undefined;
}

/** A 200 answer as Google wraps it. Headers and field order as recorded. */
export function envelope(request: GoogleRequest, { candidates, promptFeedback, pictures = 0, usage = true }: Answered): Reply {
  const body = {
    ...(candidates && { candidates }),
    ...(promptFeedback !== undefined && { promptFeedback }),
    ...(usage && { usageMetadata: usageOf(request, pictures, candidates === undefined) }),
    modelVersion: request.model,
    ...(isForVertex(request) && { createTime: '2026-11-22T09:30:00.123456Z' }),
    responseId: responseIdOf(request),
  };
  if (isForVertex(request)) return jsonReply(200, body);
  return jsonReply(200, body, { 'x-gemini-service-tier': 'standard', 'server-timing': 'gfet4t7; dur=11823' });
}

/** One candidate that ended well. */
export function candidate(parts: readonly unknown[], finishReason: string, more: Record<string, unknown> = {}): unknown {
  return { content: { parts, role: 'model' }, finishReason, index: 0, ...more };
}

/** Unlike any other of this server's, and the same again in the next run. */
export function responseIdOf(request: GoogleRequest): string {
  return `limner-test-${String(request.number).padStart(6, '0')}`;
}

function imageTokensOf(request: GoogleRequest): number {
  const { imageTokens } = findModel(request.model) ?? newest;
  return imageTokens[request.imageSize ?? '1K'] ?? 1120;
}

/** A picture answer holds more output tokens than its pictures: 163 more in the recording. A blocked prompt has used none at all. */
function usageOf(request: GoogleRequest, pictures: number, blocked: boolean): Record<string, unknown> {
  const text = Math.max(1, Math.ceil(request.texts.join(' ').length / 4));
  const images = request.images.length * 258;
  const promptTokensDetails = [{ modality: 'TEXT', tokenCount: text }, ...(images > 0 ? [{ modality: 'IMAGE', tokenCount: images }] : [])];
  const tier = isForVertex(request) ? { trafficType: 'ON_DEMAND' } : { serviceTier: 'standard' };
  const prompt = { promptTokenCount: text + images, promptTokensDetails, ...tier };
  if (blocked) return { ...prompt, totalTokenCount: text + images };
  const imageTokens = pictures * imageTokensOf(request);
  const candidates = pictures > 0 ? imageTokens + 163 : 0;
  return {
    ...prompt,
    ...(pictures > 0 && {
      candidatesTokenCount: candidates,
      candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: imageTokens }],
    }),
    thoughtsTokenCount: thoughtTokens,
    totalTokenCount: text + images + candidates + thoughtTokens,
  };
}
