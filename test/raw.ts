import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, vi } from 'vitest';
import { type Answer as ToolAnswer, toAnswer } from './answer.ts';
import { type Bare, type Message, startBare } from './bare.ts';
import { test as base, built, type Computer, withKey } from './fixtures.ts';
import { type Answer, answers, bytesOf, type Google, startGoogle } from './google/index.ts';

/** A server that is spoken to in messages. */
export interface Raw extends Bare {
  /** A tool call that is answered with a result. */
  call(tool: string, args: unknown, meta?: Record<string, unknown>): Promise<ToolAnswer>;
}

/** The `_meta` every request carries since 2026-07-28. */
export const modern = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

function startRaw(computer: Computer, env: Record<string, string>): Raw {
  const bare = startBare(computer, { env });
  return {
    ...bare,
    async call(name, args, meta) {
      const message = await bare.request('tools/call', { name, arguments: args, ...(meta && { _meta: meta }) });
      if (message.error) throw new Error(`protocol error: ${message.error.message}`);
      return toAnswer(message.result);
    },
  };
}

/** Tests that speak raw: every line of every server's stdout has to be one JSON-RPC message. */
export const test = base.extend<{ raw: (env?: Record<string, string>) => Raw }>({
  raw: async ({ computer }, use) => {
    const started: Raw[] = [];
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

/** The same with a Google that draws light pictures, and one server that has its key. */
export const withServer = (settings: Record<string, string> = {}) =>
  test.extend<{ google: Google; server: Raw }>({
    // biome-ignore lint/correctness/noEmptyPattern: vitest reads the pattern
    google: async ({}, use) => {
      const google = await startGoogle();
      google.always(answers.picture(small));
      await use(google);
      await google.close();
    },
    server: async ({ raw, google }, use) => {
      const server = raw({ ...withKey(google), ...settings });
      await server.initialize();
      await use(server);
    },
  });

/** Another copy of limner, and what is piped in. */
interface Given {
  program?: string;
  input?: string;
}

/** Starts a command of limner; `ended` is what became of it. */
export function startCli(
  computer: Computer,
  args: readonly string[],
  env: Record<string, string> = {},
  { program = built, input = '' }: Given = {},
) {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: computer.project,
    env: { ...computer.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // A command need not read what it is given.
  child.stdin.on('error', () => undefined).end(input);
  const ended = Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]).then(([closed, stdout, stderr]) => {
    const code: unknown = closed[0];
    return { code, stdout, stderr };
  });
  return { child, ended };
}

/** Runs a command of limner to its end. */
export function runCli(computer: Computer, args: readonly string[], env: Record<string, string> = {}, given: Given = {}) {
  return startCli(computer, args, env, given).ended;
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
