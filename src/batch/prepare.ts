import type { Picture } from '../archive/identify.ts';
import { toDayName } from '../archive/ledger-lines.ts';
import { ToolError } from '../errors.ts';
import { startDraft } from '../files/draft.ts';
import { publish } from '../files/publish.ts';
import type { Call } from '../generate.ts';
import { toBatchLine } from '../model/batch-lines.ts';
import { type Request, toRequest } from '../request.ts';
import type { Decided } from '../tools/paid.ts';
import { decideJob } from './check.ts';
import { toKey, toUnit } from './ids.ts';
import type { BatchJob, BatchStore, Manifest } from './store.ts';
import { toCall, type Worker } from './work.ts';

/** Requests of one chunk, so that results come early and a mishap concerns few; Google takes 100 batches at once. */
const mostUnits = 100;

/** What one file of requests takes, in bytes or so: Google takes 2 GB. */
const mostBytes = 200_000_000;

/** Sums of dollars are compared as what they were written as. */
const rounding = 1e-9;

/**
 * Puts the next chunk together from units that wait: their requests in a file, what is needed to finish them beside it, and only then, in the journal, that there is such a
 * chunk. Units that cannot be asked for any more are told of. Resolves with the number of the chunk; undefined when none waits.
 */
export async function prepareChunk(store: BatchStore, worker: Worker): Promise<number | undefined> {
  const call = toCall(worker, { folder: store.head.folder, projectDir: store.head.projectDir });
  for (;;) {
    const { model, jobs } = await pickJobs(store);
    if (model === undefined) return undefined;
    const chunk = Math.max(0, ...store.state.chunks.keys()) + 1;
    const units = await writeChunk(store, chunk, jobs, call);
    if (units.length === 0) continue;
    await publish(store.chunkFile(chunk, 'manifest.json'), Buffer.from(JSON.stringify({ chunk, units } satisfies Manifest)), 'replace', {
      mode: 0o600,
    });
    await store.enter({ event: 'planned', chunk, model, day: toDayName(new Date()), units: units.map(({ key }) => key) });
    return chunk;
  }
}

/** The next jobs that wait and go to one model, each with its units that wait. */
async function pickJobs({ state, jobs }: BatchStore): Promise<{ model: string | undefined; jobs: { job: BatchJob; keys: string[] }[] }> {
  const waiting = new Set([...state.units].flatMap(([key, unit]) => (unit.state === 'waiting' ? [key] : [])));
  const lines = new Set([...waiting].map((key) => toUnit(key).line));
  const picked: { job: BatchJob; keys: string[] }[] = [];
  let [model, count]: [string | undefined, number] = [undefined, 0];
  for await (const job of jobs((line) => lines.has(line))) {
    model ??= job.model;
    if (job.model !== model) continue;
    const all = Array.from({ length: job.variations }, (_, index) => toKey({ line: job.line, variation: index + 1 }));
    const keys = all.filter((key) => waiting.has(key));
    if (count > 0 && count + keys.length > mostUnits) break;
    picked.push({ job, keys });
    count += keys.length;
  }
  return { model, jobs: picked };
}

async function writeChunk(
  store: BatchStore,
  chunk: number,
  jobs: readonly { job: BatchJob; keys: string[] }[],
  call: Call,
): Promise<Manifest['units']> {
  const draft = startDraft(store.folder, { mode: 0o600 });
  const units: Manifest['units'] = [];
  let offset = 0;
  try {
    for (const { job, keys } of jobs) {
      if (offset > mostBytes) break;
      const ready = await readyJob(job, keys, store, call);
      if (ready === undefined) continue;
      const kept = await keepPictures(store, chunk, job.line, ready.decided);
      for (const { key, line } of ready.lines) {
        const bytes = Buffer.from(`${line}\n`);
        draft.add(bytes);
        units.push({ key, at: { offset, length: bytes.length - 1 }, plan: ready.decided.plan, ...kept });
        offset += bytes.length;
      }
    }
    if (units.length > 0) await draft.publish(store.chunkFile(chunk, 'requests.jsonl'), 'replace');
    return units;
  } finally {
    await draft.discard();
  }
}

/** A job as it goes out; undefined when it cannot any more, which is entered. */
async function readyJob(job: BatchJob, keys: readonly string[], store: BatchStore, call: Call) {
  try {
    const decided = await decideJob(job.tool, job.input, call);
    const { plan, sources } = decided;
    if (plan.price && job.most !== undefined && plan.price.most > job.most + rounding)
      throw new ToolError('over_call_limit', 'Its pictures have changed since it was priced, and it would cost more than was agreed to.');
    const request: Request = await toRequest(plan, sources, call.model);
    const lines = keys.map((key) => {
      const { variation } = toUnit(key);
      const nudge = store.state.units.get(key)?.nudge ?? false;
      return { key, line: toBatchLine(key, { ...request, variation }, nudge, call.config.redactor) };
    });
    return { decided, lines };
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    for (const key of keys) await store.enter({ event: 'unsendable', key, message: error.message });
    return undefined;
  }
}

/** The pictures an answer is laid into: they may be others by the time it comes. */
async function keepPictures(store: BatchStore, chunk: number, line: number, { plan, sources }: Decided) {
  const [first] = sources.pictures;
  if (plan.region === undefined || first === undefined) return {};
  const picture = await keepPicture(store, chunk, `${line}.picture`, first);
  return { picture, ...(sources.mask && { mask: await keepPicture(store, chunk, `${line}.mask`, sources.mask) }) };
}

async function keepPicture(store: BatchStore, chunk: number, file: string, { name, path, bytes }: Picture) {
  await publish(store.chunkFile(chunk, file), bytes, 'replace', { mode: 0o600 });
  return { name, path, file };
}
