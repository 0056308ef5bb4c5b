import { readdir, readFile } from 'node:fs/promises';
import { childrenOf } from './security/processes.ts';

/** What each thread of a process and of its children is doing, as far as the system tells: a line a process, for whoever reads why a call was not answered. */
export async function describeProcesses(pid: number): Promise<string> {
  const all = [pid, ...(await childrenOf(pid))];
  return (await Promise.all(all.map(describeProcess))).join('\n');
}

async function describeProcess(pid: number): Promise<string> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const told = await Promise.all(threads.map((thread) => describeThread(`/proc/${pid}/task/${thread}`)));
  return `process ${pid}: ${told.length === 0 ? 'nothing is told of it' : told.join(', ')}`;
}

async function describeThread(path: string): Promise<string> {
  const [stat, waitsIn] = await Promise.all(['stat', 'wchan'].map((name) => readFile(`${path}/${name}`, 'utf8').catch(() => '')));
  const [state = '', , , , , , , , , , , user = '', system = ''] = (stat ?? '').slice((stat ?? '').lastIndexOf(')') + 2).split(' ');
  return `${state} in ${waitsIn || '?'} after ${user}+${system}`;
}
