import type { Picture } from '../archive/identify.ts';
import { toSha256 } from '../archive/record.ts';
import { keepDecoder } from '../decoder/decoder.ts';
import { inspect } from '../decoder/pictures.ts';
import { deliver, findDelivered, type KeptImage, type SavedImage } from '../deliver.ts';
import { openPieces } from '../files/pieces.ts';
import { readBytes } from '../files/read.ts';
import { type Call, keepAll } from '../generate.ts';
import { createLanding } from '../landing.ts';
import type { RemoteBatch } from '../model/batch-api.ts';
import { type BatchResult, readBatchResults, toMissingFailure, toSentTurn } from '../model/batch-lines.ts';
import type { BatchUpstream } from '../model/index.ts';
import { dollarsPerSearch } from '../model/price.ts';
import type { RequestFailure } from '../model/request-failure.ts';
import { ServiceError } from '../model/service-failure.ts';
import { toBilled } from '../new-record.ts';
import { type ChunkState, isIn } from './events.ts';
import { toKey, toUnit, toUnitIds } from './ids.ts';
import { type BatchStore, clearChunk, type Manifest } from './store.ts';
import { toCall, type Worker } from './work.ts';

type ManifestUnit = Manifest['units'][number];

/** A unit whose result is there, and what it is finished with. */
interface Finishing {
  chunk: ChunkState;
  unit: ManifestUnit;
  store: BatchStore;
  call: Call;
}

/**
 * Takes over what a batch of Google's that is over has brought, result by result: each picture is kept, delivered and entered before the next is read. What was taken over
 * before, in a process that was killed, is not taken over twice. Throws when the results break off: what is left is taken over the next time.
 */
export async function collectChunk(
  chunk: ChunkState,
  remote: RemoteBatch | 'gone',
  store: BatchStore,
  worker: Worker,
  upstream: BatchUpstream,
  onUnit: () => void,
): Promise<void> {
  const manifest = await store.readManifest(chunk.chunk);
  const units = new Map(manifest?.units.map((unit) => [unit.key, unit]));
  const call = toCall(worker, store.head);
  const release = keepDecoder();
  try {
    const isWanted = (key: string) => units.has(key) && isIn(store.state, key, chunk.chunk);
    const isLost = await takeOver(remote, worker, upstream, isWanted, async (result) => {
      const unit = units.get(result.key);
      if (unit) await finishUnit(result, { chunk, unit, store, call });
      onUnit();
      worker.signal.throwIfAborted();
    });
    const why = isLost ? lost : toMissingFailure(toReason(remote));
    for (const key of chunk.units) if (isIn(store.state, key, chunk.chunk)) await failUnit(key, why, units.get(key), chunk, store, call);
    await store.enter({ event: 'collected', chunk: chunk.chunk });
    await clearChunk(store, chunk.chunk);
    if (remote !== 'gone') await tidyUp(remote, upstream, worker);
  } finally {
    release();
  }
}

/** What Google made and has removed since: it was billed. */
const lost: RequestFailure = {
  ...toMissingFailure('Google has removed the results, which it keeps for two days'),
  maxRequests: 1,
  maybeBilled: true,
};

/** Hands on the results one by one; true when there were some that are gone. */
async function takeOver(
  remote: RemoteBatch | 'gone',
  { config, signal }: Worker,
  { files }: BatchUpstream,
  isWanted: (key: string) => boolean,
  take: (result: BatchResult) => Promise<void>,
): Promise<boolean> {
  if (remote === 'gone') return true;
  if (remote.results === undefined) return false;
  const body = await files.download(remote.results, signal).catch((error: unknown) => {
    if (error instanceof ServiceError && error.code === 'not_found') return undefined;
    throw error;
  });
  if (body === undefined) return true;
  for await (const result of readBatchResults(body, config.redactor, isWanted)) await take(result);
  return false;
}

function toReason(remote: RemoteBatch | 'gone'): string {
  if (remote === 'gone' || remote.state === 'SUCCEEDED') return "Google's results say nothing of this request";
  const words = {
    FAILED: 'failed',
    EXPIRED: 'expired before it was made',
    CANCELLED: 'was cancelled',
    PENDING: 'ended',
    RUNNING: 'ended',
  } as const;
  return `Google's batch ${words[remote.state]}`;
}

/** Free of charge, and gone by themselves after two days. */
async function tidyUp({ input, results }: RemoteBatch, { files }: BatchUpstream, { signal }: Worker): Promise<void> {
  for (const name of [input, results]) if (name !== undefined) await files.delete(name, signal).catch(() => undefined);
}

async function finishUnit({ key, outcome }: BatchResult, finishing: Finishing): Promise<void> {
  const { chunk, unit, store, call } = finishing;
  if ('failure' in outcome) return failUnit(key, outcome.failure, unit, chunk, store, call);
  const kept = (await findKept(finishing)) ?? (await keepNew(outcome, finishing));
  const warnings: string[] = [];
  const saved = await deliverAll(kept, finishing, warnings);
  const [first] = saved;
  const dollars = kept.reduce((sum, { record }) => sum + (record.dollars ?? 0) + record.searches * dollarsPerSearch, 0);
  await endCall(key, saved, store, call);
  const notes = [...(first?.differences ?? []), ...warnings].join(' ');
  await store.enter({
    event: 'unit',
    chunk: chunk.chunk,
    key,
    state: first ? 'saved' : 'failed',
    dollars,
    ...(first && { image: first.id, path: first.file.path }),
    ...(notes !== '' && { message: notes }),
  });
}

/** What a process that was killed had kept of this unit already: it is entered as arrived once more, which counts once. */
async function findKept({ chunk, unit, store, call }: Finishing): Promise<KeptImage[] | undefined> {
  const ids = toUnitIds(store.head.id, chunk.chunk, toUnit(unit.key));
  if ((await call.archive.find(ids.image)) === undefined) return undefined;
  const records = (await call.archive.ofCall(ids.call)).filter(({ number }) => number === toUnit(unit.key).variation);
  const kept: KeptImage[] = [];
  for (const record of records) {
    const bytes = record.original && (await readBytes(record.original.path));
    if (bytes) kept.push({ record, bytes, mayStand: true });
  }
  if (!kept.some(({ record }) => record.id === ids.image)) return undefined;
  const dollars = records.map((record) => (record.dollars === undefined ? null : record.dollars + record.searches * dollarsPerSearch));
  const known = dollars.filter((each) => each !== null);
  const sum = known.length < dollars.length ? null : known.reduce((total, each) => total + each, 0);
  await toEntry(chunk, unit, store, call).arrived(
    records.map(({ id }) => id),
    sum,
  );
  return kept;
}

async function keepNew(
  outcome: Extract<BatchResult['outcome'], { read: unknown }>,
  { chunk, unit, store, call }: Finishing,
): Promise<KeptImage[]> {
  const response = outcome.read(toSentTurn(await readRequest(chunk, unit, store)));
  const { variation, line } = toUnit(unit.key);
  const { call: id } = toUnitIds(store.head.id, chunk.chunk, { line, variation });
  const landing = createLanding(unit.plan, call);
  const kept = await keepAll(response, toEntry(chunk, unit, store, call), { variation }, { id, plan: unit.plan, call, landing });
  await landing.settling.settled();
  return kept;
}

function toEntry(chunk: ChunkState, { key, plan }: ManifestUnit, { head }: BatchStore, { ledger }: Call) {
  return ledger.resume(chunk.day, { ...toUnitIds(head.id, chunk.chunk, toUnit(key)), dollars: plan.price?.most ?? null });
}

async function readRequest({ chunk }: ChunkState, { at: { offset, length } }: ManifestUnit, store: BatchStore): Promise<string> {
  const { readFrom } = await openPieces(store.chunkFile(chunk, 'requests.jsonl'));
  const pieces: Uint8Array[] = [];
  let missing = length;
  for await (const piece of readFrom(offset)) {
    pieces.push(piece.subarray(0, missing));
    missing -= Math.min(missing, piece.length);
    if (missing === 0) break;
  }
  return Buffer.concat(pieces).toString('utf8');
}

async function deliverAll(kept: readonly KeptImage[], { chunk, unit, store, call }: Finishing, warnings: string[]): Promise<SavedImage[]> {
  const saved: SavedImage[] = [];
  const { plan, picture, mask } = unit;
  const open = async (one: typeof picture) => one && openPicture(one, store, chunk);
  const ingredients = { picture: await open(picture), mask: await open(mask), logError: call.logError };
  for (const image of kept) {
    const done =
      (await findDelivered(image.record)) ?? (await deliver(image, toUnit(unit.key).variation, plan, ingredients, call, warnings));
    if (done) saved.push(done);
  }
  return saved;
}

async function openPicture(
  { name, path, file }: { name: string; path: string; file: string },
  store: BatchStore,
  { chunk }: ChunkState,
): Promise<Picture | undefined> {
  const bytes = await readBytes(store.chunkFile(chunk, file));
  return bytes && { name, path, bytes, facts: await inspect(bytes, name), sha256: toSha256(bytes) };
}

/** With its last unit a line is over, and its person has the files. */
async function endCall(key: string, saved: readonly SavedImage[], { head, state }: BatchStore, { ledger }: Call): Promise<void> {
  const { line } = toUnit(key);
  const others = siblings(state.units.keys(), line).filter((other) => other !== key);
  const isOver = others.every((other) => ['saved', 'failed'].includes(state.units.get(other)?.state ?? ''));
  if (!isOver) return;
  const before = others.flatMap((other) => {
    const { image, path } = state.units.get(other) ?? {};
    return image !== undefined && path !== undefined ? [{ id: image, path }] : [];
  });
  const files = [...before, ...saved.map(({ id, file }) => ({ id, path: file.path }))];
  if (files.length === 0) return;
  const { call } = toUnitIds(head.id, 0, toUnit(key));
  await ledger.finish(call, files, false);
  await ledger.answer(call, []);
}

/** Variations are at most eight. */
function siblings(keys: Iterable<string>, line: number): string[] {
  const known = new Set(keys);
  return Array.from({ length: 8 }, (_, index) => toKey({ line, variation: index + 1 })).filter((key) => known.has(key));
}

/** Answers without a picture that one picture may have in all. */
const mostAttempts = 4;

/** Nothing came: asked for again where that may help, a bounded number of times. */
async function failUnit(
  key: string,
  { error, maxRequests, maybeBilled = false, usage, nudge }: RequestFailure,
  unit: ManifestUnit | undefined,
  chunk: ChunkState,
  store: BatchStore,
  call: Call,
): Promise<void> {
  const { attempts = 0, nudge: wasNudged = false } = store.state.units.get(key) ?? {};
  // A picture that was missed is asked for once more, however often its batch had expired before.
  const mayHelp = nudge ? maxRequests > 1 && !wasNudged : attempts + 1 < maxRequests;
  const isAgain = mayHelp && attempts + 1 < mostAttempts && !store.state.isCancelled;
  const plan = unit?.plan;
  const spent = (usage && plan && toBilled(plan, usage)) ?? 0;
  const ids = toUnitIds(store.head.id, chunk.chunk, toUnit(key));
  await call.ledger.resume(chunk.day, { ...ids, dollars: plan?.price?.most ?? null }).failed(maybeBilled, spent);
  if (!isAgain) await endCall(key, [], store, call);
  const dollars = maybeBilled ? (plan?.price?.most ?? 0) : spent;
  const told = { event: 'unit', chunk: chunk.chunk, key, state: isAgain ? 'again' : 'failed', message: error.message } as const;
  await store.enter({ ...told, ...(dollars > 0 && { dollars }), ...(isAgain && nudge && { nudge: true }) });
}
