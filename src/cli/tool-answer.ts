import { describeExport, toFacts as toExportFacts } from '../result-export.ts';
import { toFacts } from '../result-facts.ts';
import { describeForecast, isRefused, toPlanFacts } from '../result-forecast.ts';
import { describeOutcome } from '../result-words.ts';
import type { Outcome } from '../run.ts';
import { showPath } from '../text.ts';
import type { Done } from '../tool.ts';
import type { CliContext } from './context.ts';
import { toJson } from './layout.ts';
import type { Manner } from './manner.ts';
import type { Screen } from './screen.ts';
import { toShellWords } from './shell-words.ts';

/** Prints what a call brought. Resolves with the exit code. */
export async function printAnswer(
  done: Done,
  { form, approved }: Manner,
  screen: Screen | undefined,
  context: CliContext,
): Promise<number> {
  const { print, ask } = context;
  if (screen && !('forecast' in done)) await showAll(done.previews, screen, context);
  if (form === 'json') print(toJson(toJsonFacts(done)));
  else if (form === 'paths') for (const path of toPaths(done)) print(showPath(path));
  else print(toShellWords(describe(done, approved || ask !== undefined).join('\n')));
  if ('images' in done) await noteAnswered(done, context);
  return 0;
}

/** A picture that cannot be shown is there all the same. */
async function showAll(previews: Outcome['previews'], screen: Screen, { printError }: CliContext): Promise<void> {
  try {
    for (const { bytes } of previews) await screen(bytes);
  } catch (error) {
    printError(`limner: the picture could not be shown here: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function toJsonFacts(done: Done): unknown {
  if ('forecast' in done) return toPlanFacts(done);
  return 'files' in done ? toExportFacts(done) : toFacts(done);
}

function toPaths(done: Done): string[] {
  if ('forecast' in done) return [];
  return 'files' in done ? done.files.map(({ path }) => path) : done.images.map(({ file }) => file.path);
}

function describe(done: Done, canAsk: boolean): string[] {
  if ('files' in done) return describeExport(done);
  if (!('forecast' in done)) return describeOutcome(done);
  return [...describeForecast(done, canAsk), ...(isRefused(done, canAsk) ? [] : ['To make it, leave out --dry-run.'])];
}

/** What was printed has been answered: the same command again is a new request, and `last` means this. */
async function noteAnswered({ call, unclaimed }: Outcome, { ledger, printed }: CliContext): Promise<void> {
  await printed();
  await ledger.answer(
    call,
    unclaimed.map((other) => other.call),
  );
}
