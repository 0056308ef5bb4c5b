import { ToolError } from '../errors.ts';
import { toSentence } from '../fault.ts';
import { explainMissingKeyInShell } from '../missing-key.ts';
import { canBeLifted, perform } from '../perform.ts';
import { describeError } from '../result.ts';
import { showPath } from '../text.ts';
import type { Done, Tool } from '../tool.ts';
import { type CliContext, toPersonalConfig } from './context.ts';
import { describeGivenUp, describeSaved } from './interrupted.ts';
import { toJson } from './layout.ts';
import type { Manner } from './manner.ts';
import { startProgressBar } from './progress-bar.ts';
import { openScreen, previewEdge, type Screen } from './screen.ts';
import { toShellWords } from './shell-words.ts';
import { printAnswer } from './tool-answer.ts';

/** Runs a tool in this process as the server does and prints its answer. Resolves with the exit code. */
export async function callTool<Input>(tool: Tool<Input>, input: unknown, manner: Manner, context: CliContext): Promise<number> {
  const { config, ledger } = context;
  if (manner.isPaid && config.problems.length > 0)
    return printFailure(new ToolError('settings', `The settings are wrong: ${config.problems.map(toSentence).join(' ')}`), manner, context);
  const screen = manner.form === 'text' && manner.show !== 'never' ? await openScreen(context.terminal) : undefined;
  if (manner.show === 'always' && screen === undefined)
    return printFailure(
      new ToolError('unsupported', '--show always: this terminal shows no pictures, as far as it says.'),
      manner,
      context,
    );
  let isOver = false;
  const { signal, code } = context.catchInterrupt(async () => {
    if (isOver) return;
    const givenUp = await describeGivenUp(ledger);
    context.status?.clear();
    printFailure(givenUp, manner, context);
  });
  try {
    const done = await performAsked(
      (approved) => performShown(tool, input, approved, manner, { signal, screen }, context),
      manner,
      signal,
      context,
    );
    isOver = true;
    if (!signal.aborted) return await printAnswer(done, manner, screen, context);
    printFailure(describeSaved(done), manner, context);
    return code();
  } catch (error) {
    isOver = true;
    const today = manner.isPaid ? await ledger.today().catch(() => undefined) : undefined;
    printFailure(toToolError(error, context), manner, context, today);
    return signal.aborted ? code() : 1;
  }
}

/** The call; the person is asked where it costs more than one may. */
async function performAsked(
  attempt: (approved: boolean) => Promise<Done>,
  { approved }: Manner,
  signal: AbortSignal,
  context: CliContext,
): Promise<Done> {
  try {
    return await attempt(approved);
  } catch (refusal) {
    if (!canBeLifted(refusal) || context.model === undefined || signal.aborted) throw refusal;
    const { message, question } = refusal;
    if (context.ask === undefined)
      throw new ToolError(refusal.code, `${message} There is nobody here to ask; --yes pays for this one without a question.`);
    if (!(await context.ask(question, signal))) throw new ToolError(refusal.code, 'It was not agreed to.');
    return attempt(true);
  }
}

/** The call, with its progress shown meanwhile. */
async function performShown<Input>(
  tool: Tool<Input>,
  input: unknown,
  approved: boolean,
  manner: Manner,
  { signal, screen }: { signal: AbortSignal; screen: Screen | undefined },
  context: CliContext,
): Promise<Done> {
  const { config, archive, ledger, model, host } = context;
  const bar = startProgressBar(context, manner, signal);
  try {
    return await perform(tool, input, approved, {
      config: { ...toPersonalConfig(context), preview: screen ? previewEdge : 'none' },
      open: async () => ({ archive, ledger, model, host }),
      cancelled: signal,
      gone: signal,
      report: bar.report,
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
