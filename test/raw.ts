import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { expect, vi } from 'vitest';
import { z } from 'zod';
import { type Answer as ToolAnswer, toAnswer } from './answer.ts';
import { test as base, built, type Computer } from './fixtures.ts';
import { type Answer, answers, bytesOf, type Google } from './google/index.ts';

const envelope = { jsonrpc: z.literal('2.0') };
const id = z.union([z.string(), z.number()]);
const error = z.strictObject({ code: z.int(), message: z.string(), data: z.unknown().optional() });

/** What a server may write on stdio: notifications, results and errors; requests of its own are gone since 2026-07-28. */
const line = z.union([
  z.strictObject({ ...envelope, method: z.string(), params: z.looseObject({}).optional() }),
  z.strictObject({ ...envelope, id, result: z.looseObject({}) }),
  z.strictObject({ ...envelope, id: id.optional(), error }),
]);

export interface Message {
  id?: string | number | undefined;
  method?: string;
  params?: Record<string, unknown> | undefined;
  result?: Record<string, unknown>;
  error?: z.infer<typeof error>;
}

/** A running server and its two pipes. */
export interface Raw {
  /** Sends one message; `jsonrpc` is added. */
  send(message: object): void;
  /** Writes text as it is. */
  write(text: string): void;
  /** Sends a request and resolves with its response. */
  request(method: string, params?: object): Promise<Message>;
  /** `initialize` and what follows it; resolves with the server's answer. */
  initialize(version?: string): Promise<Message>;
  /** A tool call that is answered with a result. */
  call(tool: string, args: unknown, meta?: Record<string, unknown>): Promise<ToolAnswer>;
  /** The first message that fits, old or new. */
  next(fits: (message: Message) => boolean): Promise<Message>;
  /** Everything that came so far. */
  messages: readonly Message[];
  stdout(): string;
  log(): string;
  /** Closes the server's stdin. */
  end(): void;
  /** No longer reads the server's stdout. */
  stopReading(): void;
  /** The exit code, once the process and its pipes are closed. */
  exit: Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
  pid: number;
}

/** The `_meta` every request carries since 2026-07-28. */
export const modern = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** Starts the server and speaks JSON-RPC lines with it. What is no message on stdout is reported by `strays`. */
function startRaw(computer: Computer, env: Record<string, string>): Raw & { strays: readonly string[] } {
  const child = spawn(process.execPath, [built], { cwd: computer.project, env: { ...computer.env, ...env } });
  const [messages, strays]: [Message[], string[]] = [[], []];
  const news = new EventEmitter().setMaxListeners(0);
  let [stdout, log, closed, count] = ['', '', false, 0];
  const exit = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      closed = true;
      news.emit('news');
      resolve(code);
    });
  });
  child.stdout.on('data', (chunk) => {
    stdout += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    log += String(chunk);
  });
  // A server that has gone takes no more messages; the test sees that by its exit.
  child.stdin.on('error', () => undefined);
  createInterface({ input: child.stdout }).on('line', (written) => {
    const message = readMessage(written);
    if (message) messages.push(message);
    else strays.push(written);
    news.emit('news');
  });

  const raw: Raw = {
    messages,
    exit,
    pid: child.pid ?? 0,
    stdout: () => stdout,
    log: () => log,
    write: (written) => void child.stdin.write(written),
    send: (message) => raw.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`),
    end: () => void child.stdin.end(),
    stopReading: () => void child.stdout.destroy(),
    kill: (signal) => void child.kill(signal),
    async next(fits) {
      while (true) {
        const found = messages.find(fits);
        if (found) return found;
        if (closed) throw new Error(`the server ended without the message. Its log:\n${log}`);
        await once(news, 'news');
      }
    },
    request(method, params) {
      count += 1;
      const id = `request-${count}`;
      raw.send({ id, method, ...(params && { params }) });
      return raw.next((message) => message.id === id);
    },
    async initialize(protocolVersion = '2025-11-25') {
      const clientInfo = { name: 'raw', version: '1' };
      const answer = await raw.request('initialize', { protocolVersion, capabilities: {}, clientInfo });
      raw.send({ method: 'notifications/initialized' });
      return answer;
    },
    async call(name, args, meta) {
      const message = await raw.request('tools/call', { name, arguments: args, ...(meta && { _meta: meta }) });
      if (message.error) throw new Error(`protocol error: ${message.error.message}`);
      return toAnswer(message.result);
    },
  };
  return { ...raw, strays };
}

function readMessage(written: string): Message | undefined {
  try {
    return line.parse(JSON.parse(written));
  } catch {
    return undefined;
  }
}

/** Tests that speak raw: every line of every server's stdout has to be one JSON-RPC message. */
export const test = base.extend<{ raw: (env?: Record<string, string>) => Raw }>({
  raw: async ({ computer }, use) => {
    const started: ReturnType<typeof startRaw>[] = [];
    await use((env = {}) => {
      const raw = startRaw(computer, env);
      started.push(raw);
      return raw;
    });
    for (const raw of started) {
      raw.kill('SIGKILL');
      await raw.exit;
    }
    expect(started.flatMap(({ strays }) => strays)).toEqual([]);
  },
});

/** Runs a command of limner to its end. */
export async function runCli(computer: Computer, args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [built, ...args], {
    cwd: computer.project,
    env: { ...computer.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [closed, stdout, stderr] = await Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]);
  const code: unknown = closed[0];
  return { code, stdout, stderr };
}

/** A light picture. */
export const small = { width: 256, height: 192, signatureBytes: 0 };

/** A good answer that waits until it is let go. */
export function held(): { answer: Answer; release: () => void } {
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { release, answer: async (request) => gate.then(() => answers.picture(small)(request)) };
}

/** Waits until Google has this many requests. */
export const arrived = (google: Google, count: number) =>
  vi.waitFor(() => expect(google.requests).toHaveLength(count), { timeout: 10_000 });

export const progressOf = ({ messages }: Raw) => messages.filter(({ method }) => method === 'notifications/progress');
export const wordsOf = (message: Message) => String(message.params?.message);

/** Waits for exactly the pictures Google drew for these requests, byte for byte, in the state folder. */
export async function isKept({ state }: Computer, google: Google): Promise<void> {
  const sent = await Promise.all(google.requests.map((request) => bytesOf(small, request)));
  const folder = join(state, 'images');
  const originals = async () => (await readdir(folder)).filter((name) => !/json$|part$/.test(name));
  const kept = async () => Promise.all((await originals()).map((name) => readFile(join(folder, name))));
  await vi.waitFor(async () => expect(await kept()).toEqual(sent), { timeout: 10_000 });
}
