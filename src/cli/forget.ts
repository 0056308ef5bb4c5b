import { parseArgs } from 'node:util';
import { toSentence } from '../fault.ts';
import { formatBytes } from '../text.ts';
import { type Parsed, refuseArguments, tryParse } from './arguments.ts';
import type { CliContext } from './context.ts';
import { toOneLine } from './layout.ts';
import { type KnownPicture, locate, readPictures, type Whereabouts } from './pictures.ts';

const usage = `Usage: limner forget ID...              these (limner history shows the ids)
       limner forget --older-than 90d   what is older: h hours, d days, w weeks
       limner forget --all              everything, and copies of replaced files

Removes records, originals and conversations from the archive, after asking.
Delivered files are not touched; what was spent stays in the ledger.

  -y, --yes   do not ask`;

/** What is to be removed: exactly one of the three. */
type Choice = { ids: readonly string[] } | { milliseconds: number } | 'all';

interface ForgetArguments {
  choice: Choice | 'help';
  yes: boolean;
}

type FoundPicture = KnownPicture & Whereabouts;

/** What is asked about: pictures, and copies of replaced files, in bytes. */
interface ToRemove {
  pictures: readonly FoundPicture[];
  bytes: number;
  copies: number;
  /** Everything goes but these pictures and calls. */
  keep?: ReadonlySet<string>;
}

/** `limner forget`: removes pictures from the archive. Resolves with the exit code: 1 when the person says no, 2 when nobody can be asked. */
export async function forgetCommand(args: string[], context: CliContext): Promise<number> {
  const parsed = parseForget(args);
  if ('wrong' in parsed) return refuseArguments(parsed.wrong, usage, context);
  const { choice, yes } = parsed;
  if (choice !== 'help') return forget(choice, yes, context);
  context.print(usage);
  return 0;
}

function parseForget(args: string[]): Parsed<ForgetArguments> {
  return tryParse(() => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        'older-than': { type: 'string' },
        all: { type: 'boolean' },
        yes: { short: 'y', type: 'boolean' },
        help: { short: 'h', type: 'boolean' },
      },
    });
    const { 'older-than': age, all = false, yes = false, help = false } = values;
    if (help) return { choice: 'help', yes };
    const forms = [positionals.length > 0, age !== undefined, all].filter(Boolean).length;
    if (forms === 0) return { wrong: 'forget what? Name ids, or --older-than 90d, or --all.' };
    if (forms > 1) return { wrong: 'ids, --older-than and --all were mixed; use one of them.' };
    if (age !== undefined) return parseAge(age, yes);
    return { choice: all ? 'all' : { ids: [...new Set(positionals)] }, yes };
  });
}

const hour = 3_600_000;
const units: Record<string, number> = { h: hour, d: 24 * hour, w: 7 * 24 * hour };

function parseAge(age: string, yes: boolean): Parsed<ForgetArguments> {
  const [, number, unit = ''] = /^(\d{1,6})\s?([a-z]+)$/i.exec(age.trim()) ?? [];
  const milliseconds = units[unit.toLowerCase()];
  if (number !== undefined && milliseconds !== undefined) {
    return { choice: { milliseconds: Number(number) * milliseconds }, yes };
  }
  const why = /^m/i.test(unit)
    ? 'm could be minutes or months, so it is neither: write 12h, or 90d for three months'
    : 'write 12h, 90d or 4w';
  return { wrong: `--older-than is "${toOneLine(age)}"; ${why}.` };
}

async function forget(choice: Choice, yes: boolean, context: CliContext): Promise<number> {
  const { archive, config, print } = context;
  // A setting that is wrong was replaced by a default: that may be another archive than the person means.
  if (config.problems.length > 0)
    return refuse(`nothing is removed while a setting is wrong: ${config.problems.map(toSentence).join(' ')}`, context);
  const { pictures } = await readPictures(context);
  const unknown = toNamed(choice).filter((id) => !pictures.some((picture) => picture.id === id));
  if (unknown.length > 0) return refuse(`${describeUnknown(unknown)} Nothing was removed.`, context);
  const found = choose(choice, pictures);
  const keep = choice === 'all' ? await listRunning(context) : undefined;
  const chosen: ToRemove = {
    pictures: await Promise.all(found.map(async (picture) => ({ ...picture, ...(await locate(picture, archive)) }))),
    bytes: await (keep ? archive.measureAll(keep) : archive.measure(found.map(({ id }) => id))),
    copies: keep ? await archive.measureReplaced() : 0,
    ...(keep && { keep }),
  };
  if (found.length === 0 && chosen.bytes === 0) {
    print('There is nothing to remove.');
    return 0;
  }
  const stop = yes ? undefined : await askFirst(toQuestion(chosen), context);
  return stop ?? remove(chosen, context);
}

/** The exit code when the person did not agree; undefined when they did. */
async function askFirst(question: string, context: CliContext): Promise<number | undefined> {
  if (context.ask === undefined) {
    return refuse('there is nobody here to ask before pictures are removed; add --yes to remove them without a question.', context);
  }
  if (await context.ask(question)) return undefined;
  context.print('Nothing was removed.');
  return 1;
}

async function remove({ pictures, copies, keep }: ToRemove, { archive, print }: CliContext): Promise<number> {
  const free = await (keep ? archive.forgetAll(keep) : archive.forget(pictures.map(({ id }) => id)));
  print(`${countOf(pictures)}${copies > 0 ? ' and all copies of replaced files' : ''} removed; ${formatBytes(free)} became free.`);
  print('What was spent stays in the ledger, which holds no prompts and no pictures, only names of files.');
  return 0;
}

function refuse(why: string, { printError }: CliContext): number {
  printError(`limner: ${why}`);
  return 2;
}

/** Ids of the calls that have not ended, and of what they may bring. */
async function listRunning({ ledger }: CliContext): Promise<Set<string>> {
  const running = (await ledger.recentCalls()).filter((call) => ledger.isRunning(call));
  return new Set(running.flatMap(({ call, requests }) => [call, ...requests.flatMap(({ sent, images }) => [sent.image, ...images])]));
}

function toNamed(choice: Choice): readonly string[] {
  return choice !== 'all' && 'ids' in choice ? choice.ids : [];
}

/** A picture whose call has not ended is on its way to somebody; it goes only when it is named. */
function choose(choice: Choice, pictures: readonly KnownPicture[]): readonly KnownPicture[] {
  if (choice !== 'all' && 'ids' in choice) {
    // The second of two shots is the same picture once more.
    return pictures.filter(({ id, shotOf }) => choice.ids.includes(id) || (shotOf !== null && choice.ids.includes(shotOf)));
  }
  const ended = pictures.filter(({ running }) => !running);
  return choice === 'all' ? ended : ended.filter(({ at }) => Date.parse(at) < Date.now() - choice.milliseconds);
}

/** What would be lost, and last the question. */
function toQuestion({ pictures, bytes, copies }: ToRemove): string {
  const replaced = copies > 0 ? `all copies of replaced files (${formatBytes(copies)})` : '';
  if (pictures.length === 0)
    return `Remove ${replaced || `what is left of forgotten pictures (${formatBytes(bytes)})`} from limner's archive?`;
  return [
    `${countOf(pictures)}, ${formatBytes(bytes)}`,
    ...describeLosses(pictures).map((loss) => `  ${loss}`),
    'Delivered files are not touched.',
    `Remove ${pictures.length === 1 ? 'it' : 'them'}${replaced && ` and ${replaced}`} from limner's archive?`,
  ].join('\n');
}

/** What the person may not know. */
function describeLosses(chosen: readonly FoundPicture[]): string[] {
  const onlyHere = chosen.filter(({ file, original }) => file === null && original !== null);
  const [unclaimed, undelivered] = [chosen.filter((picture) => picture.unclaimed), onlyHere.filter(({ goneFile }) => goneFile === null)];
  const gone = onlyHere.length - undelivered.length;
  return [
    ...(unclaimed.length > 0 ? [`${unclaimed.length} unclaimed: no caller got an answer with them`] : []),
    ...(undelivered.length > 0 ? [`${undelivered.length} never delivered: there is no other copy`] : []),
    ...(gone > 0 ? [`${gone} whose delivered file is gone: there is no other copy`] : []),
  ];
}

function describeUnknown(ids: readonly string[]): string {
  const names = ids.map((id) => `"${toOneLine(id)}"`).join(', ');
  return `the archive has no picture ${names}; ids look like img_2f6kq3vwx7ab5cde, and limner history shows them.`;
}

function countOf({ length }: readonly unknown[]): string {
  return `${length} ${length === 1 ? 'picture' : 'pictures'}`;
}
