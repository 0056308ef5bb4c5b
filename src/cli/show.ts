import { parseArgs } from 'node:util';
import { identify } from '../archive/identify.ts';
import { runJob } from '../decoder/decoder.ts';
import { ToolError } from '../errors.ts';
import { formatBytes, formatSize, showPath } from '../text.ts';
import { type Parsed, refuseArguments, tryParse } from './arguments.ts';
import { type CliContext, toPersonalConfig } from './context.ts';
import { openScreen, previewEdge, type Screen } from './screen.ts';

const usage = `Usage: limner show PICTURE...

Shows pictures in a terminal that can: kitty, Ghostty, Konsole, iTerm2, WezTerm,
mintty, and all that say they know sixel. PICTURE is a file, an id (limner
history shows them) or last, the newest made in this folder.`;

/** `limner show`: pictures, in the terminal. Resolves with the exit code: 1 where a picture or a way to show it is missing. */
export async function showCommand(args: string[], context: CliContext): Promise<number> {
  const parsed = parseShow(args);
  if ('wrong' in parsed) return refuseArguments(parsed.wrong, usage, context);
  if (parsed.help) {
    context.print(usage);
    return 0;
  }
  try {
    const screen = await openScreen(context.terminal);
    for (const picture of parsed.pictures) await show(picture, screen, context);
    if (screen !== undefined) return 0;
    context.printError('limner: this terminal shows no pictures, as far as it says; the files are above.');
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    context.printError(`limner: ${error.message}`);
  }
  return 1;
}

function parseShow(args: string[]): Parsed<{ pictures: readonly string[]; help: boolean }> {
  return tryParse(() => {
    const { values, positionals } = parseArgs({ args, allowPositionals: true, options: { help: { short: 'h', type: 'boolean' } } });
    const { help = false } = values;
    if (positionals.length === 0 && !help) return { wrong: 'Which picture? Give its path, its id or "last".' };
    return { pictures: positionals, help };
  });
}

async function show(name: string, screen: Screen | undefined, context: CliContext): Promise<void> {
  const { path, bytes, facts, record, warning } = await identify(name, toPersonalConfig(context), context);
  if (screen) await screen((await runJob('makePreview', bytes, previewEdge)).bytes);
  context.print(`${showPath(path)} (${formatSize(facts)} ${facts.kind}, ${formatBytes(bytes.length)}${record ? `, ${record.id}` : ''})`);
  if (warning !== undefined) context.print(`Note: ${warning}`);
}
