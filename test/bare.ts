import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { built, type Computer } from './fixtures.ts';

const id = z.union([z.string(), z.number()]);
const error = z.strictObject({ code: z.int(), message: z.string(), data: z.unknown().optional() });

/** What a server may write to stdout, each a line: notifications, results and errors; requests of its own are gone since 2026-07-28. */
const message = z.union([
  z.strictObject({ jsonrpc: z.literal('2.0'), method: z.string(), params: z.looseObject({}).optional() }),
  z.strictObject({ jsonrpc: z.literal('2.0'), id, result: z.looseObject({}) }),
  z.strictObject({ jsonrpc: z.literal('2.0'), id: id.optional(), error }),
]);

export interface Message {
  id?: string | number | undefined;
  method?: string | undefined;
  params?: Record<string, unknown> | undefined;
  result?: Record<string, unknown> | undefined;
  error?: z.infer<typeof error> | undefined;
}

/** A server that is spoken to in bytes, and looked at from outside. */
export interface Bare {
  pid: number;
  /** Resolves when the system has taken the bytes. */
  write(bytes: Uint8Array | string): Promise<void>;
  send(message: object): void;
  /** Sends a request and resolves with its response. */
  request(method: string, params?: object): Promise<Message>;
  /** `initialize` and what follows it; resolves with the server's answer. */
  initialize(version?: string): Promise<Message>;
  /** The first message, old or new, that fits. */
  next(fits: (message: Message) => boolean): Promise<Message>;
  messages: Message[];
  /** Lines on stdout that are no message. */
  strays: string[];
  /** Everything it wrote. */
  output(): string;
  log(): string;
  end(): void;
  stdin: NodeJS.WritableStream & { destroy(): void };
  stdout: NodeJS.ReadableStream & { destroy(): void };
  stderr: { destroy(): void };
  /** The exit code, or the signal that ended it, once its pipes are closed. */
  exit: Promise<number | string | null>;
  kill(signal: NodeJS.Signals): void;
}

interface BareOptions {
  env?: Record<string, string>;
  /** A shell's redirections, such as `2>&-`. */
  redirect?: string;
}

/** An answer that takes longer is taken for none, in milliseconds. */
const longestWaitMs = 120_000;

export function startBare(computer: Computer, { env = {}, redirect = '' }: BareOptions = {}): Bare {
  const args = ['-c', `exec "$0" "$1" ${redirect}`, process.execPath, built];
  const child = spawn('sh', args, { cwd: computer.project, env: { ...computer.env, ...env } });
  const { pid } = child;
  if (pid === undefined) throw new Error('the server did not start');
  const [messages, strays]: [Message[], string[]] = [[], []];
  const news = new EventEmitter().setMaxListeners(0);
  let [output, log, isGone, count] = ['', '', false, 0];
  const exit = new Promise<number | string | null>((resolve) => {
    child.once('close', (code, signal) => {
      isGone = true;
      news.emit('news');
      resolve(code ?? signal);
    });
  });
  child.stdout.on('data', (chunk) => {
    output += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    log += String(chunk);
  });
  // Whether the server is there is seen by its exit.
  child.stdin.on('error', () => undefined);
  createInterface({ input: child.stdout }).on('line', (line) => {
    const read = readMessage(line);
    if (read) messages.push(read);
    else strays.push(line);
    news.emit('news');
  });
  const bare: Bare = {
    pid,
    messages,
    strays,
    exit,
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    output: () => output,
    log: () => log,
    end: () => void child.stdin.end(),
    kill: (signal) => void child.kill(signal),
    write: (bytes) => new Promise((resolve) => child.stdin.write(bytes, () => resolve())),
    send: (sent) => void child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...sent })}\n`),
    async next(fits) {
      const late = AbortSignal.timeout(longestWaitMs);
      while (true) {
        const found = messages.find(fits);
        if (found) return found;
        if (isGone) throw new Error(`the server ended without the message. Its log:\n${log}`);
        await once(news, 'news', { signal: late }).catch((cause) => {
          throw new Error(`no such message came. The log:\n${log}`, { cause });
        });
      }
    },
    request(method, params) {
      count += 1;
      const own = `bare-${count}`;
      bare.send({ id: own, method, ...(params && { params }) });
      return bare.next((sent) => sent.id === own);
    },
    async initialize(protocolVersion = '2025-11-25') {
      const answer = await bare.request('initialize', { protocolVersion, capabilities: {}, clientInfo });
      bare.send({ method: 'notifications/initialized' });
      return answer;
    },
  };
  return bare;
}

const clientInfo = { name: 'bare', version: '1' };

function readMessage(line: string): Message | undefined {
  try {
    return message.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

export const hello = { id: 'hello', method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo } };

/** A server past `initialize`, without previews, which would take most of its time. */
export async function openBare(computer: Computer, { env, ...options }: BareOptions = {}): Promise<Bare> {
  const bare = startBare(computer, { env: { LIMNER_PREVIEW: 'none', ...env }, ...options });
  await bare.initialize();
  return bare;
}
