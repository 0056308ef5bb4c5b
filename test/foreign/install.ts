import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { type Pin, pins } from './pins.ts';

const run = promisify(execFile);

/** Where installed programs stay from run to run, a folder each package and version; `npm ci` empties it. */
const cache = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'foreign');

/** A package that takes longer than this is taken for one that cannot be had, in milliseconds. */
const longestInstallMs = 420_000;

const manifest = z.object({ version: z.string(), bin: z.union([z.string(), z.record(z.string(), z.string())]) });

/** A program and what stands before its arguments. */
export interface Program {
  command: string;
  args: readonly string[];
}

/** Installs a package unless it is there already, and finds its program. Errors say which package npm could not bring. */
export async function install(pin: Pin): Promise<Program> {
  const folder = join(cache, `${pin.package.replaceAll('/', '+')}-${pin.version}`);
  const file = (await find(folder, pin)) ?? (await bring(folder, pin).then(() => find(folder, pin)));
  if (file === undefined) throw new Error(`${pin.package}@${pin.version} has no program ${pin.program}`);
  return /\.[cm]?js$/.test(file) ? { command: await modernNode(), args: [file] } : { command: file, args: [] };
}

/** A Node that every pinned program runs on: the running one, or the pinned one. */
async function modernNode(): Promise<string> {
  const [major = 0] = process.versions.node.split('.').map(Number);
  return major >= 24 ? process.execPath : (await install(pins.node)).command;
}

async function find(folder: string, pin: Pin): Promise<string | undefined> {
  const home = join(folder, 'node_modules', pin.package);
  const text = await readFile(join(home, 'package.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const { version, bin } = manifest.parse(JSON.parse(text));
  const file = typeof bin === 'string' ? bin : bin[pin.program];
  return version === pin.version && file !== undefined ? resolve(home, file) : undefined;
}

/** Into a folder of its own first: what was cut off in the middle is not taken for installed. */
async function bring(folder: string, pin: Pin): Promise<void> {
  await mkdir(cache, { recursive: true });
  const draft = await mkdtemp(`${folder}-`);
  const [name, started] = [`${pin.package}@${pin.version}`, Date.now()];
  try {
    await run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error', '--prefix', draft, name], {
      timeout: longestInstallMs,
      maxBuffer: 2 ** 24,
    });
    await rm(folder, { recursive: true, force: true });
    await rename(draft, folder);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.slice(0, 600) : String(cause);
    throw new Error(`npm could not install ${name}. These tests need the npm registry once for each version; npm said:\n${why}`);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  process.stderr.write(`installed ${name} in ${Math.round((Date.now() - started) / 1000)} s\n`);
}
