import { ToolError } from '../errors.ts';
import { explainMissingKeyInShell } from '../hosts.ts';
import { canBeLifted, perform } from '../perform.ts';
import { describeError } from '../result.ts';
import { showPath } from '../text.ts';
import type { Done, Tool } from '../tool.ts';
import type { CliContext, Interruption } from './context.ts';
import { describeGivenUp, describeSaved } from './interrupted.ts';
import { toJson } from './layout.ts';
import { startProgressBar } from './progress-bar.ts';
import { toShellWords } from './shell-words.ts';
import { printAnswer } from './tool-answer.ts';

/** How a call is made and answered. */
export interface Manner {
  form: 'text' | 'json' | 'paths';
  show: 'auto' | 'always' | 'never';
  /** The person pays whatever it costs. */
  approved: boolean;
  /** Steps are told where no terminal shows them. */
  isVerbose: boolean;
  isPaid: boolean;
}

/** Runs a tool in this process as the server does and prints its answer. Resolves with the exit code. */
export async function callTool<Input>(tool: Tool<Input>, input: unknown, manner: Manner, context: CliContext): Promise<number> {
  const { config, ledger } = context;
  if (manner.isPaid && config.problems.length > 0)
    return printFailure(new ToolError('settings', `The settings are wrong: ${config.problems.join(' ')}`), manner, context);
  let isOver = false;
  const interruption = context.catchInterrupt(async () => {
    if (!isOver) printFailure(await describeGivenUp(ledger), manner, context);
  });
  try {
    const done = await performAsked(tool, input, manner, interruption, context);
    isOver = true;
    if (!interruption.signal.aborted) return await printAnswer(done, manner, context);
    printFailure(describeSaved(done), manner, context);
    return interruption.code();
  } catch (error) {
    isOver = true;
    const today = manner.isPaid ? await ledger.today().catch(() => undefined) : undefined;
    const code = printFailure(toToolError(error, context), manner, context, today);
    return interruption.signal.aborted ? interruption.code() : code;
  }
}

/** The call; the person is asked where it costs more than one may. */
async function performAsked<Input>(
  tool: Tool<Input>,
  input: unknown,
  manner: Manner,
  { signal }: Interruption,
  context: CliContext,
): Promise<Done> {
  const attempt = (approved: boolean) => performShown(tool, input, approved, manner, signal, context);
  try {
    return await attempt(manner.approved);
  } catch (refusal) {
    if (!canBeLifted(refusal) || context.model === undefined || signal.aborted) throw refusal;
    const { code, message, question } = refusal;
    if (context.ask === undefined)
      throw new ToolError(code, `${message} There is nobody here to ask; --yes pays for this one without a question.`);
    if (!(await context.ask(question, signal))) throw new ToolError(code, 'It was not agreed to.');
    return attempt(true);
  }
}

/** The call, with its progress shown meanwhile. */
async function performShown<Input>(
  tool: Tool<Input>,
  input: unknown,
  approved: boolean,
  manner: Manner,
  signal: AbortSignal,
  context: CliContext,
): Promise<Done> {
  const { config, cwd, archive, ledger, model } = context;
  const bar = startProgressBar(context, manner.isVerbose);
  // A person at a terminal means the folder they are in, and may name any file of theirs.
  const personal = { ...config, projectDir: cwd, isPerson: true, preview: 'none' } as const;
  try {
    return await perform(tool, input, approved, {
      config: personal,
      open: async () => ({ archive, ledger, model }),
      cancelled: signal,
      gone: signal,
      report: (message, done, total) => bar.report(signal.aborted ? 'Stopping' : message, done, total),
      logError: (error) => logError(error, context),
      explainMissingKey: () => explainMissingKeyInShell(showPath(config.userFile)),
    });
  } finally {
    bar.stop();
  }
}

function toToolError(error: unknown, context: CliContext): ToolError {
  if (error instanceof ToolError) return error;
  logError(error, context);
  return new ToolError('internal', 'Internal error of limner; what is known of it stands above. Trying again may help.');
}

function logError(error: unknown, { printError }: CliContext): void {
  printError(`limner: ${(error instanceof Error ? (error.stack ?? error.message) : String(error)).slice(0, 4000)}`);
}

/** Says what is wrong, to programs too; the exit code. `today` is told where something was sent. */
function printFailure(error: ToolError, { form }: Manner, context: CliContext, today?: Parameters<typeof describeError>[1]): number {
  const { code, message, retryAfterSeconds } = error;
  // What is wrong with the settings was said when they were read.
  if (code !== 'settings') context.printError(`limner: ${toShellWords(describeError(error, today).join('\n'))}`);
  const told = { code, message: toShellWords(message), ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) };
  if (form === 'json') context.print(toJson({ error: told }));
  return 1;
}
