import { dirname, join } from 'node:path';
import { readPersonFile } from '../files/person-file.ts';
import { exists } from '../files/read.ts';
import { type Host, hosts } from '../hosts.ts';
import type { System } from '../system-folders.ts';
import { findEntry } from './change.ts';

/** A host on this machine, as far as can be told. */
export interface FoundHost {
  host: Host;
  /** The configuration that is, or would be, written. */
  file: string;
  /** The host seems to be here: its configuration, the folder of that, or its program. */
  isHere: boolean;
  /** What is called limner in its configuration; undefined when nothing is. */
  entry: unknown;
  /** Its configuration can be read, or is not there. */
  isReadable: boolean;
}

/** All hosts, those that are here first. */
export async function findHosts(system: System): Promise<FoundHost[]> {
  const found = await Promise.all(hosts.map((host) => findHost(host, system)));
  return found.toSorted((a, b) => Number(b.isHere) - Number(a.isHere));
}

export async function findHost(host: Host, system: System): Promise<FoundHost> {
  const file = await chooseFile(host, system);
  const isHere = (await exists(file)) || (await hasOwnFolder(file, system)) || (await isOnPath(host, system));
  return { host, file, isHere, ...(await readEntry(host, file)) };
}

/** Where limner is already, else the file that is there, else the one whose folder is. */
async function chooseFile(host: Host, system: System): Promise<string> {
  const [usual, ...others] = host.files(system);
  const hasEntry = async (file: string) => (await readEntry(host, file)).entry !== undefined;
  for (const test of [hasEntry, exists, (file: string) => exists(dirname(file))]) {
    for (const file of [usual, ...others]) if (await test(file)) return file;
  }
  return usual;
}

async function readEntry(host: Host, file: string): Promise<Pick<FoundHost, 'entry' | 'isReadable'>> {
  try {
    const { text } = await readPersonFile(file);
    return { entry: text === undefined ? undefined : findEntry(host, text), isReadable: true };
  } catch {
    return { entry: undefined, isReadable: false };
  }
}

/** Claude Code's lies in the home, which is there without it. */
async function hasOwnFolder(file: string, { home }: System): Promise<boolean> {
  return dirname(file) !== home && (await exists(dirname(file)));
}

async function isOnPath({ program }: Host, { env, platform }: System): Promise<boolean> {
  if (program === undefined) return false;
  const isWindows = platform === 'win32';
  const folders = (env.PATH ?? env.Path ?? '').split(isWindows ? ';' : ':').filter((folder) => folder !== '');
  const names = isWindows ? ['.exe', '.cmd', '.bat'].map((ending) => program + ending) : [program];
  const found = await Promise.all(folders.flatMap((folder) => names.map((name) => exists(join(folder, name)))));
  return found.includes(true);
}
