import { setImmediate } from 'node:timers/promises';
import { changeTexts, textsIn } from '../outgoing.ts';
import type { Redactor } from '../redactor.ts';
import type { Answer } from './gemini-answer.ts';
import { withPngChecksums } from './png-checksums.ts';

/** Texts from this length on are signatures, and no words; in characters. */
const longText = 100_000;

/** As much of a signature is looked through at once, in characters: a few milliseconds' work. */
const pieceLength = 32_000;

/**
 * Takes the key out of an answer, in place and before anything of it is used or kept: whoever answers has seen it, and errors and proxies repeat what
 * they have seen. A picture is changed only where the key stands in its bytes, which is nowhere in an honest one; those that were taken out of the
 * answer on its way were looked through then (`set-aside.ts`).
 */
export async function redactAnswer(answer: Answer, redactor: Redactor): Promise<void> {
  const clean = new Set<string>();
  for (const text of textsIn(answer)) if (text.length >= longText && !(await findsInParts(text, redactor))) clean.add(text);
  changeTexts(answer, (text, { isPicture }) => {
    if (isPicture) return redactPicture(text, redactor);
    // A signature is a megabyte of noise that has to go back as it came: patterns of other people's keys are not looked for in it.
    return clean.has(text) ? text : redactor.redact(text);
  });
}

/** What `finds` says, found out while others go on; where something may lie between the letters of a key, at once. */
async function findsInParts(text: string, { finds, reach }: Redactor): Promise<boolean> {
  if (!/^[\w+/=-]*$/.test(text)) return finds(text);
  for (let at = 0; at < text.length; at += pieceLength) {
    if (finds(text.slice(at, at + pieceLength + reach))) return true;
    await setImmediate();
  }
  return false;
}

function redactPicture(base64: string, { redactBytes }: Redactor): string {
  const bytes = Buffer.from(base64, 'base64');
  const clean = redactBytes(bytes);
  return clean === bytes ? base64 : Buffer.from(withPngChecksums(clean)).toString('base64');
}
