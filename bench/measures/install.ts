import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { limnerName } from '../contestants.ts';
import { note } from '../figures.ts';
import type { Bout } from './bout.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..', '..');
const manifest = z.object({ scripts: z.record(z.string(), z.string()).default({}) });

/** The packed package, installed as its users do: megabytes on disk, dependencies with native code, install scripts of ours. */
export async function measureInstall({ figures, say }: Pick<Bout, 'figures' | 'say'>): Promise<void> {
  say('install: npm pack, npm install');
  const folder = await mkdtemp(join(tmpdir(), 'limner-bench-install-'));
  try {
    // What `npm run bench` has just built is packed as it is.
    await npm(['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], root);
    const packed = (await readdir(folder)).find((name) => name.endsWith('.tgz')) ?? '';
    try {
      await npm(['install', '--omit=dev', '--no-audit', '--no-fund', '--prefix', folder, join(folder, packed)], folder);
    } catch {
      return say('install: not measured, the package registry could not be reached');
    }
    const modules = join(folder, 'node_modules');
    note(figures, 'install, MB', limnerName, (await bytesBelow(modules)) / 1e6);
    note(figures, 'install, native', limnerName, (await findNative(modules)).size);
    const { scripts } = manifest.parse(JSON.parse(await readFile(join(modules, 'limner', 'package.json'), 'utf8')));
    note(figures, 'install, scripts', limnerName, Object.keys(scripts).filter((name) => /^(pre|post)?install$/.test(name)).length);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Windows starts npm through a shell only. */
async function npm(args: readonly string[], cwd: string): Promise<void> {
  const isWindows = process.platform === 'win32';
  await run(isWindows ? 'npm.cmd' : 'npm', args, { cwd, shell: isWindows });
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function bytesBelow(folder: string): Promise<number> {
  const sizes = await Promise.all((await filesBelow(folder)).map(async (path) => (await stat(path)).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** The packages that hold native code for Node. */
async function findNative(modules: string): Promise<Set<string>> {
  const native = (await filesBelow(modules)).filter((path) => path.endsWith('.node'));
  return new Set(native.map((path) => /^(@[^/]+\/)?[^/]+/.exec(relative(modules, path).replaceAll('\\', '/'))?.[0] ?? path));
}
