import type { GenerateContentResponse, GroundingChunkWeb, Part } from '@google/genai';
import { z } from 'zod';
import { withoutHidden } from '../text.ts';
import type { ImageResponse, Source, Turn, Usage } from './image-model.ts';
import type { EmptyAnswer } from './refusals.ts';

/**
 * Collects by scanning: order is not fixed, drafts are marked as thoughts, the same picture may come twice. Nothing odd beside a picture may cost the
 * picture, which is paid for, so gaps are passed over.
 */
export function toResponse(answer: GenerateContentResponse, sent: Turn): ImageResponse {
  const candidate = answer.candidates?.[0];
  const parts = candidate?.content?.parts?.filter((part) => part !== null) ?? [];
  const finals = parts.filter((part) => !part.thought);
  const pictures = toPictures(finals);
  const arrived = finals.filter((part) => part.inlineData?.data).length;
  const drafts = pictures.length > 0 ? [] : toPictures(parts).slice(-1);
  const usage = toUsage(answer, pictures.length + drafts.length > 0);
  const grounding = candidate?.groundingMetadata;
  return {
    images: [...pictures, ...drafts],
    text: finals.flatMap((part) => (typeof part.text === 'string' ? [part.text] : [])).join(''),
    sources: grounding?.groundingChunks?.flatMap((chunk) => toSource(chunk?.web)) ?? [],
    searches: grounding?.webSearchQueries?.length ?? 0,
    ...(usage && { usage }),
    ...(answer.modelVersion && { model: answer.modelVersion }),
    exchange: { sent, received: { role: 'model', parts } },
    warnings: [
      ...(drafts.length > 0 ? ['The model sent only a draft; the last draft was saved.'] : []),
      ...(pictures.length > 0 && arrived > pictures.length ? ['The model sent the same picture more than once; it was saved once.'] : []),
    ],
  };
}

/** Pages of the web alone, their address as a browser would write it: no spaces, tags, quotation marks or links of Markdown, and no credentials. */
function toSource(page: GroundingChunkWeb | undefined): Source[] {
  const address = typeof page?.uri === 'string' ? withoutHidden(page.uri) : '';
  if (!URL.canParse(address)) return [];
  const url = new URL(address);
  if (!/^https?:$/.test(url.protocol)) return [];
  [url.username, url.password] = ['', ''];
  return [
    {
      title: typeof page?.title === 'string' ? page.title : url.hostname,
      url: url.origin + url.href.slice(url.origin.length).replace(/[[\]`]/g, encodeURIComponent),
    },
  ];
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
function toUsage({ usageMetadata }: GenerateContentResponse, hasPicture: boolean): Usage | undefined {
  if (usageMetadata?.candidatesTokenCount === undefined) return undefined;
  const counted = usageMetadata.candidatesTokensDetails?.find((detail) => detail?.modality === 'IMAGE')?.tokenCount;
  const image = counted ?? (hasPicture ? undefined : 0);
  if (image === undefined) return undefined;
  const text = Math.max(0, usageMetadata.candidatesTokenCount - image) + (usageMetadata.thoughtsTokenCount ?? 0);
  return { input: usageMetadata.promptTokenCount ?? 0, image, text };
}

export function toEmptyAnswer(answer: GenerateContentResponse, text: string, body: string | undefined): EmptyAnswer {
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
