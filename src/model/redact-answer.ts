import type { GenerateContentResponse } from '@google/genai';
import { changeTexts } from '../outgoing.ts';
import type { Redactor } from '../redactor.ts';
import { withPngChecksums } from './png-checksums.ts';

/**
 * Takes the key out of an answer, in place and before anything of it is used or kept: whoever answers has seen it, and errors and proxies repeat what
 * they have seen. A picture is changed only where the key stands in its bytes, which is nowhere in an honest one.
 */
export function redactAnswer(answer: GenerateContentResponse, redactor: Redactor): void {
  changeTexts(answer, (text, { isPicture }) => (isPicture ? redactPicture(text, redactor) : redactText(text, redactor)));
}

/** Signatures are a megabyte of noise that has to go back as it came: patterns of other people's keys are not looked for in them. */
function redactText(text: string, { redact, finds }: Redactor): string {
  return text.length < 100_000 || finds(text) ? redact(text) : text;
}

function redactPicture(base64: string, { redactBytes }: Redactor): string {
  const bytes = Buffer.from(base64, 'base64');
  const clean = redactBytes(bytes);
  return clean === bytes ? base64 : Buffer.from(withPngChecksums(clean)).toString('base64');
}
