import { cleanText } from '../text.ts';
import type { CliContext } from './context.ts';

/** What a command was asked: its arguments, or why they cannot be understood. */
export type Parsed<Arguments> = Arguments | { wrong: string };

/** Runs `parse` so that what `parseArgs` throws becomes a sentence. */
export function tryParse<Arguments>(parse: () => Parsed<Arguments>): Parsed<Arguments> {
  try {
    return parse();
  } catch (error) {
    // Node explains at length, over several lines, how positional arguments could begin with a dash; ours never do.
    const [sentence = ''] = (error instanceof Error ? error.message : String(error)).split(/\. |\n/);
    return { wrong: `${cleanText(sentence, 300).replace(/\.$/, '')}.` };
  }
}

/** Says what was wrong with the arguments and how the command is used; the exit code. */
export function refuseArguments(wrong: string, usage: string, { printError }: Pick<CliContext, 'printError'>): number {
  printError(`limner: ${wrong}\n\n${usage}`);
  return 2;
}
