import { basename } from 'node:path';
import { begin, type Found, lookUp, requireAffordable, toWish } from '../batch/begin.ts';
import { describeBudget, describeChecked } from '../batch/words.ts';
import { requireUpstream } from '../batch/work.ts';
import { ToolError } from '../errors.ts';
import { readNamedFile } from '../files/read.ts';
import type { BatchOptions } from './batch.ts';
import { watch } from './batch-later.ts';
import type { BatchWork } from './batch-worker.ts';
import type { CliContext } from './context.ts';
import { toJson } from './layout.ts';

/** A wrong line is named; of many, the first. */
const mostShown = 20;

/** Checks, prices, asks, sends and waits; or goes on with the same batch where that was begun before. */
export async function start(file: string, options: BatchOptions, work: BatchWork, context: CliContext): Promise<number> {
  const { worker, bar } = work;
  const { path, bytes } = await readNamedFile(file, worker.config, 'prompts file');
  const wish = toWish(basename(path), Buffer.from(bytes).toString('utf8'), options.output, options.again);
  const found = await lookUp(wish, worker);
  if ('known' in found) {
    const { known } = found;
    context.printError(
      `limner: This batch was begun before, as ${known.head.id}: going on with it. --again makes it anew, and is paid anew.`,
    );
    return watch(known, options, work, context);
  }
  bar.stop();
  const { checked } = found;
  for (const { line, message } of checked.wrong.slice(0, mostShown)) context.printError(`limner: line ${line}: ${message}`);
  if (checked.wrong.length > mostShown) context.printError(`limner: and ${checked.wrong.length - mostShown} more wrong lines.`);
  if (checked.wrong.length > 0 && (!options.skipWrong || checked.jobs.length === 0)) {
    context.printError('limner: Nothing was sent. Mend these lines, or send the others alone with --skip-wrong.');
    return 1;
  }
  if (options.dryRun) return printDryRun(found, options, work, context);
  requireUpstream(worker);
  await requireAffordable(checked, true, worker);
  if (!(await isAgreed(found, options, work, context))) return 1;
  const store = await begin(wish, found, worker);
  context.printError(
    `limner: ${store.head.id} is written down. It may be closed at any time: limner batch collect ${store.head.id} goes on.`,
  );
  return watch(store, options, work, context);
}

async function describe({ checked, folder }: Extract<Found, { id: string }>, { worker }: BatchWork): Promise<string[]> {
  return describeChecked(checked, folder, await describeBudget(worker));
}

async function printDryRun(
  found: Extract<Found, { id: string }>,
  { json }: BatchOptions,
  work: BatchWork,
  { print }: CliContext,
): Promise<number> {
  const { checked, folder } = found;
  const refusal = await requireAffordable(checked, true, work.worker).catch((error: unknown) => {
    if (error instanceof ToolError) return error.message;
    throw error;
  });
  const { requests, price, wrong, jobs } = checked;
  if (json) print(toJson({ jobs: jobs.length, requests, price, folder, wrong, refusal }));
  else for (const line of [...(await describe(found, work)), refusal ?? 'A dry run: nothing was sent.']) print(line);
  return 0;
}

async function isAgreed(
  found: Extract<Found, { id: string }>,
  { yes }: BatchOptions,
  work: BatchWork,
  context: CliContext,
): Promise<boolean> {
  for (const line of await describe(found, work)) context.printError(line);
  if (yes) return true;
  if (context.ask === undefined) {
    context.printError('limner: There is nobody here to ask, so nothing was sent; --yes sends without a question.');
    return false;
  }
  const isYes = await context.ask('Send and pay for this batch?', work.worker.signal);
  if (!isYes) context.printError('limner: Nothing was sent.');
  return isYes;
}
