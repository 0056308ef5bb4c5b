import { toDayName } from '../archive/ledger-lines.ts';
import { ToolError } from '../errors.ts';
import { workingFolder } from '../files/paths.ts';
import { openPieces } from '../files/pieces.ts';
import type { BatchUpstream } from '../model/index.ts';
import { ServiceError } from '../model/service-failure.ts';
import type { ChunkState } from './events.ts';
import { toDisplayName, toUnit, toUnitIds } from './ids.ts';
import { type BatchStore, clearChunk, type Manifest } from './store.ts';
import { toCall, type Worker } from './work.ts';

/** When Google's list of batches has not shown a chunk for so long, and this often, it never got it; in milliseconds. */
const settledMs = 120_000;
const settledLooks = 3;

/** Google ends a batch after two days; so long its requests count as under way, in milliseconds. */
const underWayMs = 50 * 3_600_000;

/** What became of a chunk that should be sent. */
export type Sent = 'sent' | 'unclear' | 'dropped' | 'later';

/** How often each chunk was looked for in Google's list, by what it is called there. */
const looks = new Map<string, number>();

/**
 * Sends a chunk, or goes on where that was cut off. What costs money happens once: before a chunk is sent the journal says so, and a chunk of which it says so is looked for at
 * Google's and never sent on a guess. Throws what only the person can mend.
 */
export async function sendChunk(chunk: ChunkState, store: BatchStore, worker: Worker, upstream: BatchUpstream): Promise<Sent> {
  const displayName = toDisplayName(store.head.id, chunk.chunk);
  if (chunk.state === 'unclear') return lookFor(chunk, displayName, store, worker, upstream);
  if (store.state.isCancelled) return drop(chunk, 'the batch was cancelled', store, worker);
  if (chunk.day !== toDayName(new Date())) return drop(chunk, 'the day it was entered on has ended', store, worker);
  const manifest = await store.readManifest(chunk.chunk);
  if (manifest === undefined) return drop(chunk, 'what was written down of it is gone', store, worker);
  try {
    await worker.ledger.sendBatch(toRequests(chunk, manifest, store, worker));
  } catch (error) {
    await drop(chunk, error instanceof ToolError ? error.message : 'it could not be entered in the ledger', store, worker);
    throw error;
  }
  return create(chunk, displayName, store, worker, upstream);
}

function toRequests(chunk: ChunkState, { units }: Manifest, { head }: BatchStore, worker: Worker) {
  const { config } = toCall(worker, head);
  return units.map(({ key, plan }) => ({
    ...toUnitIds(head.id, chunk.chunk, toUnit(key)),
    key: `${head.id} ${key}`,
    tool: plan.tool,
    backend: 'gemini',
    model: plan.model.id,
    folder: workingFolder(config),
    dollars: plan.price?.most ?? null,
    until: new Date(Date.now() + underWayMs).toISOString(),
    batch: head.id,
    ...(config.budget.perDay !== undefined && { limit: config.budget.perDay }),
  }));
}

async function create(
  chunk: ChunkState,
  displayName: string,
  store: BatchStore,
  worker: Worker,
  { files, batches }: BatchUpstream,
): Promise<Sent> {
  const { signal } = worker;
  const source = await openPieces(store.chunkFile(chunk.chunk, 'requests.jsonl'));
  let isSending = false;
  try {
    const file = await files.upload(source, { mediaType: 'application/jsonl', displayName }, signal);
    await store.enter({ event: 'sending', chunk: chunk.chunk });
    isSending = true;
    // From here on nothing stops it: an aborted request may be a batch all the same.
    const { name } = await batches.create(chunk.model, file.name, displayName, AbortSignal.timeout(120_000));
    await store.enter({ event: 'created', chunk: chunk.chunk, name });
    return 'sent';
  } catch (error) {
    if (!(error instanceof ServiceError)) {
      if (isSending) return 'unclear';
      throw error;
    }
    if (isSending && error.failure.isUnclear) return 'unclear';
    return refused(error, chunk, store, worker);
  }
}

/** What only time mends is tried again later; what is wrong with these requests is theirs; anything else is the person's. */
async function refused(error: ServiceError, chunk: ChunkState, store: BatchStore, worker: Worker): Promise<Sent> {
  await drop(chunk, error.message, store, worker);
  if (error.code === 'quota' || error.code === 'overloaded' || error.code === 'unreachable' || error.code === 'bad_answer') return 'later';
  if (error.code === 'upstream_fault' || error.code === 'model_gone')
    for (const key of chunk.units) await store.enter({ event: 'unsendable', key, message: error.message });
  throw error;
}

/** A chunk nobody knows of whether Google has it. */
async function lookFor(
  chunk: ChunkState,
  displayName: string,
  store: BatchStore,
  worker: Worker,
  { batches }: BatchUpstream,
): Promise<Sent> {
  const [found, ...doubles] = await batches.find(displayName, worker.signal);
  for (const { name } of doubles) await batches.cancel(name, worker.signal);
  if (found) {
    await store.enter({ event: 'created', chunk: chunk.chunk, name: found.name });
    if (store.state.isCancelled) await batches.cancel(found.name, worker.signal);
    return 'sent';
  }
  const count = (looks.get(displayName) ?? 0) + 1;
  looks.set(displayName, count);
  if (count < settledLooks || Date.now() - chunk.sendingAt < settledMs) return 'unclear';
  return drop(chunk, 'its sending was cut off, and Google never got it', store, worker);
}

/** Nothing of it is sent: its requests cost nothing, and wait again. */
async function drop(chunk: ChunkState, why: string, store: BatchStore, { ledger }: Worker): Promise<Sent> {
  for (const key of chunk.units)
    await ledger.resume(chunk.day, { ...toUnitIds(store.head.id, chunk.chunk, toUnit(key)), dollars: 0 }).failed(false);
  await store.enter({ event: 'dropped', chunk: chunk.chunk, why });
  await clearChunk(store, chunk.chunk);
  return 'dropped';
}
