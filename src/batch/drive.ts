import { setTimeout } from 'node:timers/promises';
import { listUnclaimed } from '../archive/unclaimed.ts';
import { ToolError } from '../errors.ts';
import type { Claim } from '../files/claim.ts';
import { ServiceError } from '../model/service-failure.ts';
import { collectChunk } from './collect.ts';
import type { ChunkState } from './events.ts';
import { writeIndex } from './index-files.ts';
import { prepareChunk } from './prepare.ts';
import type { BatchStore } from './store.ts';
import { sendChunk } from './submit.ts';
import { requireUpstream, type Worker } from './work.ts';

/** Batches Google takes at once; some are left to others of the same project. */
const mostOpen = 90;

/** What keeps a pass from going on, in words for the person. */
export interface Pass {
  /** Everything there is to do has been done. */
  isOver: boolean;
  /** Something went forward. */
  hasMoved: boolean;
  /** What has to be waited for beside Google's work. */
  notes: string[];
}

/** Has this process alone work on a batch. Throws when another does. */
export async function withClaim<T>(store: BatchStore, worker: Worker, work: (claim: Claim) => Promise<T>): Promise<T> {
  const claim = await store.claim(worker.host);
  if ('pid' in claim) {
    const where = claim.host === worker.host ? '' : ` on ${claim.host}`;
    throw new ToolError(
      'repeated',
      `Process ${claim.pid}${where} is at work on ${store.head.id} already, and two would get in each other's way. limner batch status ${store.head.id} shows how far it is.`,
    );
  }
  try {
    await store.readOn();
    return await work(claim);
  } finally {
    await claim.release();
  }
}

/** Does everything that can be done for a batch now: takes over what has come, sends what waits. Throws what only the person can mend. */
export async function goOn(store: BatchStore, worker: Worker, claim: Claim): Promise<Pass> {
  const upstream = requireUpstream(worker);
  const pass: Pass = { isOver: false, hasMoved: false, notes: [] };
  const tell = () => tellProgress(store, worker);
  tell();
  for (const chunk of chunksIn(store, 'created')) {
    if (worker.signal.aborted) return pass;
    const wasCollected = await patiently(pass, () => takeOver(chunk, store, worker, upstream, tell));
    pass.hasMoved ||= wasCollected === true;
  }
  await sendWaiting(store, worker, claim, pass);
  if (pass.hasMoved) {
    const { warning } = await worker.archive.tidy(() => listUnclaimed(worker.archive, worker.ledger));
    if (warning) pass.notes.push(warning);
  }
  const units = [...store.state.units.values()];
  const isOpen = [...store.state.chunks.values()].some(({ state }) => state !== 'collected' && state !== 'dropped');
  pass.isOver = !isOpen && (store.state.isCancelled || units.every(({ state }) => state === 'saved' || state === 'failed'));
  if (pass.hasMoved || (pass.isOver && store.state.index === undefined))
    await writeIndex(store, worker).catch((error) => noteIndex(error, pass));
  tell();
  return pass;
}

/** Without an index the pictures are there all the same. */
function noteIndex(error: unknown, pass: Pass): void {
  if (!(error instanceof ToolError)) throw error;
  pass.notes.push(error.message);
}

function chunksIn({ state }: BatchStore, ...wanted: ChunkState['state'][]): ChunkState[] {
  return [...state.chunks.values()].filter((chunk) => wanted.includes(chunk.state));
}

async function takeOver(
  chunk: ChunkState,
  store: BatchStore,
  worker: Worker,
  upstream: ReturnType<typeof requireUpstream>,
  onUnit: () => void,
): Promise<boolean> {
  const remote = await upstream.batches.get(chunk.name ?? '', worker.signal).catch((error: unknown) => {
    if (error instanceof ServiceError && error.code === 'not_found') return 'gone' as const;
    throw error;
  });
  if (remote !== 'gone' && (remote.state === 'PENDING' || remote.state === 'RUNNING')) return false;
  await collectChunk(chunk, remote, store, worker, upstream, onUnit);
  return true;
}

/** Chunks that were cut off first, then new ones, as many as Google takes. */
async function sendWaiting(store: BatchStore, worker: Worker, claim: Claim, pass: Pass): Promise<void> {
  const upstream = requireUpstream(worker);
  const send = async (chunk: ChunkState): Promise<boolean> => {
    if (worker.signal.aborted) return false;
    if (!(await claim.isOurs())) throw new ToolError('repeated', `Another process has taken ${store.head.id} over.`);
    const sent = await patiently(pass, () => sendChunk(chunk, store, worker, upstream));
    pass.hasMoved ||= sent === 'sent';
    if (sent === 'unclear')
      pass.notes.push(
        `Whether Google got chunk ${chunk.chunk} is not clear: its sending was cut off. limner looks again, and sends nothing twice; this can take some minutes.`,
      );
    tellProgress(store, worker);
    return sent === 'sent' || sent === 'dropped' || sent === 'unclear';
  };
  for (const chunk of chunksIn(store, 'unclear', 'planned')) if (!(await send(chunk)) && chunk.state === 'planned') return;
  while (!store.state.isCancelled && !worker.signal.aborted && chunksIn(store, 'created', 'unclear', 'planned').length < mostOpen) {
    const number = await prepareChunk(store, worker);
    const chunk = number === undefined ? undefined : store.state.chunks.get(number);
    if (chunk === undefined || !(await send(chunk))) return;
  }
}

/** What time alone mends is noted, and tried again in the next pass. */
async function patiently<T>(pass: Pass, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    const passes = ['quota', 'overloaded', 'unreachable', 'bad_answer', 'timeout'];
    if (error instanceof ServiceError && passes.includes(error.code)) {
      pass.notes.push(error.message);
      return undefined;
    }
    if (isBrokenStream(error)) {
      pass.notes.push("The connection broke in the middle of Google's results; what is missing of them is fetched again.");
      return undefined;
    }
    throw error;
  }
}

function isBrokenStream(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(ECONN\w+|EPIPE|ERR_STREAM_PREMATURE_CLOSE|HPE_\w+)$/.test(String(error.code));
}

function tellProgress({ state }: BatchStore, { report }: Worker): void {
  const units = [...state.units.values()];
  const done = units.filter((unit) => unit.state === 'saved' || unit.state === 'failed').length;
  const sent = units.filter((unit) => unit.state === 'sent').length;
  report(sent > 0 ? `${sent} with Google` : 'Working', done, units.length);
}

/** Times between two looks at Google, in milliseconds: soon after something went forward, seldom when nothing does. */
const lookEvery = { first: 500, growth: 1.5, most: 30_000 } as const;

/** Goes on until all is done, or nobody waits any more. `note` is told of what is waited for, each thing once. */
export async function goOnToTheEnd(store: BatchStore, worker: Worker, claim: Claim, note: (text: string) => void): Promise<boolean> {
  const told = new Set<string>();
  let waitMs: number = lookEvery.first;
  while (!worker.signal.aborted) {
    const { isOver, hasMoved, notes } = await goOn(store, worker, claim);
    for (const text of notes) if (!told.has(text)) note(text);
    for (const text of notes) told.add(text);
    if (isOver) return true;
    waitMs = hasMoved ? lookEvery.first : Math.min(waitMs * lookEvery.growth, lookEvery.most);
    await setTimeout(waitMs, undefined, { signal: worker.signal }).catch(() => undefined);
  }
  return false;
}

/** Has Google stop what it can; what it has made by then is taken over and paid. */
export async function cancelBatch(store: BatchStore, worker: Worker): Promise<void> {
  const { batches } = requireUpstream(worker);
  if (!store.state.isCancelled) await store.enter({ event: 'cancelled' });
  for (const { name } of chunksIn(store, 'created')) {
    await batches.cancel(name ?? '', worker.signal).catch((error: unknown) => {
      // What is over already needs no end.
      if (!(error instanceof ServiceError) || (error.failure.status !== 400 && error.failure.status !== 404)) throw error;
    });
  }
}
