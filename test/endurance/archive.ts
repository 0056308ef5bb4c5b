import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { type LedgerLine, toDayName } from '../../src/archive/ledger-lines.ts';
import { type ImageRecord, toSha256 } from '../../src/archive/record.ts';
import type { Computer } from '../fixtures.ts';
import type { Ground } from './ground.ts';

/** How a picture of a filled archive was delivered. */
type Delivery = 'as it came' | 'converted' | 'at its original' | 'not';

export interface Filling {
  count: number;
  /** Bytes of each original, and of each conversation. */
  bytes: number;
  delivery: Delivery;
  /** When the first was made; each further one is a second younger. */
  since: Date;
  /** Told apart from other fillings by this. */
  name: string;
  turns?: boolean;
}

/** A picture that was put into an archive. */
export interface Filled {
  id: string;
  call: string;
  sha256: string;
  original: string;
  delivered: string;
}

/** Writes originals, records, conversations, delivered files and the index as servers would have, without their care for each. */
export async function fillArchive({ state, project }: Computer, filling: Filling): Promise<Filled[]> {
  const folders = [join(state, 'images'), join(state, 'turns'), join(project, 'delivered')];
  for (const folder of folders) await mkdir(folder, { recursive: true });
  const made = Array.from({ length: filling.count }, (_, index) => toPicture(filling, index, state, project));
  for (let at = 0; at < made.length; at += 200) await Promise.all(made.slice(at, at + 200).map(({ files }) => writeAll(files)));
  await writeFile(join(state, 'index.jsonl'), made.map(({ line }) => `${line}\n`).join(''), { flag: 'a' });
  return made.map(({ filled }) => filled);
}

/** Enters calls in the ledger as a process leaves them that dies before it can answer. */
export async function leaveUnclaimed({ state, project: folder }: Computer, pictures: readonly Filled[]): Promise<void> {
  const at = new Date().toISOString();
  const asked = { tool: 'generate_image', backend: 'gemini', model: 'gemini-nano-banana-2.1', folder, dollars: 0.04 };
  const lines: LedgerLine[] = pictures.flatMap(({ id, call }) => [
    { ...asked, at, call, event: 'sent', request: `req_${id}`, image: id, key: call, pid: 2 ** 30, host: hostname(), until: at },
    { at, call, event: 'arrived', request: `req_${id}`, images: [id], dollars: 0.04 },
  ]);
  await mkdir(join(state, 'ledger'), { recursive: true });
  await writeFile(join(state, 'ledger', `${toDayName(new Date())}.jsonl`), lines.map((line) => `${JSON.stringify(line)}\n`).join(''), {
    flag: 'a',
  });
}

async function writeAll(files: readonly (readonly [string, string | Buffer])[]): Promise<void> {
  for (const [path, bytes] of files) await writeFile(path, bytes);
}

function toPicture({ name, bytes: length, delivery, since, turns = false }: Filling, index: number, state: string, project: string) {
  const id = `img_${toLetters(`${name} ${index}`)}`;
  const call = `call_${toLetters(`${name} ${index}`)}`;
  const at = new Date(since.getTime() + index * 1000).toISOString();
  const bytes = Buffer.concat([
    Buffer.from([0xff, 0xd8, 0xff, 0xe0]),
    Buffer.from(`${name} ${index}`),
    Buffer.alloc(Math.max(0, length - 40), index),
  ]);
  const sha256 = toSha256(bytes);
  const original = join(state, 'images', `${id}.jpg`);
  const pixels = { format: 'jpeg', width: 256, height: 192 } as const;
  const file = delivery === 'converted' ? Buffer.from(`converted ${name} ${index}`) : bytes;
  const path = delivery === 'at its original' ? original : join(project, 'delivered', `${name}-${index}.jpg`);
  const delivered = { path, bytes: file.length, sha256: toSha256(file), ...pixels };
  const record: ImageRecord = {
    ...{
      id,
      call,
      number: 1,
      at,
      tool: 'generate_image',
      backend: 'gemini',
      model: 'gemini-nano-banana-2.1',
      prompt: `A red fox, ${name} ${index}`,
    },
    ...{ parents: [], inputs: [], folder: project, plan: {}, finish: {}, differences: [], warnings: [], dollars: 0.04, estimated: false },
    ...{ text: '', sources: [], searches: 0, original: { path: original, bytes: bytes.length, sha256 }, made: pixels },
    ...(delivery !== 'not' && { delivered }),
    ...(turns && { turn: { sent: `${call}-0123456789ab`, length, pictures: 1, made: 1 } }),
  };
  const line = JSON.stringify({ sha256, id, at, call, folder: project });
  const files: [string, string | Buffer][] = [
    [original, bytes],
    [join(state, 'images', `${id}.json`), `${JSON.stringify(record, undefined, 2)}\n`],
    ...(delivery === 'not' ? [] : [[delivered.path, file] satisfies [string, Buffer]]),
    ...(turns ? [[join(state, 'turns', `${id}.json.gz`), bytes] satisfies [string, Buffer]] : []),
  ];
  return { filled: { id, call, sha256, original, delivered: path }, line, files };
}

/** 16 letters of base32, the same for the same words. */
function toLetters(words: string): string {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
  return [...createHash('sha256').update(words).digest().subarray(0, 16)].map((byte) => alphabet[byte % 32]).join('');
}

const search = z.object({ milliseconds: z.number(), busy: z.number(), id: z.string().nullable() });

/**
 * Finds a picture by its content in a process that has just started, `files` of which may be open at once. `milliseconds` passed while the archive was opened and the
 * picture found; so many of a processor's were `busy` with it, which others that want the processor do not stretch.
 */
export async function findInNewProcess({ root }: Ground, { state }: Computer, sha256: string, files = 1024) {
  const module = pathToFileURL(join(root, 'build', 'archive', 'archive.js')).href;
  const program = `
    const { openArchive } = await import(${JSON.stringify(module)});
    const [started, before] = [performance.now(), process.cpuUsage()];
    const archive = openArchive(${JSON.stringify(state)}, 2e9);
    const found = await archive.findByContent(${JSON.stringify(sha256)});
    const [milliseconds, { user, system }] = [performance.now() - started, process.cpuUsage(before)];
    console.log(JSON.stringify({ milliseconds, busy: (user + system) / 1000, id: found?.id ?? null }));`;
  const shell = ['-c', `ulimit -n ${files}; exec "$0" --input-type=module -e "$1"`, process.execPath, program];
  const { stdout } = await promisify(execFile)('sh', shell);
  return search.parse(JSON.parse(stdout));
}

/** Bytes of everything the cap counts. */
export async function measureArchive({ state }: Computer): Promise<number> {
  const folders = ['images', 'turns', 'replaced'].map((name) => join(state, name));
  const paths = (
    await Promise.all(folders.map(async (folder) => (await readdir(folder).catch(() => [])).map((name) => join(folder, name))))
  ).flat();
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path).catch(() => undefined))?.size ?? 0));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Which of these files are there. */
export async function listThere(paths: readonly string[]): Promise<string[]> {
  return (
    await Promise.all(
      paths.map((path) =>
        stat(path).then(
          () => [path],
          () => [],
        ),
      ),
    )
  ).flat();
}
