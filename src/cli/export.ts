import { parseArgs } from 'node:util';
import { readInput } from '../call.ts';
import { ToolError } from '../errors.ts';
import { presets } from '../export/wish.ts';
import { describeExport, toFacts } from '../result-export.ts';
import { runExport } from '../run-export.ts';
import { exportImage, toExportRequest } from '../tools/export-image.ts';
import { type Parsed, refuseArguments, tryParse } from './arguments.ts';
import type { CliContext } from './context.ts';
import { toJson, toOneLine } from './layout.ts';

const usage = `Usage: limner export PICTURE... [--preset NAME] [-o FOLDER/ or FILE] [options]

Finishes pictures on this computer, free and without AI. PICTURE is a file, a
folder, an id (limner history shows them) or "last".

  -p, --preset NAME      ${presets.slice(1, 6).join(', ')},
                         ${presets.slice(6).join(', ')}
  -o, --output PLACE     folder, or the file when one comes out; default: beside
                         the picture
      --width N, --height N    exact pixels; one alone keeps the shape
      --fit cover|contain      crop (default), or add a border
      --format png|jpeg|webp|avif
      --max-kb N         largest file
      --background transparent
                         remove a flat background
      --alt TEXT         alternative text, for the markup and the files
      --trim             cut away empty or one-coloured margins
      --widths 480,960   for srcset
      --overwrite        replace files that are there; they are kept
      --json             as JSON, for programs`;

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const options = {
  preset: { ...text, short: 'p' },
  output: { ...text, short: 'o' },
  width: text,
  height: text,
  fit: text,
  format: text,
  'max-kb': text,
  widths: text,
  alt: text,
  background: text,
  trim: flag,
  overwrite: flag,
  json: flag,
  help: { ...flag, short: 'h' },
} as const;

interface ExportArguments {
  /** Arguments as the tool takes them, not validated yet. */
  input: Record<string, unknown>;
  json: boolean;
  help: boolean;
}

/** `limner export`: the tool of the same name. Resolves with the exit code: 1 when it is refused, 2 for arguments nobody understands. */
export async function exportCommand(args: string[], context: CliContext): Promise<number> {
  const parsed = parseExport(args);
  if ('wrong' in parsed) return refuseArguments(parsed.wrong, usage, context);
  if (parsed.help) {
    context.print(usage);
    return 0;
  }
  try {
    const { config, archive, ledger, cwd } = context;
    // A person at a terminal means the folder they are in, and may name any file of theirs.
    const personal = { ...config, projectDir: cwd, isPerson: true, preview: 'none' } as const;
    const outcome = await runExport(toExportRequest(readInput(exportImage, parsed.input)), { config: personal, archive, ledger });
    if (parsed.json) context.print(toJson(toFacts(outcome)));
    else for (const line of describeExport(outcome)) context.print(line.split('\n').map(toOneLine).join('\n'));
    return 0;
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    context.printError(`limner: ${error.message}`);
    return 1;
  }
}

function parseExport(args: string[]): Parsed<ExportArguments> {
  return tryParse(() => {
    const { values, positionals } = parseArgs({ args, allowPositionals: true, options });
    const { json = false, help = false, 'max-kb': maxKb, ...rest } = values;
    if (positionals.length === 0 && !help) return { wrong: 'Which pictures? Give their paths, ids, "last" or a folder.' };
    const input = { ...rest, images: positionals, ...(maxKb && { max_kb: maxKb }) };
    return { input, json, help };
  });
}
