import { isAbsolute, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { chooseModel } from '../model/catalog.ts';
import { formatDollars, showPath } from '../text.ts';
import { type Parsed, refuseArguments, tryParse } from './arguments.ts';
import type { CliContext } from './context.ts';
import { formatWhen, toJson, toOneLine, toTable } from './layout.ts';
import { type KnownPicture, locate, readPictures, type Whereabouts } from './pictures.ts';
import type { PaidRequest } from './requests.ts';

const usage = `Usage: limner history [-n NUMBER] [--json]

Lists the pictures limner made, newest first: when, what, with which model,
for how much, and where the file is. A request that may have been billed
although no picture came is listed too.

  -n, --limit NUMBER   how many; 20 unless told
  --json               as JSON, for programs

Where the output is no terminal, nothing is cut, and a line is one entry, parted
by tabs: when, id, tool, prompt, model, cost, file, notes.`;

interface HistoryArguments {
  limit: number;
  json: boolean;
  help: boolean;
}

/** A line of the history: a picture, or a request that may have been billed without one. */
type Entry = Omit<KnownPicture, 'id' | 'running' | 'turnLength' | 'delivered'> & Whereabouts & { id: string | null; maybeBilled: boolean };

/** `limner history`: the pictures, newest first. Resolves with the exit code. */
export async function historyCommand(args: string[], context: CliContext): Promise<number> {
  const parsed = parseHistory(args);
  if ('wrong' in parsed) return refuseArguments(parsed.wrong, usage, context);
  if (parsed.help) context.print(usage);
  else await printHistory(parsed, context);
  return 0;
}

function parseHistory(args: string[]): Parsed<HistoryArguments> {
  return tryParse(() => {
    const { values } = parseArgs({
      args,
      options: { limit: { short: 'n', type: 'string' }, json: { type: 'boolean' }, help: { short: 'h', type: 'boolean' } },
    });
    const { limit = '20', json = false, help = false } = values;
    if (!/^[1-9]\d{0,8}$/.test(limit)) return { wrong: `--limit is "${toOneLine(limit)}"; it must be a whole number from 1, such as 50.` };
    return { limit: Number(limit), json, help };
  });
}

async function printHistory({ limit, json }: HistoryArguments, context: CliContext): Promise<void> {
  const { entries, total } = await readEntries(limit, context);
  if (json) context.print(toJson(entries));
  else if (total === 0) context.print(`The archive is empty; what limner makes is kept in ${showPath(context.config.stateDir)}.`);
  else if (context.columns === undefined) for (const entry of entries) context.print(toTabbed(entry));
  else printTable(entries, total, context, context.columns);
}

/** What is still on its way is listed once it is there. */
async function readEntries(limit: number, { archive, ledger }: CliContext): Promise<{ entries: Entry[]; total: number }> {
  const { pictures, account } = await readPictures({ archive, ledger });
  const ended = pictures.filter(({ running }) => !running);
  const kept = new Set(pictures.map(({ id }) => id));
  const unanswered = account.requests.filter(
    ({ state, sent, dollars }) => state === 'maybe billed' && dollars !== 0 && !kept.has(sent.image),
  );
  const all = [
    ...ended.map((picture) => ({ at: picture.at, toEntry: async () => fromPicture(picture, await locate(picture, archive)) })),
    ...unanswered.map((request) => ({ at: request.sent.at, toEntry: async () => fromRequest(request) })),
  ].sort((a, b) => b.at.localeCompare(a.at));
  return { entries: await Promise.all(all.slice(0, limit).map(({ toEntry }) => toEntry())), total: all.length };
}

function fromPicture(picture: KnownPicture, { file, goneFile, original }: Whereabouts): Entry {
  const { id, at, tool, backend, model, prompt, alt, parents, dollars, estimated, unclaimed, shotOf } = picture;
  return {
    shotOf,
    id,
    at,
    tool,
    backend,
    model,
    prompt,
    alt,
    parents,
    dollars,
    estimated,
    file,
    goneFile,
    original,
    unclaimed,
    maybeBilled: false,
  };
}

function fromRequest({ sent: { at, tool, backend, model }, dollars }: PaidRequest): Entry {
  const nothing = { alt: null, shotOf: null, file: null, goneFile: null, original: null, unclaimed: false };
  return { id: null, at, tool, backend, model, prompt: null, parents: [], dollars, estimated: false, ...nothing, maybeBilled: true };
}

function toTabbed(entry: Entry): string {
  const { id, at, tool, prompt, model, backend, file, original } = entry;
  const texts = [
    formatWhen(at),
    id ?? '',
    tool,
    prompt ?? '',
    backend === 'standin' ? 'stand-in' : model,
    toCost(entry),
    showPath(file ?? original ?? ''),
    toNotes(entry).join('; '),
  ];
  return texts.map(toOneLine).join('\t');
}

/** Two lines an entry: what it is and, where the eye looks next, its id and file, whole so that they can be copied. */
function printTable(entries: readonly Entry[], total: number, { config, print }: CliContext, width: number): void {
  const idWidth = indent.length + Math.max(...entries.map(({ id }) => toLabel(id).length));
  const rows = entries.map((entry) => [formatWhen(entry.at).padEnd(idWidth), toWhat(entry), toPainter(entry), toCost(entry)]);
  const columns = [{}, { flexible: true }, { most: 16 }, { align: 'right' }] as const;
  const [head = '', ...lines] = toTable(columns, [['When / id', 'What / file', 'Model', 'Cost'], ...rows], width);
  print(head);
  for (const [index, entry] of entries.entries()) {
    print(lines[index] ?? '');
    const [first = '', ...further] = toDetails(entry, config);
    print(`${`${indent}${toLabel(entry.id)}`.padEnd(idWidth)}  ${first}`);
    for (const line of further) print(`${' '.repeat(idWidth)}  ${line}`);
  }
  if (total > entries.length) print(`\n${entries.length} of ${total}; all of them: limner history -n ${total}`);
}

const indent = '  ';

function toLabel(id: string | null): string {
  return id ?? 'maybe billed';
}

function toWhat({ tool, prompt, maybeBilled }: Entry): string {
  const words = maybeBilled ? 'no picture came' : '(its record cannot be read)';
  return `${toOneLine(tool).replace(/_images?$/, '')}: ${prompt === null ? words : toOneLine(prompt)}`;
}

/** The name a call would use, where the model is one of today's. */
function toPainter({ backend, model: id }: Entry): string {
  if (backend === 'standin') return 'stand-in';
  const { model } = chooseModel(id, backend === 'vertex' ? 'vertex' : 'gemini');
  return toOneLine(model.id === id ? model.nickname : id);
}

function toCost({ dollars, estimated }: Entry): string {
  if (dollars === null) return 'unknown';
  return `${estimated ? '~' : ''}${formatDollars(dollars)}`;
}

/** Where the picture is, and what is unusual about that. */
function toDetails(entry: Entry, places: CliContext['config']): string[] {
  const { file, goneFile, original, unclaimed, maybeBilled, shotOf } = entry;
  if (maybeBilled) return ['it was sent, and Google may have billed it'];
  const show = (path: string) => shortenPath(path, places);
  const remark = unclaimed ? [unclaimedRemark] : [];
  if (file !== null) return [show(file), ...remark];
  const last = original === null ? 'its original is gone too' : `original: ${show(original)}`;
  if (shotOf !== null) return [`second shot of ${shotOf}, on black`, last];
  return [goneFile === null ? 'never delivered' : `${show(goneFile)} (gone)`, last, ...remark];
}

const unclaimedRemark = 'unclaimed: its caller never got an answer';

/** The same in a few words, for one line. */
function toNotes({ file, goneFile, original, unclaimed, maybeBilled, shotOf }: Entry): string[] {
  if (maybeBilled) return ['maybe billed'];
  if (shotOf !== null) return [`second shot of ${shotOf}`];
  const where = goneFile === null ? 'never delivered' : `gone: ${showPath(goneFile)}`;
  const missing = file === null ? [original === null ? `${where}, original gone` : `${where}, this is the original`] : [];
  return [...(unclaimed ? ['unclaimed'] : []), ...missing];
}

/** As one would type it in the project folder. */
function shortenPath(path: string, { projectDir, home }: CliContext['config']): string {
  if (showPath(path) !== path) return showPath(path);
  const isInside = (folder: string) => !relative(folder, path).startsWith('..') && !isAbsolute(relative(folder, path));
  if (projectDir !== undefined && isInside(projectDir)) return relative(projectDir, path);
  return isInside(home) ? join('~', relative(home, path)) : path;
}
