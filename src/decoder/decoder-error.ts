import { ToolError } from '../errors.ts';
import { cleanText } from '../text.ts';
import type { Limit } from './limits.ts';

/** Why a picture could not be worked on though nobody said that it is bad: what became of the process that had it. */
export type Fate =
  | { kind: 'crashed'; signal: string }
  | { kind: 'unstarted'; reason: string }
  | { kind: 'slow' | 'greedy'; limit: Limit }
  | { kind: 'missing'; reason: string };

/** A job whose process did not answer. The message is for a picture that has no name; `named` gives one. */
export class DecoderError extends ToolError {
  readonly fate: Fate;

  constructor(fate: Fate) {
    super(fate.kind === 'missing' ? 'settings' : 'unreadable_image', `The picture could not be worked on: ${describe(fate)}`);
    this.fate = fate;
  }

  /** The same, about a picture as the caller calls it. */
  named(name: string): ToolError {
    if (this.fate.kind === 'missing') return this;
    return new ToolError('unreadable_image', `${name} could not be worked on: ${describe(this.fate)} ${advise(this.fate)}`, {
      cause: this,
    });
  }
}

function describe(fate: Fate): string {
  switch (fate.kind) {
    case 'crashed':
      return isEndedFromOutside(fate)
        ? 'the decoder was ended from outside in the middle of it.'
        : `the decoder crashed on it (${fate.signal}).`;
    case 'unstarted':
      return `the decoder could not be started (${cleanText(fate.reason, 120)}).`;
    case 'slow':
      return `that took longer than ${fate.limit.work ?? fate.limit.seconds} s.`;
    case 'greedy':
      return `that needs more than ${fate.limit.megabytes} MB of memory.`;
    case 'missing':
      return `sharp, the library for it, could not be loaded (${cleanText(fate.reason.split('\n')[0] ?? '', 200)}). Reinstall limner for this computer with its optional dependencies: npm install --include=optional. Pictures can be made without it, not sent, changed or exported.`;
  }
}

function advise(fate: Fate): string {
  if (fate.kind === 'unstarted') return 'The picture is not to blame. Try again; if it stays so, the person should restart limner.';
  if (fate.kind !== 'crashed') return 'Make it smaller first, ask for a smaller size, or for another format than avif.';
  return isEndedFromOutside(fate)
    ? 'Most likely this computer ran out of memory. Try again, one picture at a time.'
    : 'It is damaged, or made to do harm. Use another file, or save it anew with a program you trust.';
}

/** SIGKILL is what systems that run out of memory, and people, send; no picture makes a process send it to itself. */
function isEndedFromOutside(fate: Fate): boolean {
  return fate.kind === 'crashed' && fate.signal === 'SIGKILL';
}
