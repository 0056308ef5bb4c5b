import { spawn } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';

/** How a server is started. */
export interface Command {
  command: string;
  args: readonly string[];
  env: Record<string, string>;
  cwd: string;
}

/** What a request was answered with. */
export interface Answer {
  result: Record<string, unknown>;
  /** Of the whole message on stdout. */
  bytes: number;
  /** `performance.now()` when its last byte was read. */
  at: number;
}

/** A running server that is spoken to in lines of JSON. */
export interface Server {
  pid: number;
  /** Milliseconds from its start to the answer to `initialize`. */
  startMs: number;
  /** Rejects when the answer is an error, when none comes, and when the server ends before it. */
  request(method: string, params: object): Promise<Answer>;
  /** As hosts do: stdin is ended, and who stays is killed. */
  close(): Promise<void>;
}

const message = z.object({
  id: z.number(),
  result: z.record(z.string(), z.unknown()).optional(),
  error: z.object({ message: z.string() }).optional(),
});

/** How long a server may take to end by itself, and how long to answer, in milliseconds. */
const [endingMs, answeringMs] = [5000, 120_000];

interface Waiting {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

/** Starts a server and shakes hands. */
export async function startServer({ command, args, env, cwd }: Command): Promise<Server> {
  const started = performance.now();
  const child = spawn(command, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] });
  let [log, count] = ['', 0];
  const open = new Map<number, Waiting>();
  child.stderr.on('data', (chunk) => {
    log = `${log}${String(chunk)}`.slice(-2000);
  });
  // Whether the server is there is seen by its exit.
  child.stdin.on('error', () => undefined);
  const ended = new Promise<void>((resolve) => {
    const end = (why: string) => {
      for (const { reject } of open.values()) reject(new Error(`${[command, ...args].join(' ')} ${why}. Its log:\n${log}`));
      resolve();
    };
    child.once('error', (error) => end(`could not be started: ${error.message}`));
    child.once('close', (code, signal) => end(`ended with ${signal ?? code} before it answered`));
  });
  readLines(child.stdout, (line) => {
    const at = performance.now();
    const { id, result, error } = readMessage(line) ?? {};
    const waiting = id === undefined ? undefined : open.get(id);
    if (result) waiting?.resolve({ result, bytes: line.length + 1, at });
    else waiting?.reject(new Error(`${command} answered with an error: ${error?.message ?? 'neither result nor error'}`));
  });
  const send = (sent: object) => void child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...sent })}\n`);
  const request = async (method: string, params: object): Promise<Answer> => {
    count += 1;
    const id = count;
    const answered = new Promise<Answer>((resolve, reject) => open.set(id, { resolve, reject }));
    const late = setTimeout(() => {
      open.get(id)?.reject(new Error(`${method} was not answered within ${answeringMs / 1000} s. The log:\n${log}`));
    }, answeringMs);
    send({ id, method, params });
    return answered.finally(() => {
      clearTimeout(late);
      open.delete(id);
    });
  };
  const close = async () => {
    child.stdin.end();
    const killing = setTimeout(() => void child.kill('SIGKILL'), endingMs);
    await ended;
    clearTimeout(killing);
  };
  try {
    const clientInfo = { name: 'limner-bench', version: '1' };
    const { at } = await request('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo });
    send({ method: 'notifications/initialized' });
    return { pid: child.pid ?? 0, startMs: at - started, request, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Sends one ping after the other until `work` is done, and says how long the slowest answer took, in milliseconds. */
export async function findSlowestPing(server: Server, work: Promise<unknown>): Promise<number> {
  let [isDone, slowest] = [false, 0];
  const done = work.finally(() => {
    isDone = true;
  });
  while (!isDone) {
    const asked = performance.now();
    const { at } = await server.request('ping', {});
    slowest = Math.max(slowest, at - asked);
    await wait(pingEveryMs);
  }
  await done;
  return slowest;
}

/** A stall shorter than this is no stall; pinging without a pause would be load of its own. */
const pingEveryMs = 2;

function readMessage(line: Buffer): z.infer<typeof message> | undefined {
  try {
    return message.safeParse(JSON.parse(line.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}

function readLines(stream: NodeJS.ReadableStream, onLine: (line: Buffer) => void): void {
  let pieces: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      onLine(Buffer.concat([...pieces, chunk.subarray(start, end)]));
      pieces = [];
      start = end + 1;
    }
    if (start < chunk.length) pieces.push(chunk.subarray(start));
  });
}
