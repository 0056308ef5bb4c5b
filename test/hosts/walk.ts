import { execFile, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { install } from '../foreign/install.ts';
import type { Host, Place } from './host.ts';
import { type Model, type Reply, startModel, type Turn } from './model.ts';

const root = join(import.meta.dirname, '..', '..');

/** A session takes a few seconds; one that takes longer is ended, in milliseconds. */
const longestSessionMs = 120_000;

/** What a session of a host came to. */
export interface Walk {
  place: Place;
  /** What the host said when it was asked whether limner is there. */
  checked: string;
  /** What the host asked its model, in order. */
  turns: Turn[];
  /** What the host printed. */
  printed: string;
  exitCode: number | null;
  /** Processes of limner still there a while after the host has ended, as `ps` shows them. */
  left: string[];
  remove(): Promise<void>;
}

/** The line that sets limner up in a host, as the README has it, beside the project. */
export const setUpLine = ({ id }: Pick<Host, 'id'>) => `node ../limner/dist/index.js setup --host ${id} --standin --yes`;

/** Installs a host on a new computer, sets limner up in it as the README says, and lets its model make a picture, edit it, and make a mistake. */
export async function walk(host: Host): Promise<Walk> {
  const home = await realpath(await mkdtemp(join(tmpdir(), 'limner-host-')));
  const model = await startModel(host.wire, script);
  try {
    const place = await furnish(host, home, model);
    await host.furnish?.(place);
    await place.sh(setUpLine(host));
    await host.permit?.(place);
    const { printed: checked } = await runLine(host.check.line, place, host);
    const { printed, exitCode } = await runLine(host.ask, place, host);
    return { place, checked, turns: model.turns, printed, exitCode, left: await findLeft(place), remove: () => remove(home) };
  } catch (error) {
    await remove(home);
    throw error;
  } finally {
    await model.close();
  }
}

/** The model's part: a picture, an edit of the file its result names, a picture under a name that is taken, and the end. */
function script({ tools, results }: Turn): Reply {
  const call = (tool: string, args: Record<string, unknown>): Reply => {
    const found = tools.find(({ name }) => name.endsWith(tool));
    return found === undefined ? { say: `There is no ${tool}.` } : { call: found, args };
  };
  const [made] = results;
  if (made === undefined) return call('generate_image', { prompt: 'A red fox on a hill at dawn', output: 'pictures/fox.png' });
  if (results.length === 1) {
    return call('edit_image', { prompt: 'Let it snow', image: pathIn(made.text), output: 'pictures/fox-in-snow.png' });
  }
  if (results.length === 2) return call('generate_image', { prompt: 'A blue hare', output: 'pictures/fox.png' });
  return { say: `The fox is painted: ${pathIn(made.text)}` };
}

/** The path a result begins with, wherever the host puts the result; empty when there is none. */
export const pathIn = (text: string): string => /(?:^|[\n"])(\/[^\n"]+?\.png) \(/.exec(text)?.[1] ?? '';

async function furnish(host: Host, home: string, { url }: Model): Promise<Place> {
  const [project, limner] = [join(home, 'project'), join(home, 'limner')];
  await Promise.all([project, limner, join(home, 'bin'), join(home, 'tmp')].map((folder) => mkdir(folder)));
  // A checkout of its own, so that its processes are told from any other limner's.
  await cp(join(root, 'dist'), join(limner, 'dist'), { recursive: true });
  await cp(join(root, 'package.json'), join(limner, 'package.json'));
  await symlink(join(root, 'node_modules'), join(limner, 'node_modules'));
  const { command, args } = await install(host.pin);
  const start = [command, ...args].map((word) => `'${word}'`).join(' ');
  await writeFile(join(home, 'bin', host.pin.program), `#!/bin/sh\nexec ${start} "$@"\n`, { mode: 0o755 });
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(home, path)), { recursive: true });
    await writeFile(join(home, path), text);
  };
  const place: Place = { home, project, limner, model: url, write, sh: (line) => runLine(line, place, host).then(requireZero) };
  return place;
}

interface Ended {
  printed: string;
  exitCode: number | null;
}

function requireZero({ exitCode, printed }: Ended): void {
  if (exitCode !== 0) throw new Error(`the host ended with ${exitCode}:\n${printed}`);
}

function runLine(line: string, place: Place, host: Host): Promise<Ended> {
  const path = [join(place.home, 'bin'), dirname(process.execPath), process.env.PATH].join(delimiter);
  const env = { HOME: place.home, TMPDIR: join(place.home, 'tmp'), PATH: path, LANG: 'C.UTF-8', NO_COLOR: '1', ...host.env(place) };
  // A group of its own, so that nothing of a host that hangs is left.
  const child = spawn('sh', ['-c', line], { cwd: place.project, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const late = setTimeout(() => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL'), longestSessionMs);
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      printed += String(chunk);
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (exitCode) => {
      clearTimeout(late);
      resolve({ printed, exitCode });
    });
  });
}

/** A server may take a moment to save what it has; one that takes longer is taken for left behind, in milliseconds. */
const longestEndMs = 5000;

async function findLeft({ limner }: Place): Promise<string[]> {
  const until = Date.now() + longestEndMs;
  while (true) {
    const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid=,args=']);
    const left = stdout.split('\n').filter((line) => line.includes(limner));
    if (left.length === 0 || Date.now() > until) return left;
    await wait(100);
  }
}

const remove = (home: string) => rm(home, { recursive: true, force: true, maxRetries: 3 });
