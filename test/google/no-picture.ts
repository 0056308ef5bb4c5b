import type { Answer } from './answer.ts';
import { candidate, envelope } from './envelope.ts';
import { jsonReply } from './reply.ts';

/** How a candidate without a picture may look: `content` is `{}`, has nothing but a role, or is missing. */
export type RefusedContent = 'empty' | 'role' | 'missing';
export type EmptyKind = 'no-candidates' | 'empty-object' | 'no-parts' | 'null-parts' | 'zero-bytes';

const finishMessages: Record<string, string> = {
  IMAGE_SAFETY:
    "Unable to show the generated image. The image was filtered out because it violated Google's Generative AI Prohibited Use policy. You will not be charged for blocked images. Try rephrasing the prompt.",
  IMAGE_PROHIBITED_CONTENT:
    'Unable to show the generated image. The image was filtered out due to interests of third-party content providers. Please edit your prompt and try again. Support code: 35561575.',
  IMAGE_OTHER:
    'Unable to show the generated image. The model could not generate the image based on the prompt provided. You will not be charged.',
};

/** HTTP 200 without a picture. The message is Google's usual one for the reason, if it has one. */
export function refusal(finishReason: string, finishMessage = finishMessages[finishReason], content: RefusedContent = 'empty'): Answer {
  const contents = { empty: { content: {} }, role: { content: { role: 'model' } }, missing: {} };
  const refused = { ...contents[content], finishReason, ...(finishMessage !== undefined && { finishMessage }), index: 0 };
  return (request) => envelope(request, { candidates: [refused] });
}

/** The prompt itself was blocked: promptFeedback and no candidates. */
export function blocked(blockReason: string): Answer {
  return (request) => envelope(request, { promptFeedback: { blockReason } });
}

/** Words and no picture, finishReason STOP: an apology or a question. */
export function textOnly(text: string): Answer {
  return (request) => envelope(request, { candidates: [candidate([{ text }], 'STOP')] });
}

/** The ways in which an answer has been seen to hold nothing. */
export function empty(kind: EmptyKind): Answer {
  return (request) => {
    if (kind === 'empty-object') return jsonReply(200, {});
    if (kind === 'no-candidates') return envelope(request, { candidates: [] });
    if (kind === 'no-parts') return envelope(request, { candidates: [candidate([], 'STOP')] });
    if (kind === 'null-parts')
      return envelope(request, { candidates: [{ content: { parts: null, role: 'model' }, finishReason: 'STOP', index: 0 }] });
    return envelope(request, { candidates: [candidate([{ inlineData: { mimeType: 'image/jpeg', data: '' } }], 'STOP')] });
  };
}

/** Raw 200 JSON of the test's own making. */
export function json(value: unknown): Answer {
  return () => jsonReply(200, value);
}
