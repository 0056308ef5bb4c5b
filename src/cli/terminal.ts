import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

/** Where a person sits, if anybody does. */
export interface Terminal {
  input: NodeJS.ReadStream;
  output: NodeJS.WriteStream;
}

/** The answer to a question, trimmed. `isHidden`: nothing of what is typed is shown. Rejects when the person ends the input instead. */
export async function askAtTerminal({ input, output }: Terminal, question: string, isHidden: boolean): Promise<string> {
  // readline draws what is typed itself, so there it draws into nothing.
  const shown = isHidden ? new Writable({ write: (_chunk, _encoding, done) => done() }) : output;
  if (isHidden) output.write(`${question} `);
  const asking = createInterface({ input, output: shown, terminal: true });
  const ended = new Promise<never>((_resolve, reject) => {
    asking.once('SIGINT', () => reject(new Error('stopped before it was answered')));
    asking.once('close', () => reject(new Error('stopped before it was answered')));
  });
  try {
    return (await Promise.race([asking.question(isHidden ? '' : `${question} `), ended])).trim();
  } finally {
    ended.catch(() => undefined);
    asking.close();
    if (isHidden) output.write('\n');
  }
}
