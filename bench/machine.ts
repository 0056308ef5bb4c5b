import { execFile } from 'node:child_process';
import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Where figures come from: without it they mean nothing. */
export interface Machine {
  system: string;
  processor: string;
  processors: number;
  memoryGB: number;
  /** Version of the Node the servers run under. */
  node: string;
}

export async function describeMachine(node: string): Promise<Machine> {
  const { stdout } = await run(node, ['--version']);
  return {
    system: `${platform()} ${release()} ${arch()}`,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    processors: availableParallelism(),
    memoryGB: Math.round(totalmem() / 1e9),
    node: stdout.trim(),
  };
}

/** How many processes wanted to run in the last minute; zeros on Windows, which does not count them. */
export function readLoad(): number {
  return Math.round((loadavg()[0] ?? 0) * 100) / 100;
}
