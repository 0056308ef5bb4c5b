import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Runs npm as this machine has it, without a shell; resolves with what it printed, and rejects with that when it fails. */
export async function npm(args: readonly string[], cwd: string): Promise<string> {
  // Under `npm run`, npm says where it lies; `npm` alone is no program on Windows.
  const script = process.env.npm_execpath;
  const [command, first] = script === undefined ? ['npm', []] : [process.execPath, [script]];
  const { stdout } = await promisify(execFile)(command, [...first, ...args], { cwd, maxBuffer: 64e6 });
  return stdout;
}
