import type { GenerateContentResponse, GroundingChunkWeb, Part } from '@google/genai';
import { z } from 'zod';
import { withoutHidden } from '../text.ts';
import type { ImageResponse, Source, Turn, Usage } from './image-model.ts';
import type { EmptyAnswer } from './refusals.ts';
import type { SetAside } from './set-aside.ts';

/** What is read of an answer, whether the SDK or a batch brought it. */
export type Answer = Pick<GenerateContentResponse, 'candidates' | 'promptFeedback' | 'usageMetadata' | 'modelVersion'>;

/**
 * Collects by scanning: order is not fixed, drafts are marked as thoughts, the same picture may come twice. Nothing odd beside a picture may cost the
 * picture, which is paid for, so gaps are passed over.
 */
export function toResponse(answer: Answer, sent: Turn, aside: Pick<SetAside, 'find'>): ImageResponse {
  const candidate = answer.candidates?.[0];
  const parts = withPictures(candidate?.content?.parts?.filter((part) => part !== null) ?? [], aside);
  const finals = parts.filter(({ part }) => !part.thought);
  const pictures = toPictures(finals);
  const arrived = finals.filter(({ part }) => part.inlineData?.data).length;
  const drafts = pictures.length > 0 ? [] : toPictures(parts).slice(-1);
  const usage = toUsage(answer, pictures.length + drafts.length > 0);
  const grounding = candidate?.groundingMetadata;
  return {
    images: [...pictures, ...drafts],
    text: finals.flatMap(({ part }) => (typeof part.text === 'string' ? [part.text] : [])).join(''),
    sources: grounding?.groundingChunks?.flatMap((chunk) => toSource(chunk?.web)) ?? [],
    searches: grounding?.webSearchQueries?.length ?? 0,
    ...(usage && { usage }),
    ...(answer.modelVersion && { model: answer.modelVersion }),
    exchange: { sent, received: { role: 'model', parts: parts.map(toKept) } },
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

/** A part, and the picture in it. */
interface Received {
  part: Part;
  bytes?: Uint8Array;
}

/** The same picture twice is the same bytes twice. Node's decoder takes what `base64.ts` takes. */
function withPictures(parts: readonly Part[], aside: Pick<SetAside, 'find'>): Received[] {
  const known = new Map<string, Uint8Array[]>();
  return parts.map((part) => {
    const data = part.inlineData?.data;
    const bytes = typeof data === 'string' ? (aside.find(data) ?? new Uint8Array(Buffer.from(data, 'base64'))) : undefined;
    if (bytes === undefined || bytes.length === 0) return { part };
    const alike = known.get(toHint(bytes)) ?? [];
    const same = alike.find((other) => Buffer.compare(other, bytes) === 0);
    if (same === undefined) known.set(toHint(bytes), [...alike, bytes]);
    return { part, bytes: same ?? bytes };
  });
}

/** The same for the same bytes, and hardly ever for others: most of a picture's header, and its length. */
function toHint(bytes: Uint8Array): string {
  return `${bytes.length} ${Buffer.from(bytes.subarray(0, 4096)).toString('latin1')}`;
}

function toPictures(parts: readonly Received[]): Uint8Array[] {
  return [...new Set(parts.flatMap(({ bytes = [] }) => bytes))];
}

/** The part as it came, but for its picture, which is there as bytes. */
function toKept({ part, bytes }: Received): unknown {
  return bytes === undefined ? part : { ...part, inlineData: { ...part.inlineData, data: bytes } };
}

/** Everything put out that is no picture is billed as text: thoughts, remarks, and what the image count does not explain. */
function toUsage({ usageMetadata }: Answer, hasPicture: boolean): Usage | undefined {
  if (usageMetadata?.candidatesTokenCount === undefined) return undefined;
  const counted = usageMetadata.candidatesTokensDetails?.find((detail) => detail?.modality === 'IMAGE')?.tokenCount;
  const image = counted ?? (hasPicture ? undefined : 0);
  if (image === undefined) return undefined;
  const text = Math.max(0, usageMetadata.candidatesTokenCount - image) + (usageMetadata.thoughtsTokenCount ?? 0);
  return { input: usageMetadata.promptTokenCount ?? 0, image, text };
}

export function toEmptyAnswer(answer: Answer, text: string, body: string | undefined): EmptyAnswer {
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
