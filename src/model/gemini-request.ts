import type { Content, GenerateContentConfig, Part } from '@google/genai';
import { z } from 'zod';
import type { ImageRequest, Turn } from './image-model.ts';

/** A request in the words of Google's SDK, and its last turn as it is kept. */
export interface GeminiRequest {
  contents: Content[];
  config: GenerateContentConfig;
  sent: Turn & { role: 'user' };
}

/** `nudge` says plainly that a picture is wanted. */
export function toGeminiRequest(request: ImageRequest, nudge: boolean): GeminiRequest {
  const sent = { role: 'user', parts: toParts(request, nudge) } as const;
  const contents = [...(request.history?.turns ?? []).map(toContent), { role: sent.role, parts: sent.parts }];
  return { contents, config: toConfig(request), sent };
}

/** What is said of a request that would take a key along. */
export const keyInRequest =
  'The request holds the API key or an access token, which never goes anywhere but into its header, so nothing was sent. Take it out of the words; where it stands in an earlier turn, start again with history off.';

/** All the words of a request; pictures were encoded anew and hold none. */
export function toWords(contents: readonly Content[]): string {
  return contents.flatMap(({ parts = [] }) => parts.flatMap(({ text }) => (typeof text === 'string' ? [text] : []))).join('\n');
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
