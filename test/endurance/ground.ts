import { EventEmitter, once } from 'node:events';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { toSha256 } from '../../src/archive/record.ts';
import { built, type Computer, makeComputer, withKey } from '../fixtures.ts';
import { answers, bytesOf, type Google, type GoogleRequest, type PictureOptions, startGoogle } from '../google/index.ts';
import { type Prey, startPrey } from './prey.ts';

/** A picture Google has sent, whoever has it now. */
export interface SentPicture {
  prompt: string;
  sha256: string;
}

/** Where a hunt takes place: one Google that remembers what it sent, and a copy of the server nobody builds anew meanwhile. */
export interface Ground {
  google: Google;
  /** The folder of the copy: its package.json, its dist. */
  root: string;
  /** Everything Google has drawn, in order. */
  sent: SentPicture[];
  requestsFor(prompt: string): GoogleRequest[];
  sentFor(prompt: string): SentPicture[];
  /** Resolves once Google has this many requests for the prompt. */
  asked(prompt: string, count?: number): Promise<void>;
  /** Resolves once Google has begun to send this many pictures for the prompt. */
  drawn(prompt: string, count?: number): Promise<void>;
  /** Keeps Google from answering until what is returned is called. */
  hold(): () => void;
  makeComputer(): Promise<Computer>;
  start(computer: Computer, options?: PreyOptions): Promise<Prey>;
  close(): Promise<void>;
}

interface PreyOptions {
  env?: Record<string, string>;
  /** Put before the server's command line: a shell that sets a limit and becomes the server. */
  wrap?: readonly string[];
}

/** Opens a ground. `look` is what Google draws for a prompt. */
export async function openGround(look: (prompt: string) => PictureOptions = () => light): Promise<Ground> {
  const google = await startGoogle();
  const folder = await mkdtemp(join(tmpdir(), 'limner-ground-'));
  const server = await copyServer(folder);
  const sent: SentPicture[] = [];
  const news = new EventEmitter().setMaxListeners(0);
  const computers: Computer[] = [];
  let gate: Promise<void> = Promise.resolve();
  const promptOf = ({ texts }: GoogleRequest) => texts[0] ?? '';
  const requestsFor = (prompt: string) => google.requests.filter((request) => promptOf(request) === prompt);
  const sentFor = (prompt: string) => sent.filter((picture) => picture.prompt === prompt);
  const until = async (fits: () => boolean) => {
    while (!fits()) await once(news, 'news');
  };
  google.always(async (request) => {
    news.emit('news');
    await gate;
    const options = look(promptOf(request));
    const reply = await answers.picture(options)(request);
    sent.push({ prompt: promptOf(request), sha256: toSha256(await bytesOf(options, request)) });
    news.emit('news');
    return reply;
  });
  return {
    google,
    root: folder,
    sent,
    requestsFor,
    sentFor,
    asked: (prompt, count = 1) => until(() => requestsFor(prompt).length >= count),
    drawn: (prompt, count = 1) => until(() => sentFor(prompt).length >= count),
    hold() {
      let release = () => {};
      gate = new Promise((resolve) => {
        release = resolve;
      });
      return release;
    },
    async makeComputer() {
      const computer = await makeComputer();
      computers.push(computer);
      return computer;
    },
    start: (computer, { env = {}, wrap = [] } = {}) =>
      startPrey([...wrap, process.execPath, server], computer, { ...withKey(google), ...env }),
    async close() {
      await google.close();
      for (const root of [folder, ...computers.map(({ state }) => dirname(state))]) await rm(root, { recursive: true, force: true });
    },
  };
}

/** A picture of a few kilobytes. */
const light: PictureOptions = { width: 256, height: 192, signatureBytes: 400 };

/** Others may build while a hunt goes on. */
async function copyServer(folder: string): Promise<string> {
  const root = join(dirname(built), '..');
  for (const built of ['dist', 'build']) await cp(join(root, built), join(folder, built), { recursive: true });
  await cp(join(root, 'package.json'), join(folder, 'package.json'));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  return join(folder, 'dist', 'index.js');
}
