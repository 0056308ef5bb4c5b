import { parseArgs } from 'node:util';
import { readText } from '../files/read.ts';
import { cleanText } from '../text.ts';
import type { Tool } from '../tool.ts';
import { type Parsed, refuseArguments, tryParse } from './arguments.ts';
import type { CliContext, Command } from './context.ts';
import type { Manner } from './manner.ts';
import { type OperandRule, type Operands, readOperands } from './operands.ts';
import { toShellWords } from './shell-words.ts';
import { callTool } from './tool-call.ts';
import { explainUnknownOption, type ToolOption, toOptions, toParserOptions } from './tool-options.ts';
import { toSynopses, toUsage, type UsageParts } from './usage.ts';

/** A command that runs a tool. */
export interface ToolForm<Input> extends OperandRule, Omit<UsageParts, 'options'> {
  tool: Tool<Input>;
  /** Where the pictures go among the tool's arguments; `references` are those given by name. */
  placePictures(pictures: readonly string[], references: readonly string[]): Record<string, unknown>;
}

const answerOptions: readonly ToolOption[] = [
  { name: 'json', description: 'The facts as JSON, for programs.' },
  { name: 'quiet', short: 'q', description: 'Only the paths, one a line, for scripts.' },
  {
    name: 'show',
    value: 'WHEN',
    description: 'auto (default), always or never: pictures in a terminal that can show them (kitty, iTerm2, sixel).',
  },
];
const paidOptions: readonly ToolOption[] = [
  { name: 'prompt-file', value: 'FILE', description: 'The prompt from a file; - as the prompt: from stdin.' },
  { name: 'yes', short: 'y', description: 'Pay also above LIMNER_BUDGET_USD_PER_CALL, without a question.' },
  { name: 'verbose', description: 'Tell the steps on stderr also where it is no terminal.' },
];
const help: ToolOption = { name: 'help', short: 'h', description: 'This text.' };

/** What was given, not validated yet. */
interface Given {
  input: Record<string, unknown>;
  prompt: string | undefined;
  promptFile: string | undefined;
  manner: Manner;
}

/** The command of a tool: exit code 1 when the tool refuses, 2 for arguments nobody understands, as shells know it when a signal ended it. */
export function createToolCommand<Input>(form: ToolForm<Input>): Command {
  const own = toOptions(form.tool);
  const options = [...own, ...(form.takesPrompt ? paidOptions : []), ...answerOptions, help];
  return async (args, context) => {
    const parsed = parse(args, form, own, options);
    if (parsed === 'help') {
      context.print(toUsage({ ...form, options }, context.columns));
      return 0;
    }
    const given = 'wrong' in parsed ? parsed : await withPrompt(parsed, context);
    if ('wrong' in given)
      return refuseArguments(given.wrong, `${toSynopses(form.synopses)}\nlimner ${form.command} --help lists the options.`, context);
    return callTool(form.tool, given.input, given.manner, context);
  };
}

type OwnOption = ReturnType<typeof toOptions>[number];
type Values = ReturnType<typeof parseArgs>['values'];

function parse<Input>(
  args: string[],
  form: ToolForm<Input>,
  own: readonly OwnOption[],
  options: readonly ToolOption[],
): Parsed<Given> | 'help' {
  return tryParse<Given | 'help'>(() => {
    const config = { args, allowPositionals: true, options: toParserOptions(options) };
    const unknown = findUnknown(config, options);
    if (unknown !== undefined) return { wrong: toShellWords(explainUnknownOption(form.tool, options, unknown)) };
    const { values, positionals } = parseArgs(config);
    if (values.help) return 'help';
    const promptFile = readWord(values['prompt-file']);
    const operands = readOperands(positionals, promptFile !== undefined, form);
    if ('wrong' in operands) return operands;
    const manner = readManner(values, form.tool.isFree !== true);
    if ('wrong' in manner) return manner;
    return { input: toInput(form, own, operands, values), prompt: operands.prompt, promptFile, manner };
  });
}

/** The first option nobody knows; Node's parser would only say its name. */
function findUnknown(config: Parameters<typeof parseArgs>[0], options: readonly ToolOption[]): string | undefined {
  const known = new Set(options.map(({ name }) => name));
  const { tokens = [] } = parseArgs({ ...config, strict: false, tokens: true });
  for (const token of tokens) if (token.kind === 'option' && !known.has(token.name)) return token.rawName;
  return undefined;
}

function toInput<Input>(form: ToolForm<Input>, own: readonly OwnOption[], { pictures }: Operands, values: Values) {
  const given = own.flatMap(({ name, argument }) => (values[name] === undefined ? [] : [[argument, values[name]] as const]));
  const { references, ...rest } = Object.fromEntries(given);
  return { ...rest, ...form.placePictures(pictures, Array.isArray(references) ? references.map(String) : []) };
}

function readManner(values: Values, isPaid: boolean): Parsed<Manner> {
  const { json, quiet, yes, verbose } = values;
  const show = readWord(values.show) ?? 'auto';
  if (show !== 'auto' && show !== 'always' && show !== 'never')
    return { wrong: `--show is "${cleanText(show, 40)}"; it must be auto, always or never.` };
  if (json && quiet) return { wrong: '--json and --quiet were mixed; use one of them.' };
  if (show === 'always' && (json || quiet)) return { wrong: `--show always and --${json ? 'json' : 'quiet'} were mixed; use one of them.` };
  if (values['dry-run'] && quiet) return { wrong: '--dry-run and --quiet were mixed; a dry run makes no file to name.' };
  return { form: json ? 'json' : quiet ? 'paths' : 'text', show, approved: yes === true, isVerbose: verbose === true, isPaid };
}

function readWord(value: Values[string]): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** The same with the prompt, wherever it is. */
async function withPrompt(given: Given, { readInput }: CliContext): Promise<Parsed<Given>> {
  const { prompt, promptFile, input } = given;
  if (promptFile === undefined && prompt === undefined) return given;
  const text = promptFile === undefined ? (prompt === '-' ? await readInput() : prompt) : await readText(promptFile);
  if (typeof text !== 'string') return { wrong: `--prompt-file: "${cleanText(promptFile ?? '', 200)}" cannot be read.` };
  if (text.trim() === '')
    return { wrong: `The prompt is empty${promptFile === undefined && prompt === '-' ? ': nothing came from stdin' : ''}.` };
  return { ...given, input: { ...input, prompt: text } };
}
