import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Computer } from '../fixtures.ts';
import type { Program } from './install.ts';

export interface Ended {
  exitCode: unknown;
  stdout: string;
  stderr: string;
}

/** A client that takes longer than this hangs, in milliseconds. */
const longestRunMs = 90_000;

/** Runs a program in the project of a computer, with nothing in its environment but that computer's and what is given. */
export async function run(program: Program, args: readonly string[], computer: Computer, env: Record<string, string> = {}): Promise<Ended> {
  const path = `${dirname(process.execPath)}:${process.env.PATH}`;
  const child = spawn(program.command, [...program.args, ...args], {
    cwd: computer.project,
    env: { ...computer.env, PATH: path, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: longestRunMs,
  });
  const [[exitCode], stdout, stderr] = await Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]);
  return { exitCode, stdout, stderr };
}
