import { cp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, vi } from 'vitest';
import type { LedgerLine } from '../../src/archive/ledger-lines.ts';
import type { Answer } from '../answer.ts';
import { findUntrue, readLedger } from '../endurance/leftovers.ts';
import { type Prey, startPrey } from '../endurance/prey.ts';
import { built, type Computer, makeComputer, withKey } from '../fixtures.ts';
import { answers, type Google, type Answer as GoogleAnswer, startGoogle } from '../google/index.ts';
import { findKey, key } from './faults-key.ts';

/** A fault, in words, and what happens when it does. */
export interface Fault {
  fault: string;
  /** Brings it about and looks at what is seen, sent and left; ends with a good call. */
  survive(stage: Stage): Promise<void>;
}

/** A light picture. */
export const light = { width: 256, height: 192, signatureBytes: 400 };
export const picture = answers.picture(light);

interface StartOptions {
  env?: Record<string, string>;
  /** Put before the server's command line: a shell that sets a limit and becomes the server. */
  wrap?: readonly string[];
  /** Another copy of the server. */
  program?: string;
  /** A module that is loaded before the server. */
  preload?: string;
}

/** A computer and the servers that ran on it. */
export interface Place {
  computer: Computer;
  start(options?: StartOptions): Promise<Prey>;
  ledger(): Promise<LedgerLine[]>;
  /** Waits until the ledger has a line like this. */
  entered(line: Partial<LedgerLine>): Promise<void>;
  /** Ends what still runs, and looks for the key. */
  leave(): Promise<void>;
}

/** What Google says to one prompt, and what became of it. */
export interface Scene {
  prompt: string;
  folder: string;
  args: { prompt: string; output: string };
  requests(): Google['requests'];
  /** Resolves once Google has this many of its requests. */
  asked(count?: number): Promise<void>;
  /** Files it left where they were wanted. */
  files(): Promise<string[]>;
  /** From now on Google answers well. */
  mend(): void;
  /** The same place once more, with another prompt that Google answers well. */
  good(server: Prey): Promise<Answer>;
}

export interface Stage {
  google: Google;
  /** A computer and a server for all faults that end with the call. */
  shared: Place;
  server: Prey;
  open(): Promise<Place>;
  /** A computer and a server that waits no longer than this for a picture; the first who asks says how long. */
  impatient(limitMs: number): Promise<{ place: Place; server: Prey }>;
  /** What Google says: `usual` to every request, after what is queued. */
  scene(place: Place, usual?: GoogleAnswer, ...queue: GoogleAnswer[]): Scene;
  close(): Promise<void>;
}

export async function openStage(): Promise<Stage> {
  const google = await startGoogle({ key });
  const scripts = new Map<string, { queue: GoogleAnswer[]; usual: GoogleAnswer }>();
  google.always((request) => {
    const script = [...scripts].find(([prompt]) => request.texts.some((text) => text.includes(prompt)))?.[1];
    return (script?.queue.shift() ?? script?.usual ?? picture)(request);
  });
  const open = () => openPlace(google);
  const shared = await open();
  let impatient: ReturnType<Stage['impatient']> | undefined;
  let scenes = 0;
  return {
    google,
    shared,
    server: await shared.start({ env: { LIMNER_PREVIEW: '512' } }),
    open,
    impatient(limitMs) {
      impatient ??= open().then(async (place) => ({
        place,
        server: await place.start({ env: { LIMNER_TIMEOUT_MS: String(limitMs) } }),
      }));
      return impatient;
    },
    scene(place, usual = picture, ...queue) {
      scenes += 1;
      const prompt = `A red fox, scene ${scenes}.`;
      scripts.set(prompt, { queue, usual });
      return toScene(prompt, join(place.computer.project, `scene-${scenes}`), google, () => scripts.delete(prompt));
    },
    async close() {
      await shared.leave();
      await impatient?.then(({ place }) => place.leave());
      await google.close();
    },
  };
}

function toScene(prompt: string, folder: string, google: Google, mend: () => void): Scene {
  const requests = () => google.requests.filter(({ texts }) => texts.some((text) => text.includes(prompt)));
  let goods = 0;
  return {
    prompt,
    folder,
    args: { prompt, output: `${folder}/` },
    requests,
    asked: (count = 1) => vi.waitFor(() => expect(requests().length).toBeGreaterThanOrEqual(count), { timeout: 20_000 }),
    files: () => readdir(folder).catch(() => []),
    mend,
    async good(server) {
      goods += 1;
      const answer = await server.call('generate_image', {
        prompt: `A good fox ${folder.split('-').at(-1)} ${goods}`,
        output: `${folder}-good/`,
      });
      return expectSuccess(answer);
    },
  };
}

/** A success, whose files are as it says. */
export async function expectSuccess(answer: Answer | undefined): Promise<Answer> {
  if (answer === undefined) throw new Error('the server is gone');
  expect(answer.isError, answer.text).toBe(false);
  expect(await findUntrue(answer)).toEqual([]);
  return answer;
}

/** An error of this code that says this, in words alone. */
export function expectError(answer: Answer | undefined, code: string, ...says: readonly RegExp[]): Answer {
  if (answer === undefined) throw new Error('the server is gone');
  expect(answer.isError ? answer.code : 'success', answer.text).toBe(code);
  for (const words of says) expect(answer.text).toMatch(words);
  expect(answer.blocks).toEqual(['text']);
  expect(answer.text).not.toMatch(/<\/?[a-z!][^>]*>|@type|TypeError|SyntaxError|\[object/i);
  return answer;
}

async function openPlace(google: Google): Promise<Place> {
  const computer = await makeComputer();
  const started: Prey[] = [];
  const ledger = () => readLedger(computer.state);
  return {
    computer,
    async start({ env = {}, wrap = [], program = built, preload } = {}) {
      const options = preload === undefined ? [] : [`--import=data:text/javascript,${encodeURIComponent(preload)}`];
      const own = { ...withKey(google), GEMINI_API_KEY: key, ...env };
      const server = await startPrey([...wrap, process.execPath, ...options, program], computer, own);
      started.push(server);
      return server;
    },
    ledger,
    entered: (line) => vi.waitFor(async () => expect(await ledger()).toContainEqual(expect.objectContaining(line)), { timeout: 20_000 }),
    async leave() {
      for (const server of started) await server.close();
      const root = dirname(computer.state);
      expect(
        await findKey(
          root,
          started.map((server) => server.said()),
          google,
        ),
      ).toEqual([]);
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** Runs a fault on a computer of its own, and looks for the key when it is over. */
export function alone(fault: string, run: (stage: Stage, place: Place) => Promise<void>): Fault {
  return {
    fault,
    async survive(stage) {
      const place = await stage.open();
      await run(stage, place);
      await place.leave();
    },
  };
}

/** Runs a fault on the computer and the server that many share, since it ends with its call. */
export function together(fault: string, run: (stage: Stage, server: Prey, place: Place) => Promise<void>): Fault {
  return {
    fault,
    async survive(stage) {
      await run(stage, stage.server, stage.shared);
      expect(await findKey(dirname(stage.shared.computer.state), [stage.server.said()], stage.google)).toEqual([]);
    },
  };
}

/** A copy of the server whose packages lack some. */
export async function copyWithout(folder: string, ...missing: readonly string[]): Promise<string> {
  const root = join(dirname(built), '..');
  await cp(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
  await cp(join(root, 'package.json'), join(folder, 'package.json'));
  const packages = join(folder, 'node_modules');
  await cp(join(folder, 'package.json'), join(packages, 'package.json'));
  for (const name of await readdir(join(root, 'node_modules'))) {
    if (!name.startsWith('.') && !missing.includes(name)) await symlink(join(root, 'node_modules', name), join(packages, name));
  }
  return join(folder, 'dist', 'index.js');
}

/** Bytes of a file, as text that can be compared. */
export const readAll = (path: string) => readFile(path, 'base64');
