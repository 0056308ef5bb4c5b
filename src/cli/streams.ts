import type { ReadStream, WriteStream } from 'node:tty';
import type { CliContext } from './context.ts';

/** A way to put questions to the person at the terminal; undefined when there is none to read them, or none to answer from. */
export function openQuestions(stdin: ReadStream, stderr: WriteStream, toShown: (text: string) => string): CliContext['ask'] {
  if (!stdin.isTTY || !stderr.isTTY) return undefined;
  return async (question, stopped) => {
    const { createInterface } = await import('node:readline/promises');
    // As no terminal, so that Ctrl-C is the signal it is everywhere else.
    const asking = createInterface({ input: stdin, output: stderr, terminal: false });
    const ended = new AbortController();
    const end = () => ended.abort();
    asking.once('close', end);
    stopped?.addEventListener('abort', end, { once: true });
    try {
      return /^y(es)?$/i.test((await asking.question(`${toShown(question)} [y/N] `, { signal: ended.signal })).trim());
    } catch {
      // Nothing was said: the input ended, or the person had enough.
      stderr.write('\n');
      return false;
    } finally {
      asking.close();
    }
  };
}

/** More than the longest prompt, in characters, so that a longer one is refused and not cut. */
const mostInput = 100_000;

/** All that comes in, as text. */
export async function readInput(stdin: ReadStream): Promise<string> {
  let text = '';
  for await (const chunk of stdin.setEncoding('utf8')) {
    text += chunk;
    if (text.length > mostInput) break;
  }
  return text;
}
