import type { ReadStream, WriteStream } from 'node:tty';
import { readText } from '../files/read.ts';
import type { StatusLine, Styled, Terminal } from './context.ts';

type Env = Terminal['env'];

/** Of a terminal that does not know its own. */
const usualSize = { columns: 80, rows: 24 } as const;

/** How long a terminal may take to answer, in milliseconds: here, and at the other end of a network. */
const [answersWithin, answersRemotelyWithin] = [200, 1000];

/** The terminal that stdout is; undefined when it is none. */
export async function openTerminal(stdin: ReadStream, stdout: WriteStream, env: Env): Promise<Terminal | undefined> {
  if (!stdout.isTTY) return undefined;
  const patience = env.SSH_CONNECTION === undefined ? answersWithin : answersRemotelyWithin;
  const canAsk = stdin.isTTY && env.TERM !== 'dumb' && (await isInForeground());
  return {
    columns: stdout.columns || usualSize.columns,
    rows: stdout.rows || usualSize.rows,
    env,
    draw: (bytes) => void stdout.write(bytes),
    query: canAsk ? (question, end) => query(stdin, stdout, question, end, patience) : undefined,
  };
}

/** A process in the background is stopped when it touches the terminal's settings. Where nobody says so, it is taken for one in the foreground. */
async function isInForeground(): Promise<boolean> {
  const stat = await readText('/proc/self/stat');
  if (typeof stat !== 'string') return true;
  // The name, in parentheses, may hold anything; state, parent, group, session, terminal and its foreground group follow.
  const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return group === foreground;
}

/** Raw while it waits, so that the answer neither shows up nor waits for a line's end. */
function query(stdin: ReadStream, stdout: WriteStream, question: string, end: RegExp, patience: number): Promise<string> {
  return new Promise((resolve) => {
    let heard = '';
    const finish = () => {
      clearTimeout(timer);
      stdin.off('data', hear).setRawMode(false).pause();
      // A raw terminal hands Ctrl-C over as a character.
      if (heard.includes('\x03')) process.kill(process.pid, 'SIGINT');
      resolve(heard);
    };
    const hear = (chunk: Buffer) => {
      heard += chunk.toString('latin1');
      if (end.test(heard) || heard.includes('\x03')) finish();
    };
    const timer = setTimeout(finish, patience);
    stdin.setRawMode(true).on('data', hear).resume();
    stdout.write(question);
  });
}

const looks = { bright: '\x1b[36m', dim: '\x1b[2m' } as const;

/** The line of the terminal that stderr is; undefined for one that cannot go back in it. `toShown` takes out what may not be shown. */
export function openStatusLine(stderr: WriteStream, env: Env, toShown: (text: string) => string): StatusLine | undefined {
  if (!stderr.isTTY || env.TERM === 'dumb') return undefined;
  // https://no-color.org: set to anything but nothing.
  const hasColour = !env.NO_COLOR;
  const paint = ({ text, look }: Styled) => (look && hasColour ? `${looks[look]}${toShown(text)}\x1b[0m` : toShown(text));
  return {
    columns: () => stderr.columns || usualSize.columns,
    hasColour,
    draw: (line) => void stderr.write(`\r${line.map(paint).join('')}\x1b[K`),
    clear: () => void stderr.write('\r\x1b[K'),
  };
}
