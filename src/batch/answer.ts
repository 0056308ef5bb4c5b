import { basename } from 'node:path';
import { ToolError } from '../errors.ts';
import { requireAllowed } from '../files/paths.ts';
import { readNamedFile } from '../files/read.ts';
import { createBatchUpstream } from '../model/index.ts';
import type { BatchOutcome } from '../result-batch.ts';
import { quote, showPath } from '../text.ts';
import type { ToolCall } from '../tool.ts';
import { begin, lookUp, requireAffordable, toWish } from './begin.ts';
import type { Checked } from './check.ts';
import { goOnForCall, tellStand } from './stand.ts';
import { type BatchStore, openBatches } from './store.ts';
import { describeBudget, describeChecked } from './words.ts';
import { requireUpstream, type Worker } from './work.ts';

/** The arguments `start_batch` declares, as validated. */
interface StartInput {
  file?: string | undefined;
  jobs?: readonly string[] | undefined;
  output?: string | undefined;
  dry_run?: boolean | undefined;
}

/** `start_batch`: checks and prices every line, sends what Google takes, and answers; nothing is waited for. The same jobs for the same folder are the same batch. */
export async function startBatch({ file, jobs, output, dry_run: isDry = false }: StartInput, call: ToolCall): Promise<BatchOutcome> {
  const worker = toWorker(call);
  const { source, text } = await readJobs(file, jobs, call);
  const wish = toWish(source, text, output, false);
  const found = await lookUp(wish, worker);
  if ('known' in found) return goOnWithKnown(found.known, isDry, worker, call);
  const { checked, folder } = found;
  requireRight(checked);
  const lines = describeChecked(checked, folder, await describeBudget(worker));
  if (isDry) return forecast(checked, folder, lines, worker);
  requireUpstream(worker);
  await requireAffordable(checked, call.approved, worker);
  const store = await begin(wish, found, worker);
  const pass = await goOnForCall(store, worker, call);
  return tellStand(store, pass, [`Begun as ${store.head.id}.`, ...lines]);
}

/** `collect_batch`: takes over what has come, sends what waits, and answers. */
export async function collectBatch({ batch }: { batch?: string | undefined }, call: ToolCall): Promise<BatchOutcome> {
  const worker = toWorker(call);
  const store = await findBatch(batch?.trim(), worker);
  await requireAllowed(store.head.folder, call.config, 'write', store.head.folder);
  return tellStand(store, await goOnForCall(store, worker, call), []);
}

function toWorker({ config, archive, ledger, host, cancelled, report, logError, explainMissingKey }: ToolCall): Worker {
  return {
    config,
    archive,
    ledger,
    host,
    report,
    logError,
    explainMissingKey,
    signal: cancelled,
    upstream: createBatchUpstream(config),
  };
}

async function readJobs(
  file: string | undefined,
  jobs: readonly string[] | undefined,
  { config }: ToolCall,
): Promise<{ source: string; text: string }> {
  if ((file === undefined) === (jobs === undefined))
    throw new ToolError(
      'invalid_argument',
      `start_batch takes file, the path of a .jsonl or .csv file with a job a line, or jobs, a list of prompts or JSON: ${file === undefined ? 'give one' : 'not both'}.`,
    );
  if (jobs !== undefined) return { source: 'jobs', text: jobs.map(toLine).join('\n') };
  const { path, bytes } = await readNamedFile(file ?? '', config, 'prompts file');
  return { source: basename(path), text: Buffer.from(bytes).toString('utf8') };
}

/** A job as a line of JSON, so that its number is its place in the list. */
function toLine(job: string): string {
  return /^\s*\{/.test(job) ? job.replace(/[\r\n]+/g, ' ') : JSON.stringify({ prompt: job });
}

/** A wrong line is named; of many, the first. */
const mostShown = 20;

function requireRight({ wrong, jobs }: Checked): void {
  if (wrong.length === 0) return;
  const shown = wrong.slice(0, mostShown).map(({ line, message }) => `- line ${line}: ${message}`);
  const others = wrong.length > mostShown ? [`and ${wrong.length - mostShown} more`] : [];
  const count = `${wrong.length} of ${wrong.length + jobs.length} lines ${wrong.length === 1 ? 'is' : 'are'} wrong, so nothing was sent`;
  throw new ToolError('invalid_argument', [`${count}. Mend or leave out:`, ...shown, ...others].join('\n'));
}

async function forecast(checked: Checked, folder: string, lines: readonly string[], worker: Worker): Promise<BatchOutcome> {
  const refusal = await findRefusal(checked, worker);
  const { jobs, requests, price } = checked;
  return {
    lines: [
      'Dry run: nothing was sent, written or charged.',
      ...lines,
      refusal === undefined ? 'To send it, make the same call without dry_run.' : `In the way: ${refusal}`,
    ],
    batch: { id: null, lines: jobs.length, pictures: requests, price: price ?? null, folder: showPath(folder), refusal: refusal ?? null },
    isError: false,
  };
}

async function findRefusal(checked: Checked, worker: Worker): Promise<string | undefined> {
  try {
    requireUpstream(worker);
    await requireAffordable(checked, false, worker);
    return undefined;
  } catch (error) {
    if (error instanceof ToolError) return error.message;
    throw error;
  }
}

async function goOnWithKnown(store: BatchStore, isDry: boolean, worker: Worker, call: ToolCall): Promise<BatchOutcome> {
  const told = `The same jobs for the same folder were begun before, as ${store.head.id}; nothing is paid twice. To make them anew, give another output.`;
  const pass = isDry ? { notes: ['A dry run: nothing was sent.'] } : await goOnForCall(store, worker, call);
  return tellStand(store, pass, [told]);
}

/** A batch of the project that is worked in: nobody touches those of another. */
async function findBatch(id: string | undefined, { config }: Worker): Promise<BatchStore> {
  const here = (await openBatches(config.stateDir)).filter(({ head }) => head.projectDir === config.projectDir);
  const found = id === undefined ? here.filter(({ head }) => !head.isPerson).at(-1) : here.find(({ head }) => head.id === id);
  if (found) return found;
  const what = id === undefined ? 'no batch' : `no batch ${quote(id, 60)}`;
  throw new ToolError('not_found', `There is ${what} of this project folder. start_batch begins one and answers with its id.`);
}
