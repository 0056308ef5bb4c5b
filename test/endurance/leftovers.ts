import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import sharp from 'sharp';
import { addUpDay, type LedgerLine, parseLine } from '../../src/archive/ledger-lines.ts';
import { type ImageRecord, parseRecord, toSha256 } from '../../src/archive/record.ts';
import { isTemporary } from '../../src/files/draft.ts';
import type { Answer } from '../answer.ts';
import type { Computer } from '../fixtures.ts';
import type { SentPicture } from './ground.ts';

/** What lies on a computer after whatever happened, and what is wrong with it. */
export interface Leftovers {
  /** One sentence for each file that is not whole, each promise the ledger does not keep. */
  torn: string[];
  /** Pictures Google has sent that are neither in the archive nor sent without arrival in the ledger. */
  lost: SentPicture[];
  /** Hashes of the originals. */
  originals: ReadonlySet<string>;
  /** Temporary files. */
  parts: string[];
  lines: LedgerLine[];
}

/**
 * Looks at everything in the state folder and the project. `sent` are the pictures that have to be accounted for, `everything` all that Google may have
 * sent here.
 */
export async function inspectLeftovers({ state, project }: Computer, sent: readonly SentPicture[], everything = sent): Promise<Leftovers> {
  const known = new Set(everything.map(({ sha256 }) => sha256));
  const [images, turns, delivered] = [
    await listFiles(join(state, 'images')),
    await listFiles(join(state, 'turns')),
    await listFiles(project),
  ];
  const { records, originals, torn } = await readImages(images.filter(isFinal), known);
  for (const path of turns.filter(isFinal)) if (!(await isTurn(path))) torn.push(`${path} is no turn`);
  for (const path of delivered.filter(isFinal)) if (!known.has(await hash(path)) && !(await isPicture(path))) torn.push(`${path} is torn`);
  const lines = await readLedger(state);
  torn.push(...findBroken(lines, records, originals));
  const missing = sent.filter(({ sha256 }) => ![...originals.values()].includes(sha256));
  const parts = [...images, ...turns, ...delivered].filter((path) => !isFinal(path));
  return { torn, lost: missing.slice(countPending(lines, originals)), originals: new Set(originals.values()), parts, lines };
}

function isFinal(path: string): boolean {
  return !isTemporary(basename(path));
}

/** The archive's folder of originals and their records. */
async function readImages(paths: readonly string[], known: ReadonlySet<string>) {
  const [records, originals] = [new Map<string, ImageRecord>(), new Map<string, string>()];
  const torn: string[] = [];
  for (const path of paths) {
    const [id = '', extension] = basename(path).split('.');
    if (extension === 'json') {
      const record = parseRecord(await readFile(path, 'utf8'));
      if (record) records.set(id, record);
      else torn.push(`${path} is no record`);
    } else {
      const sha256 = await hash(path);
      if (known.has(sha256)) originals.set(id, sha256);
      else torn.push(`${path} is not what Google sent`);
    }
  }
  return { records, originals, torn };
}

export async function readLedger(state: string): Promise<LedgerLine[]> {
  const texts = await Promise.all((await listFiles(join(state, 'ledger'))).map((path) => readFile(path, 'utf8')));
  return texts.flatMap((text) => text.split('\n').flatMap((line) => parseLine(line) ?? []));
}

/** Each `arrived` line has whole originals with their records' hashes. */
function findBroken(
  lines: readonly LedgerLine[],
  records: ReadonlyMap<string, ImageRecord>,
  originals: ReadonlyMap<string, string>,
): string[] {
  return lines.flatMap((line) => {
    if (line.event !== 'arrived') return [];
    return line.images.flatMap((id) => {
      const original = records.get(id)?.original;
      if (original === undefined) return [`${id} arrived and has no record of an original`];
      return originals.get(id) === original.sha256 ? [] : [`${id} arrived and its original is not as recorded`];
    });
  });
}

/** Requests the ledger knows nothing further of, or as perhaps billed, and whose picture is not here. */
function countPending(lines: readonly LedgerLine[], originals: ReadonlyMap<string, string>): number {
  const { refused } = addUpDay(lines);
  const ended = new Set(
    lines.flatMap((line) => (line.event === 'arrived' || (line.event === 'failed' && !line.maybeBilled) ? [line.request] : [])),
  );
  return lines.filter(
    (line) => line.event === 'sent' && !refused.has(line.request) && !ended.has(line.request) && !originals.has(line.image),
  ).length;
}

/** What is wrong with a successful answer: a file that is not there, or not as it was said to be. */
export async function findUntrue(answer: Answer): Promise<string[]> {
  const checks = answer.facts.images.flatMap(({ path, sha256, bytes, original }) => [
    isAs(path, sha256, bytes).then((is) => (is ? [] : [`${path} is not as the answer says`])),
    original === null
      ? []
      : stat(original).then(
          () => [],
          () => [`${original} is not there`],
        ),
  ]);
  return (await Promise.all(checks)).flat();
}

async function isAs(path: string, sha256: string, bytes: number): Promise<boolean> {
  const read = await readFile(path).catch(() => undefined);
  return read !== undefined && read.length === bytes && toSha256(read) === sha256;
}

const hashes = new Map<string, string>();

/** A file that was looked at before and not written since need not be read again. */
async function hash(path: string): Promise<string> {
  const { ino, size, mtimeMs } = await stat(path);
  const key = [path, ino, size, mtimeMs].join();
  const sha256 = hashes.get(key) ?? toSha256(await readFile(path));
  hashes.set(key, sha256);
  return sha256;
}

async function isPicture(path: string): Promise<boolean> {
  return sharp(path, { failOn: 'truncated' })
    .raw()
    .toBuffer()
    .then(
      () => true,
      () => false,
    );
}

async function isTurn(path: string): Promise<boolean> {
  const packed = await readFile(path);
  try {
    return typeof JSON.parse(gunzipSync(packed).toString()) === 'object';
  } catch {
    return false;
  }
}

/** Every file below a folder; none when it is not there. */
async function listFiles(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return found.flatMap((entry) => (entry.isFile() ? [join(entry.parentPath, entry.name)] : []));
}
