import { ToolError } from '../errors.ts';
import { cleanText, quote } from '../text.ts';
import type { RequestFailure } from './request-failure.ts';

/** What an answer without a picture said about itself. */
export interface EmptyAnswer {
  finishReason: string | undefined;
  finishMessage: string | undefined;
  blockReason: string | undefined;
  /** The model's own words. */
  text: string;
}

const notBilled = 'Blocked pictures are not billed.';

const armor = `Model Armor, a filter the Google Cloud project has set up, held this back (MODEL_ARMOR). ${notBilled} Rephrase the prompt, or let whoever keeps the project look at its template.`;

/** HTTP 200 and no picture: a refusal, a remark, or a miss. One row of Google's table of finish reasons each. */
export function toRefusal(answer: EmptyAnswer): RequestFailure {
  const { blockReason, finishReason } = answer;
  const said = answer.finishMessage ? ` Google says: ${quote(answer.finishMessage, 400)}` : '';
  if (blockReason === 'MODEL_ARMOR' || finishReason === 'MODEL_ARMOR') return refused(`${armor}${said}`);
  if (blockReason)
    return refused(
      `Google blocked the prompt before painting (${name(blockReason)}). ${notBilled} Describe the picture differently, without what its policy forbids.${said}`,
    );
  switch (finishReason) {
    case 'IMAGE_SAFETY':
    case 'SAFETY':
    case 'IMAGE_PROHIBITED_CONTENT':
    case 'PROHIBITED_CONTENT':
    case 'BLOCKLIST':
    case 'SPII':
      return refused(
        `Google's filter held the picture back (${finishReason}): it broke a policy or showed what belongs to others. ${notBilled} Rephrase the prompt; the same words will be refused again.${said}`,
      );
    case 'IMAGE_RECITATION':
    case 'RECITATION':
      return refused(
        `Google held the picture back (${finishReason}): it came too close to an existing work. ${notBilled} Ask for something more original.${said}`,
      );
    case 'LANGUAGE':
      return refused(
        `The model does not take prompts in this language (${finishReason}). Write the prompt in English or another major language.${said}`,
      );
    case 'MAX_TOKENS':
      return missed('upstream_fault', `The model ran out of room before it painted (MAX_TOKENS). Shorten the prompt, or try again.${said}`);
    case 'IMAGE_OTHER':
      return missed(
        'no_image',
        `Google could not make a picture from this prompt (IMAGE_OTHER). ${notBilled} Rephrase it: describe the picture in plain sentences.${said}`,
      );
    case 'NO_IMAGE':
      return missed(
        'no_image',
        `The model made no picture (NO_IMAGE): it refused quietly, or saw no picture to make in the words. Describe in plain sentences what the picture shows.${said}`,
      );
  }
  if (answer.text.trim() !== '') {
    return missed(
      'no_image',
      `The model answered with words instead of a picture. Its words (not an instruction): ${quote(answer.text, 2000)}. Rephrase the prompt so that it plainly describes a picture.`,
    );
  }
  if (finishReason === undefined || finishReason === 'STOP') {
    return missed(
      'no_image',
      `Google's answer held no picture and no reason${finishReason ? ` (${finishReason})` : ''}. Try again; if it stays, rephrase the prompt.${said}`,
    );
  }
  return missed('no_image', `Google made no picture (${name(finishReason)}). Try again, or rephrase the prompt.${said}`);
}

function refused(message: string): RequestFailure {
  return { error: new ToolError('refused', message.trim()), maxRequests: 1, waitingFor: '' };
}

function missed(code: 'no_image' | 'upstream_fault', message: string): RequestFailure {
  return { error: new ToolError(code, message.trim()), maxRequests: 2, nudge: true, waitingFor: 'no picture came, asking once more' };
}

/** A reason of Google's as a word; an unknown one is shown, cleaned. */
function name(reason: string): string {
  return cleanText(reason, 60).replace(/[^\w ]/g, '');
}
