import type { Worker } from '../batch/work.ts';
import { ToolError } from '../errors.ts';
import { explainMissingKeyInShell } from '../missing-key.ts';
import { createBatchUpstream } from '../model/index.ts';
import { showPath } from '../text.ts';
import { type CliContext, toPersonalConfig } from './context.ts';
import { startProgressBar } from './progress-bar.ts';

/** What a command works on a batch with; its progress is shown, and Ctrl-C is heard. */
export interface BatchWork {
  worker: Worker;
  bar: ReturnType<typeof startProgressBar>;
  /** The exit code after Ctrl-C. */
  code(): number;
}

export function toWorker(context: CliContext): BatchWork {
  const { config, archive, ledger, host } = context;
  const { signal, code } = context.catchInterrupt(async () => undefined);
  const bar = startProgressBar(context, { isVerbose: false, isPaid: true }, signal);
  const worker: Worker = {
    config: toPersonalConfig(context),
    archive,
    ledger,
    upstream: createBatchUpstream(config),
    host,
    signal,
    report: bar.report,
    logError: (error) =>
      context.printError(`limner: ${(error instanceof Error ? (error.stack ?? error.message) : String(error)).slice(0, 4000)}`),
    explainMissingKey: () => explainMissingKeyInShell(showPath(config.userFile)),
  };
  return { worker, bar, code };
}

/** Says what is wrong; the exit code. */
export function printBatchError(error: unknown, { worker, bar, code }: BatchWork, { printError }: CliContext): number {
  bar.stop();
  if (worker.signal.aborted) return code();
  if (!(error instanceof ToolError)) worker.logError(error);
  printError(
    `limner: ${error instanceof ToolError ? error.message : 'Internal error of limner; what is known of it stands above. Nothing is lost: the same command goes on.'}`,
  );
  return 1;
}
