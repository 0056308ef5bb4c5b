import { parseArgs } from 'node:util';
import { toDayName } from '../archive/ledger-lines.ts';
import { formatDollars } from '../text.ts';
import { type Parsed, refuseArguments, tryParse } from './arguments.ts';
import type { CliContext } from './context.ts';
import { type Column, toJson, toOneLine, toTable } from './layout.ts';
import { type Account, type PaidRequest, readAccount } from './requests.ts';

const usage = `Usage: limner spend [--json]

Adds up what limner spent: today, this month and in all, by day (the last 30
with spending) and by model. "Maybe billed" is the part of it that was asked for
and never came: Google may have billed it, so it counts in full.

  --json   as JSON, for programs, and with every day`;

interface SpendArguments {
  json: boolean;
  help: boolean;
}

/** What some requests come to. */
interface Sum {
  /** US dollars, all of it. */
  dollars: number;
  /** The part of it nobody got a picture for, and that may not have been billed. */
  maybeBilled: number;
  /** The part of it that is under way. */
  running: number;
  /** Requests whose price nobody knows. */
  unknown: number;
  pictures: number;
}

interface Spending {
  budgetPerDay: number | null;
  today: Sum;
  month: Sum;
  allTime: Sum;
  /** Days and models something was spent on, newest and dearest first. */
  days: readonly (Sum & { day: string })[];
  models: readonly (Sum & { model: string })[];
}

/** `limner spend`: what was spent. Resolves with the exit code. */
export async function spendCommand(args: string[], context: CliContext): Promise<number> {
  const parsed = parseSpend(args);
  if ('wrong' in parsed) return refuseArguments(parsed.wrong, usage, context);
  if (parsed.help) context.print(usage);
  else await printSpend(parsed, context);
  return 0;
}

function parseSpend(args: string[]): Parsed<SpendArguments> {
  return tryParse(() => {
    const { values } = parseArgs({ args, options: { json: { type: 'boolean' }, help: { short: 'h', type: 'boolean' } } });
    const { json = false, help = false } = values;
    return { json, help };
  });
}

async function printSpend({ json }: SpendArguments, { ledger, config, print }: CliContext): Promise<void> {
  const spending = addUp(await readAccount(ledger), config.budget.perDay);
  if (json) return print(toJson(spending));
  const { today, month, allTime, days, models } = spending;
  const remarks = [describeBudget(spending), describeRunning(today), describeUnknown(allTime)].filter((remark) => remark !== '');
  if (!wasSpent(allTime)) return print(['Nothing has been spent yet.', ...remarks].join(' '));
  const totals = [
    { name: 'Today', ...today },
    { name: 'This month', ...month },
    { name: 'All time', ...allTime },
  ];
  printTable('', totals, allTime, print);
  if (remarks.length > 0) print(`\n${remarks.join('\n')}`);
  print('');
  const lastDays = days.slice(0, 30).map((sum) => ({ name: sum.day, ...sum }));
  printTable('Day', lastDays, allTime, print);
  print('');
  const byModel = models.map((sum) => ({ name: toOneLine(sum.model), ...sum }));
  printTable('Model', byModel, allTime, print);
}

function addUp({ days, requests }: Account, budgetPerDay: number | null = null): Spending {
  const paid = requests.filter(({ sent }) => sent.backend !== 'standin');
  const daySums = days.map(({ day, dollars }) => ({
    day,
    ...sumUp(
      paid.filter((request) => request.day === day),
      dollars,
    ),
  }));
  const models = [...new Set(paid.map(({ sent }) => sent.model))];
  const modelSums = models.map((model) => ({ model, ...sumUp(paid.filter(({ sent }) => sent.model === model)) }));
  const today = toDayName(new Date());
  return {
    budgetPerDay,
    today: join(daySums.filter(({ day }) => day === today)),
    month: join(daySums.filter(({ day }) => day.slice(0, 7) === today.slice(0, 7))),
    allTime: join(daySums),
    days: daySums.filter(wasSpent).reverse(),
    models: modelSums.filter(wasSpent).sort((a, b) => b.dollars - a.dollars),
  };
}

/** `total` where the sum is known already: a day comes to what its budget was kept by. */
function sumUp(requests: readonly PaidRequest[], total?: number): Sum {
  const add = (some: readonly PaidRequest[]) => round(some.reduce((sum, { dollars }) => sum + (dollars ?? 0), 0));
  return {
    dollars: round(total ?? add(requests)),
    maybeBilled: add(requests.filter(({ state }) => state === 'maybe billed')),
    running: add(requests.filter(({ state }) => state === 'running')),
    unknown: requests.filter(({ state, dollars }) => state !== 'failed' && dollars === null).length,
    pictures: requests.reduce((sum, { images }) => sum + images.length, 0),
  };
}

function join(sums: readonly Sum[]): Sum {
  const add = (field: keyof Sum) => round(sums.reduce((sum, each) => sum + each[field], 0));
  return {
    dollars: add('dollars'),
    maybeBilled: add('maybeBilled'),
    running: add('running'),
    unknown: add('unknown'),
    pictures: add('pictures'),
  };
}

/** Fractions of a cent add up in binary; nobody wants to see that. */
function round(dollars: number): number {
  return Math.round(dollars * 1e6) / 1e6;
}

function wasSpent({ dollars, unknown }: Sum): boolean {
  return dollars > 0 || unknown > 0;
}

/** A column that would hold nothing anywhere is left out, so that the tables of one answer have the same columns. */
function printTable(title: string, rows: readonly (Sum & { name: string })[], all: Sum, print: (line: string) => void): void {
  const shown: readonly (readonly [heading: string, toText: (sum: Sum) => string])[] = [
    ['Spent', ({ dollars }) => formatDollars(dollars)],
    ...(all.maybeBilled > 0
      ? [['of which maybe billed', ({ maybeBilled }: Sum) => (maybeBilled > 0 ? formatDollars(maybeBilled) : '')] as const]
      : []),
    ...(all.unknown > 0 ? [['Unknown price', ({ unknown }: Sum) => String(unknown)] as const] : []),
    ['Pictures', ({ pictures }) => String(pictures)],
  ];
  const columns: Column[] = [{}, ...shown.map(() => ({ align: 'right' }) as const)];
  const texts = rows.map((row) => [row.name, ...shown.map(([, toText]) => toText(row))]);
  for (const line of toTable(columns, [[title, ...shown.map(([heading]) => heading)], ...texts])) print(line);
}

function describeBudget({ budgetPerDay, today }: Spending): string {
  return budgetPerDay === null ? '' : `Budget: ${formatDollars(today.dollars)} of ${formatDollars(budgetPerDay)} today.`;
}

function describeRunning({ running }: Sum): string {
  return running > 0 ? `${formatDollars(running)} of today's is under way and counts in full until it has ended.` : '';
}

function describeUnknown({ unknown }: Sum): string {
  if (unknown === 0) return '';
  return `${unknown} ${unknown === 1 ? 'request' : 'requests'} went to a model whose price limner does not know; LIMNER_PRICE_USD_PER_IMAGE can say it.`;
}
