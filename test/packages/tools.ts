import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { npm } from '../../packaging/npm.ts';

/** The repository. */
export const root = join(import.meta.dirname, '..', '..');

/** An empty folder, and how it is taken away. */
export async function makeFolder(name: string) {
  const path = await mkdtemp(join(tmpdir(), `limner-${name}-`));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** An empty folder that is gone after `use`. */
export async function inFolder<T>(name: string, use: (folder: string) => Promise<T>): Promise<T> {
  const { path, remove } = await makeFolder(name);
  try {
    return await use(path);
  } finally {
    await remove();
  }
}

/** Installs a tool, `name@version`, into a folder; resolves with the path of its program. */
export async function installTool(folder: string, spec: string, program: string): Promise<string> {
  await writeFile(join(folder, 'package.json'), '{"private":true}');
  await npm(['install', '--no-audit', '--no-fund', '--loglevel=error', spec], folder);
  return join(folder, 'node_modules', '.bin', program);
}

/** What a program did; its colours are taken out. */
export interface Ran {
  code: unknown;
  output: string;
}

/** Runs a program to its end, with that environment alone. */
export async function run(program: string, args: readonly string[], cwd: string, env: Record<string, string>): Promise<Ran> {
  const child = spawn(program, args, {
    cwd,
    env: { PATH: process.env.PATH ?? '', NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [closed, stdout, stderr] = await Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]);
  const code: unknown = closed[0];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the colours
  return { code, output: `${stdout}${stderr}`.replace(/\u001b\[[\d;]*m/g, '') };
}
