import { parseArgs } from 'node:util';
import { toSentence } from '../fault.ts';
import { type Parsed, refuseArguments, tryParse } from './arguments.ts';
import { cancel, collect, status } from './batch-later.ts';
import { start } from './batch-start.ts';
import { printBatchError, toWorker } from './batch-worker.ts';
import type { CliContext } from './context.ts';

const usage = `Usage: limner batch FILE [-o FOLDER]   check, price, ask, send, and wait for all of it
       limner batch status [ID]        how far it is; without an id: all of them
       limner batch collect [ID]       go on: take over what has come, send what waits
       limner batch cancel ID          send nothing more, have Google stop

Pictures by the hundred or thousand at half the price, within 24 hours, mostly
much sooner. FILE has a job a line: JSON with the arguments of a tool, such as
  {"prompt": "a red fox", "output": "fox.png", "width": 800, "height": 600}
  {"tool": "edit_image", "image": "man.jpg", "prompt": "he wears a hat"}
or CSV with the same names in its first line (images and references divided
by ;). It may be closed at any time: the same command, or collect, goes on.

  -o, --output FOLDER   where the files and index.html go; output of a line
                        starts there. Default: the output folder
  -y, --yes             send without asking
      --dry-run         check and price only
      --skip-wrong      send the right lines although others are wrong
      --again           as a new batch, even if this one was made before
      --wait            with collect: until all of it is there
      --json            how it stands, as JSON`;

export interface BatchOptions {
  output: string | undefined;
  yes: boolean;
  dryRun: boolean;
  skipWrong: boolean;
  again: boolean;
  wait: boolean;
  json: boolean;
}

type BatchArguments =
  | { form: 'help' }
  | { form: 'start' | 'status' | 'collect' | 'cancel'; operand: string | undefined; options: BatchOptions };

/** `limner batch`: many pictures at half price. Resolves with the exit code: 1 when something was refused or failed, 2 for arguments nobody understands. */
export async function batchCommand(args: string[], context: CliContext): Promise<number> {
  const parsed = parse(args);
  if ('wrong' in parsed) return refuseArguments(parsed.wrong, usage, context);
  if (parsed.form === 'help') {
    context.print(usage);
    return 0;
  }
  const { form, operand, options } = parsed;
  if (form !== 'status' && context.config.problems.length > 0) {
    context.printError(`limner: The settings are wrong: ${context.config.problems.map(toSentence).join(' ')}`);
    return 1;
  }
  const work = toWorker(context);
  try {
    if (form === 'status') return await status(operand, options, work, context);
    if (form === 'collect') return await collect(operand, options, work, context);
    if (form === 'cancel') return await cancel(operand ?? '', work, context);
    return await start(operand ?? '', options, work, context);
  } catch (error) {
    return printBatchError(error, work, context);
  } finally {
    work.bar.stop();
  }
}

const words = new Set(['status', 'collect', 'cancel']);

function parse(args: string[]): Parsed<BatchArguments> {
  return tryParse<BatchArguments>(() => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        output: { short: 'o', type: 'string' },
        yes: { short: 'y', type: 'boolean' },
        'dry-run': { type: 'boolean' },
        'skip-wrong': { type: 'boolean' },
        again: { type: 'boolean' },
        wait: { type: 'boolean' },
        json: { type: 'boolean' },
        help: { short: 'h', type: 'boolean' },
      },
    });
    const {
      output,
      yes = false,
      'dry-run': dryRun = false,
      'skip-wrong': skipWrong = false,
      again = false,
      wait = false,
      json = false,
    } = values;
    if (values.help) return { form: 'help' };
    const options = { output, yes, dryRun, skipWrong, again, wait, json };
    const [first, second, ...others] = positionals;
    if (first === undefined) return { wrong: 'which file? Name the one with the jobs, or status, collect or cancel.' };
    const isWord = words.has(first);
    if (others.length > 0 || (!isWord && second !== undefined)) return { wrong: 'one file or one id at a time.' };
    if (first === 'cancel' && second === undefined) return { wrong: 'which batch? limner batch status lists their ids.' };
    if (first === 'status' || first === 'collect' || first === 'cancel') return { form: first, operand: second, options };
    return { form: 'start', operand: first, options };
  });
}
