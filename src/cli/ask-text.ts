import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import type { ReadStream, WriteStream } from 'node:tty';
import type { CliContext } from './context.ts';

/** A way to ask the person at the terminal for a line; undefined when there is none to read the question, or none to answer from. */
export function openTextQuestions(input: ReadStream, output: WriteStream, toShown: (text: string) => string): CliContext['askText'] {
  if (!input.isTTY || !output.isTTY) return undefined;
  return async (question, { hidden = false } = {}) => {
    // readline draws what is typed itself, so there it draws into nothing.
    const shown = hidden ? new Writable({ write: (_chunk, _encoding, done) => done() }) : output;
    const words = `${toShown(question)} `;
    if (hidden) output.write(words);
    const asking = createInterface({ input, output: shown, terminal: true });
    const ended = new Promise<never>((_resolve, reject) => {
      const stop = () => reject(new Error('stopped before it was answered'));
      asking.once('SIGINT', stop).once('close', stop);
    });
    try {
      return (await Promise.race([asking.question(hidden ? '' : words), ended])).trim();
    } finally {
      ended.catch(() => undefined);
      asking.close();
      if (hidden) output.write('\n');
    }
  };
}
