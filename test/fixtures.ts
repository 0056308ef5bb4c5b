import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Client, type ClientOptions, SdkError, SdkErrorCode } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import sharp from 'sharp';
import { test as base } from 'vitest';
import { type Answer, toAnswer } from './answer.ts';
import { type Google, startGoogle, testKey } from './google/index.ts';
import { describeProcesses } from './stuck.ts';

/** The server as users run it. */
export const built = join(import.meta.dirname, '..', 'dist', 'index.js');

/** A person's computer, as far as limner sees it: a project, a home and nothing else. */
export interface Computer {
  project: string;
  home: string;
  state: string;
  /** The environment a host would hand on: no key, no setting. */
  env: Record<string, string>;
  /** Writes a file below the project and resolves with its absolute path. */
  write(path: string, bytes: Uint8Array | string): Promise<string>;
}

export interface StartOptions {
  /** Another copy of the server. */
  program?: string;
  /** Another Node to run it with. */
  node?: string;
  env?: Record<string, string>;
  cwd?: string;
  client?: { name: string; version: string };
  options?: ClientOptions;
}

/** A running server and a client connected to it. */
export interface Limner {
  client: Client;
  call(tool: string, args: Record<string, unknown>, options?: CallOptions): Promise<Answer>;
  /** What the server has written to its log so far. */
  log(): string;
  close(): Promise<void>;
}

export interface CallOptions {
  signal?: AbortSignal;
  onprogress?: (progress: { progress: number; total?: number | undefined; message?: string | undefined }) => void;
}

/** Environment of a server that uses the local Google. */
export function withKey(google: Google): Record<string, string> {
  return { GEMINI_API_KEY: testKey, GOOGLE_GEMINI_BASE_URL: google.url };
}

export async function makeComputer(): Promise<Computer> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'limner-test-')));
  const [project, home, state] = [join(root, 'home', 'ada', 'project'), join(root, 'home', 'ada'), join(root, 'state')];
  await mkdir(project, { recursive: true });
  // What Node keeps of the server's compiled code is no trace of a call.
  const cache = join(import.meta.dirname, '..', 'node_modules', '.cache');
  const env = { HOME: home, PATH: process.env.PATH ?? '', LIMNER_STATE_DIR: state, XDG_CACHE_HOME: cache };
  return {
    project,
    home,
    state,
    env,
    async write(path, bytes) {
      const absolute = join(project, path);
      await mkdir(dirname(absolute), { recursive: true });
      await writeFile(absolute, bytes);
      return absolute;
    },
  };
}

/** A call that takes longer is not answered any more, in milliseconds; shorter than the time a test has. */
const longestCallMs = 50_000;

export async function startLimner(
  computer: Computer,
  { program = built, node = process.execPath, env = {}, cwd, client, options }: StartOptions = {},
): Promise<Limner> {
  const transport = new StdioClientTransport({
    command: node,
    args: [program],
    cwd: cwd ?? computer.project,
    env: { ...computer.env, ...env },
    stderr: 'pipe',
  });
  let log = '';
  transport.stderr?.on('data', (chunk) => {
    log += String(chunk);
  });
  const connected = new Client(client ?? { name: 'limner-test', version: '1' }, options);
  await connected.connect(transport);
  /** A call that is not answered says where it hangs, before the test is given up and nobody can tell any more. */
  const explain = async (error: unknown): Promise<never> => {
    if (!(error instanceof SdkError) || error.code !== SdkErrorCode.RequestTimeout) throw error;
    throw new Error(`${error.message}\n${await describeProcesses(transport.pid ?? 0)}\nlog: ${log}`, { cause: error });
  };
  return {
    client: connected,
    call: async (name, args, callOptions = {}) =>
      toAnswer(await connected.callTool({ name, arguments: args }, { timeout: longestCallMs, ...callOptions }).catch(explain)),
    log: () => log,
    close: () => connected.close(),
  };
}

interface Fixtures {
  google: Google;
  computer: Computer;
  /** Starts a server that has a key for the local Google; closed after the test. */
  limner: Limner;
  /** Starts further servers; closed after the test. */
  start(options?: StartOptions): Promise<Limner>;
}

export const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the pattern
  google: async ({}, use) => {
    const google = await startGoogle();
    await use(google);
    await google.close();
  },
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the pattern
  computer: async ({}, use) => {
    const computer = await makeComputer();
    await use(computer);
    await rm(join(computer.state, '..'), { recursive: true, force: true });
  },
  start: async ({ computer }, use) => {
    const started: Limner[] = [];
    await use(async (options) => {
      const limner = await startLimner(computer, options);
      started.push(limner);
      return limner;
    });
    await Promise.all(started.map((limner) => limner.close()));
  },
  limner: async ({ start, google }, use) => {
    await use(await start({ env: withKey(google) }));
  },
});

/**
 * The same with one server, one Google and one computer for all tests of a file that use it: most of what a test with a server takes is its start and that of its
 * decoder. Each test finds an empty project and a Google that knows of nothing; what was made stays in the archive and the ledger, so what is about those is no test for it.
 */
export const together = base.extend<Pick<Fixtures, 'google' | 'computer' | 'limner'> & { afresh: undefined }>({
  google: [
    // biome-ignore lint/correctness/noEmptyPattern: vitest reads the pattern
    async ({}, use) => {
      const google = await startGoogle();
      await use(google);
      await google.close();
    },
    { scope: 'file' },
  ],
  computer: [
    // biome-ignore lint/correctness/noEmptyPattern: vitest reads the pattern
    async ({}, use) => {
      const computer = await makeComputer();
      await use(computer);
      await rm(join(computer.state, '..'), { recursive: true, force: true });
    },
    { scope: 'file' },
  ],
  limner: [
    async ({ google, computer }, use) => {
      const limner = await startLimner(computer, { env: withKey(google) });
      await use(limner);
      await limner.close();
    },
    { scope: 'file' },
  ],
  afresh: [
    async ({ google, computer }, use) => {
      google.reset();
      for (const name of await readdir(computer.project)) await rm(join(computer.project, name), { recursive: true });
      await use(undefined);
    },
    { auto: true },
  ],
});

/** A photo-like picture with a recognisable corner: red top left, the given colour elsewhere. */
export async function photo(
  width: number,
  height: number,
  format: 'png' | 'jpeg' | 'webp' | 'avif' | 'gif' | 'tiff' = 'png',
  colour = '#2060a0',
): Promise<Buffer> {
  const corner = {
    input: { create: { width: Math.ceil(width / 4), height: Math.ceil(height / 4), channels: 3, background: '#e02020' } },
    left: 0,
    top: 0,
  } as const;
  return sharp({ create: { width, height, channels: 3, background: colour } })
    .composite([corner])
    .toFormat(format)
    .toBuffer();
}
