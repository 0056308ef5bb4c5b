import { cancelBatch, goOn, goOnToTheEnd, withClaim } from '../batch/drive.ts';
import { type BatchStore, openBatch, openBatches } from '../batch/store.ts';
import { describeFailures, describeProgress, toProgress } from '../batch/words.ts';
import { ToolError } from '../errors.ts';
import { quote, showPath } from '../text.ts';
import type { BatchOptions } from './batch.ts';
import type { BatchWork } from './batch-worker.ts';
import type { CliContext } from './context.ts';
import { formatWhen, toJson, toOneLine } from './layout.ts';

/** Works on a batch until it is done; Ctrl-C stops nothing but the watching. Resolves with the exit code: 1 when lines failed. */
export async function watch(store: BatchStore, options: BatchOptions, work: BatchWork, context: CliContext): Promise<number> {
  const { worker, bar } = work;
  const isOver = await withClaim(store, worker, (claim) =>
    goOnToTheEnd(store, worker, claim, (text) => context.printError(`limner: ${text}`)),
  ).catch((error: unknown) => {
    if (worker.signal.aborted) return false;
    throw error;
  });
  bar.stop();
  report(store, options, context);
  if (isOver) return toProgress(store).failed > 0 ? 1 : 0;
  const { id } = store.head;
  context.printError(
    `limner: Stopped watching; Google goes on. limner batch collect ${id} goes on here, limner batch cancel ${id} ends it.`,
  );
  return work.code();
}

/** How it stands, for people or for programs. */
function report(store: BatchStore, { json }: BatchOptions, { print }: CliContext): void {
  const progress = toProgress(store);
  if (json) {
    print(toJson(progress));
    return;
  }
  print(`${progress.id}  ${toOneLine(progress.source)}  ${describeProgress(progress)}`);
  for (const line of describeFailures(store).slice(0, 10)) print(toOneLine(line));
  if (progress.index) print(`Index: ${showPath(progress.index.html)}`);
}

/** `limner batch status`: reads what is written down, and asks nobody. */
export async function status(
  id: string | undefined,
  options: BatchOptions,
  { worker, bar }: BatchWork,
  context: CliContext,
): Promise<number> {
  bar.stop();
  const stores = id === undefined ? await openBatches(worker.config.stateDir) : [await open(id, worker.config.stateDir)];
  if (options.json) {
    const all = await Promise.all(stores.map(async (store) => ({ ...toProgress(store), worker: await store.holder(worker.host) })));
    context.print(toJson(id === undefined ? all : all[0]));
    return 0;
  }
  if (stores.length === 0) context.print('There is no batch. limner batch FILE begins one.');
  for (const store of stores) {
    report(store, options, context);
    const holder = await store.holder(worker.host);
    const { isOver, at } = toProgress(store);
    const what = holder
      ? `process ${holder.pid} is at work on it`
      : isOver
        ? 'done'
        : `nobody is at work on it: limner batch collect ${store.head.id}`;
    context.print(`Begun ${formatWhen(at)}; ${what}`);
  }
  return 0;
}

/** `limner batch collect`: one pass, or with --wait until all is there. */
export async function collect(id: string | undefined, options: BatchOptions, work: BatchWork, context: CliContext): Promise<number> {
  const { worker, bar } = work;
  const { stateDir } = worker.config;
  const stores = id === undefined ? (await openBatches(stateDir)).filter((store) => !toProgress(store).isOver) : [await open(id, stateDir)];
  if (stores.length === 0) {
    bar.stop();
    context.print('There is no batch that is not done.');
    return 0;
  }
  let code = 0;
  for (const store of stores) {
    if (options.wait) {
      code = Math.max(code, await watch(store, options, work, context));
      continue;
    }
    const { notes } = await withClaim(store, worker, (claim) => goOn(store, worker, claim));
    bar.stop();
    for (const note of notes) context.printError(`limner: ${note}`);
    report(store, options, context);
    if (!toProgress(store).isOver) context.printError(`limner: Not all of it is there yet; the same command later goes on, --wait waits.`);
  }
  return code;
}

/** `limner batch cancel`. */
export async function cancel(id: string, work: BatchWork, context: CliContext): Promise<number> {
  const store = await open(id, work.worker.config.stateDir);
  const { worker, bar } = work;
  if (toProgress(store).isOver) throw new ToolError('invalid_argument', `${id} is done already; there is nothing to cancel.`);
  await withClaim(store, worker, async (claim) => {
    await cancelBatch(store, worker);
    await goOn(store, worker, claim);
  });
  bar.stop();
  report(store, { output: undefined, yes: false, dryRun: false, skipWrong: false, again: false, wait: false, json: false }, context);
  if (!toProgress(store).isOver)
    context.printError(`limner: Google is asked to stop. What it had made by then is paid and comes with limner batch collect ${id}.`);
  return 0;
}

async function open(id: string, stateDir: string): Promise<BatchStore> {
  const store = await openBatch(stateDir, id);
  if (store) return store;
  throw new ToolError('not_found', `There is no batch ${quote(id, 60)}. limner batch status lists them.`);
}
