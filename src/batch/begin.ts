import { createHash } from 'node:crypto';
import { canKeep } from '../budget.ts';
import { ToolError } from '../errors.ts';
import { ensureWritable } from '../files/publish.ts';
import { findTarget } from '../files/target.ts';
import { formatDollars, showPath } from '../text.ts';
import { type Checked, checkJobs } from './check.ts';
import { toBatchId } from './ids.ts';
import { parseJobs, type RawJobs } from './jobs.ts';
import { type BatchHead, type BatchStore, createBatch, openBatch } from './store.ts';
import { toCall, type Worker } from './work.ts';

/** What a batch was asked for. */
export interface BatchWish {
  /** What it is called for people: the path of the file. */
  source: string;
  jobs: RawJobs;
  /** The text the jobs came from: the same text for the same folder is the same batch. */
  text: string;
  /** Where files go; undefined for the output folder. */
  output: string | undefined;
  /** A batch of its own even if the same was made before. */
  again: boolean;
}

/** The jobs of a text, which is JSON lines or CSV. */
export function toWish(source: string, text: string, output: string | undefined, again: boolean): BatchWish {
  return { source, text, output, again, jobs: parseJobs(text) };
}

/** A batch that was made before, or what a new one would be. */
export type Found = { known: BatchStore } | { id: string; folder: string; checked: Checked };

/** Looks whether there is such a batch, and else checks and prices its jobs; nothing is sent or written. Throws what is wrong with the whole of it. */
export async function lookUp(wish: BatchWish, worker: Worker): Promise<Found> {
  const { config, report } = worker;
  const named = wish.output === undefined || /[/\\]$/.test(wish.output) ? wish.output : `${wish.output}/`;
  const { folder } = await findTarget(named, config);
  const source = createHash('sha256').update(wish.text).digest('hex');
  let id = toBatchId(source, folder, 1);
  for (let round = 2; ; round += 1) {
    const known = await openBatch(config.stateDir, id);
    if (known === undefined) break;
    if (!wish.again) return { known };
    id = toBatchId(source, folder, round);
  }
  const total = wish.jobs.jobs.length + wish.jobs.wrong.length;
  if (total === 0)
    throw new ToolError('invalid_argument', 'There is no job in it. Write one object a line, such as {"prompt": "a red fox"}.');
  const call = toCall(worker, { folder, projectDir: config.projectDir });
  return { id, folder, checked: await checkJobs(wish.jobs, call, (done) => report('Checking', done, total)) };
}

/** Refuses what the budgets do not allow as a whole; `approved`: the person said yes to this price. Throws `over_budget`, `over_call_limit` with a question, or `cannot_write`. */
export async function requireAffordable(
  { price, requests }: Pick<Checked, 'price' | 'requests'>,
  approved: boolean,
  { config, ledger }: Worker,
): Promise<void> {
  const { perDay, perCall } = config.budget;
  if (!(await canKeep(config.stateDir)))
    throw new ToolError(
      'cannot_write',
      `${showPath(config.stateDir)}, where a batch and its cost are written down, cannot be written. Set LIMNER_STATE_DIR to another folder.`,
    );
  if (perDay === undefined && perCall === undefined) return;
  if (price === undefined)
    throw new ToolError(
      'over_budget',
      'There is a budget, and the price of a model in this batch is not known: LIMNER_PRICE_USD_PER_IMAGE can say it.',
    );
  const { dollars } = await ledger.today();
  if (perDay !== undefined && dollars + price.most > perDay + 1e-9)
    throw new ToolError(
      'over_budget',
      `This batch may cost up to ${formatDollars(price.most)}, and ${formatDollars(Math.max(0, perDay - dollars))} is left of today's budget of ${formatDollars(perDay)}. Send fewer lines, or let the person raise LIMNER_BUDGET_USD_PER_DAY.`,
    );
  if (perCall === undefined || approved || price.most <= perCall + 1e-9) return;
  throw new ToolError(
    'over_call_limit',
    `This batch may cost up to ${formatDollars(price.most)}, and one call may cost ${formatDollars(perCall)}; only the person can raise LIMNER_BUDGET_USD_PER_CALL.`,
    {
      question: `limner is asked for a batch of ${requests} pictures. It costs about ${formatDollars(price.likely)}, at most ${formatDollars(price.most)}, half of what the same calls would; your limit for one call is ${formatDollars(perCall)} (LIMNER_BUDGET_USD_PER_CALL). Pay for this batch?`,
    },
  );
}

/** Room the disk has to have at least, in bytes: some pictures, and the index. */
const roomForStart = 100_000_000;

/** Writes the batch down, so that from here on every process can go on with it. */
export async function begin(wish: BatchWish, found: Extract<Found, { id: string }>, { config }: Worker): Promise<BatchStore> {
  const { id, folder, checked } = found;
  const head: BatchHead = {
    id,
    at: new Date().toISOString(),
    source: wish.source,
    folder,
    ...(config.projectDir !== undefined && { projectDir: config.projectDir }),
    isPerson: config.isPerson === true,
    jobs: checked.jobs.length,
    requests: checked.requests,
    ...(checked.price && { price: checked.price }),
  };
  await ensureWritable(folder, roomForStart, { ...config, outputDir: folder });
  await createBatch(config.stateDir, head, checked.jobs);
  const store = await openBatch(config.stateDir, id);
  if (store === undefined) throw new ToolError('cannot_write', `The batch could not be written down in ${showPath(config.stateDir)}.`);
  return store;
}
