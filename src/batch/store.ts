import { join } from 'node:path';
import { z } from 'zod';
import { appendLine, openGrowingFile } from '../files/append.ts';
import { type Claim, claimFolder, findHolder, type Holder } from '../files/claim.ts';
import { openPieces } from '../files/pieces.ts';
import { makeOwnFolder, publish, remove } from '../files/publish.ts';
import { listNames, readBytes } from '../files/read.ts';
import type { Plan } from '../plan.ts';
import { type BatchEvent, type BatchState, enterEvent, type NewEvent, parseEvent, startState } from './events.ts';
import { toKey } from './ids.ts';

const head = z.object({
  id: z.string().regex(/^batch_[a-z2-7]{16}$/),
  at: z.iso.datetime(),
  /** What the jobs came from, for people: the path of the file. */
  source: z.string(),
  /** Where files go when a job names no place; absolute. */
  folder: z.string(),
  /** The folder relative paths of jobs start at; undefined where the server knew of none. */
  projectDir: z.string().optional(),
  /** A person at a terminal began it, who may name any file of theirs. */
  isPerson: z.boolean(),
  jobs: z.int(),
  requests: z.int(),
  /** US dollars, at most and most likely; absent when nobody knows. */
  price: z.object({ likely: z.number(), most: z.number() }).optional(),
});

/** What a batch is, written once. */
export type BatchHead = z.infer<typeof head>;

const job = z.object({
  line: z.int().positive(),
  tool: z.string(),
  /** Arguments as the tool takes them, repaired. */
  input: z.looseObject({}),
  model: z.string(),
  variations: z.int().positive(),
  /** US dollars one of its requests may cost at most, as agreed; absent when nobody knows. */
  most: z.number().optional(),
});

/** A job that was found right. */
export type BatchJob = z.infer<typeof job>;

const isObject = (value: unknown) => typeof value === 'object' && value !== null;

const manifest = z.object({
  chunk: z.int(),
  units: z.array(
    z.object({
      key: z.string(),
      /** Where its request stands in the file of requests, in bytes. */
      at: z.object({ offset: z.int(), length: z.int() }),
      plan: z.custom<Plan>(isObject),
      /** Pictures the file is made with, kept as they were: names of files of the chunk. */
      picture: z.object({ name: z.string(), path: z.string(), file: z.string() }).optional(),
      mask: z.object({ name: z.string(), path: z.string(), file: z.string() }).optional(),
    }),
  ),
});

/** What a chunk is made of, beside its requests. */
export type Manifest = z.infer<typeof manifest>;

/** One batch in the state folder: plain files a person can read. `batch.json` what it is, `jobs.jsonl` what it asks for, `events.jsonl` what happened, `chunk-…` what is under way. */
export interface BatchStore {
  head: BatchHead;
  folder: string;
  /** What it stands at, as of the last `readOn`. */
  state: BatchState;
  /** Takes in what others entered. */
  readOn(): Promise<void>;
  /** Enters what happened, synced. */
  enter(event: NewEvent): Promise<void>;
  /** The jobs one by one, in their order, those that `isWanted` alone. */
  jobs(isWanted?: (line: number) => boolean): AsyncGenerator<BatchJob>;
  /** A file of a chunk, there while that is under way. */
  chunkFile(chunk: number, name: string): string;
  readManifest(chunk: number): Promise<Manifest | undefined>;
  claim(host: string): Promise<Claim | Holder>;
  holder(host: string): Promise<Holder | undefined>;
}

/** The folder of all batches. */
function toBatchesFolder(stateDir: string): string {
  return join(stateDir, 'batches');
}

/** Ids of the batches there are, in no order. */
async function listBatches(stateDir: string): Promise<string[]> {
  return (await listNames(toBatchesFolder(stateDir))).filter((name) => /^batch_[a-z2-7]{16}$/.test(name));
}

/** Writes down a batch; its head last, so that it is there as a whole or not at all. */
export async function createBatch(stateDir: string, what: BatchHead, jobs: AsyncIterable<BatchJob> | Iterable<BatchJob>): Promise<void> {
  const folder = join(toBatchesFolder(stateDir), what.id);
  makeOwnFolder(folder);
  const lines: string[] = [];
  for await (const each of jobs) lines.push(`${JSON.stringify(each)}\n`);
  await publish(join(folder, 'jobs.jsonl'), Buffer.from(lines.join('')), 'replace', { mode: 0o600 });
  await publish(join(folder, 'batch.json'), Buffer.from(`${JSON.stringify(what, undefined, 2)}\n`), 'replace', { mode: 0o600 });
}

/** A batch and what it stands at; undefined when there is none. */
export async function openBatch(stateDir: string, id: string): Promise<BatchStore | undefined> {
  const folder = join(toBatchesFolder(stateDir), id);
  const bytes = await readBytes(join(folder, 'batch.json'), 1_000_000);
  const what = bytes && readHead(Buffer.from(bytes).toString('utf8'));
  if (what === undefined || what.id !== id) return undefined;
  const events = openGrowingFile(join(folder, 'events.jsonl'), parseEvent);
  const keys: string[] = [];
  for await (const { line, variations } of readJobs(folder))
    for (let variation = 1; variation <= variations; variation += 1) keys.push(toKey({ line, variation }));
  const chunkFile = (chunk: number, name: string) => join(folder, `${toChunkName(chunk)}-${name}`);
  const store: BatchStore = {
    head: what,
    folder,
    state: startState(keys),
    async readOn() {
      const { added, isAnew } = await events.readOn();
      if (isAnew) store.state = startState(keys);
      for (const event of added) enterEvent(store.state, event);
    },
    async enter(event) {
      const whole: BatchEvent = { at: new Date().toISOString(), ...event };
      await appendLine(join(folder, 'events.jsonl'), JSON.stringify(whole));
      await store.readOn();
    },
    jobs: (isWanted) => readJobs(folder, isWanted),
    chunkFile,
    async readManifest(chunk) {
      const text = await readBytes(chunkFile(chunk, 'manifest.json'));
      return text && manifest.safeParse(JSON.parse(Buffer.from(text).toString('utf8'))).data;
    },
    claim: (host) => claimFolder(folder, host),
    holder: (host) => findHolder(folder, host),
  };
  await store.readOn();
  return store;
}

/** All batches there are, oldest first. */
export async function openBatches(stateDir: string): Promise<BatchStore[]> {
  const stores = await Promise.all((await listBatches(stateDir)).map((id) => openBatch(stateDir, id)));
  return stores.filter((store) => store !== undefined).sort((a, b) => a.head.at.localeCompare(b.head.at));
}

function readHead(text: string): BatchHead | undefined {
  try {
    return head.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

async function* readJobs(folder: string, isWanted: (line: number) => boolean = () => true): AsyncGenerator<BatchJob> {
  const { readFrom } = await openPieces(join(folder, 'jobs.jsonl'));
  for await (const text of toLines(readFrom(0))) {
    // The number stands first: most lines need not be parsed to be passed over.
    const line = Number(/^\{"line":(\d+)/.exec(text)?.[1]);
    if (!isWanted(line)) continue;
    const { data } = job.safeParse(JSON.parse(text));
    if (data) yield data;
  }
}

async function* toLines(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest = Buffer.alloc(0);
  for await (const piece of pieces) {
    rest = Buffer.concat([rest, piece]);
    const end = rest.lastIndexOf('\n');
    if (end < 0) continue;
    for (const line of rest.toString('utf8', 0, end).split('\n')) yield line;
    rest = rest.subarray(end + 1);
  }
}

/** Removes the files of a chunk that is over. */
export async function clearChunk({ folder }: BatchStore, chunk: number): Promise<void> {
  const names = (await listNames(folder)).filter((name) => name.startsWith(`${toChunkName(chunk)}-`));
  for (const name of names) await remove(join(folder, name));
}

function toChunkName(chunk: number): string {
  return `chunk-${String(chunk).padStart(4, '0')}`;
}
