import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { type Answer, toAnswer } from '../answer.ts';
import type { Computer } from '../fixtures.ts';

/** A server that is spoken to raw, so that it can be killed, and its calls cancelled, at any moment. */
export interface Prey {
  pid: number;
  /** Sends a call; resolves with its answer, or with undefined once the process is gone without one. */
  call(tool: string, args: object): Promise<Answer | undefined>;
  /** Sends a call and says under which id. */
  send(tool: string, args: object): string;
  /** Sends any request; resolves with its result or error, or with undefined once the process is gone. */
  ask(method: string, params: object): Promise<Reply | undefined>;
  /** Writes text as it is. */
  write(text: string): void;
  /** The answer to an id so far. */
  answerTo(id: string): Answer | undefined;
  /** Cancels a call; resolves once the server has read that. */
  cancel(id: string): Promise<void>;
  log(): string;
  /** Everything it wrote so far, on both pipes. */
  said(): string;
  /** Resolves with the signal that ended the process, if one did, once its pipes are read to the end. */
  exit: Promise<NodeJS.Signals | null>;
  /** Its exit code, once it has ended. */
  code(): number | null;
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** No longer reads what it writes. */
  stopReading(pipe: 'stdout' | 'stderr'): void;
  /** Lets it end as hosts do. */
  close(): Promise<void>;
}

const response = z.object({
  id: z.string(),
  result: z.unknown().optional(),
  error: z.object({ code: z.number(), message: z.string() }).optional(),
});

type Reply = z.infer<typeof response>;

/** Starts a server with a command line, in a project. */
export async function startPrey(
  [command = '', ...args]: readonly string[],
  computer: Computer,
  env: Record<string, string>,
): Promise<Prey> {
  const child = spawn(command, args, { cwd: computer.project, env: { ...computer.env, LIMNER_PREVIEW: 'none', ...env } });
  const news = new EventEmitter().setMaxListeners(0);
  const replies = new Map<string, Reply>();
  let [log, said, gone, count] = ['', '', false, 0];
  const exit = new Promise<NodeJS.Signals | null>((resolve) => {
    child.once('close', (_code, signal) => {
      gone = true;
      news.emit('news');
      resolve(signal);
    });
  });
  child.stderr.on('data', (chunk) => {
    log += String(chunk);
  });
  // Whether the process is there is seen by its exit.
  child.stdin.on('error', () => undefined);
  createInterface({ input: child.stdout }).on('line', (line) => {
    said += `${line}\n`;
    const { data } = response.safeParse(JSON.parse(line));
    if (data) replies.set(data.id, data);
    news.emit('news');
  });
  const write = (message: object) => void child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  const request = (method: string, params: object): string => {
    count += 1;
    write({ id: `${count}`, method, params });
    return `${count}`;
  };
  const finish = async (id: string): Promise<Reply | undefined> => {
    while (!replies.has(id) && !gone) await once(news, 'news');
    return replies.get(id);
  };
  const read = (reply: Reply | undefined) => (reply?.result === undefined ? undefined : toAnswer(reply.result));
  const send = (name: string, given: object) => request('tools/call', { name, arguments: given, _meta: { progressToken: count + 1 } });
  const clientInfo = { name: 'hunt', version: '1' };
  const hello = await finish(request('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }));
  if (hello === undefined || child.pid === undefined) throw new Error(`the server did not start:\n${log}`);
  write({ method: 'notifications/initialized' });
  return {
    pid: child.pid,
    send,
    call: async (name, given) => read(await finish(send(name, given))),
    ask: (method, params) => finish(request(method, params)),
    write: (text) => void child.stdin.write(text),
    answerTo: (id) => read(replies.get(id)),
    async cancel(requestId) {
      write({ method: 'notifications/cancelled', params: { requestId } });
      await finish(request('ping', {}));
    },
    log: () => log,
    said: () => said + log,
    exit,
    code: () => child.exitCode,
    async kill(signal = 'SIGKILL') {
      child.kill(signal);
      await exit;
    },
    stopReading: (pipe) => void child[pipe].destroy(),
    async close() {
      child.stdin.end();
      await exit;
    },
  };
}
