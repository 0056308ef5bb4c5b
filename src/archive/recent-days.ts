import { join } from 'node:path';
import { type GrowingFile, openGrowingFile } from '../files/append.ts';
import { type CallState, enterLines } from './ledger-calls.ts';
import { type DaySum, type LedgerLine, parseLine, startDay, toDayName } from './ledger-lines.ts';

/** What the ledger of the last days comes to. */
export interface RecentAccount {
  /** By their names, oldest first. */
  calls: ReadonlyMap<string, CallState>;
  /** What a day stands at, by its name. */
  sumOf(day: string): DaySum;
  /** Why a day could not be read, by its name; it stands at what was read of it before. */
  failures: ReadonlyMap<string, unknown>;
}

/**
 * The account of the last days, which goes on with what is new in their files: nobody adds up a day twice, their lines are not kept, and a day that is over is not
 * looked at again.
 */
export interface RecentDays {
  read(): Promise<RecentAccount>;
}

/** How far back an unclaimed picture is told of, in days. */
const daysLookedBack = 7;

/** What becomes of a request is entered in the file of the day it was sent on, so long after the day's end at most, in milliseconds: batches expire after two days. */
const stillWrittenMs = 72 * 3_600_000;

interface Day {
  /** It was read to its end after anything was last entered. */
  isSettled?: boolean;
  file: GrowingFile<LedgerLine>;
  sum: DaySum;
}

interface Account {
  days: ReadonlyMap<string, Day>;
  calls: Map<string, CallState>;
}

export function openRecentDays(folder: string): RecentDays {
  let account = start(lastDays());
  let turn: Promise<unknown> = Promise.resolve();

  function start(names: readonly string[]): Account {
    const open = (name: string): Day => ({ file: openGrowingFile(join(folder, `${name}.jsonl`), parseLine), sum: startDay() });
    return { days: new Map(names.map((name) => [name, open(name)])), calls: new Map() };
  }

  async function readOn(): Promise<RecentAccount> {
    const names = lastDays();
    if ([...account.days.keys()].join() !== names.join()) account = start(names);
    let failures = await goOn(account);
    for (; failures === undefined; failures = await goOn(account)) account = start(names);
    const { days, calls } = account;
    return { calls, sumOf: (day) => days.get(day)?.sum ?? startDay(), failures };
  }

  return {
    read() {
      const mine = turn.then(readOn);
      turn = mine.catch(() => undefined);
      return mine;
    },
  };
}

/** Takes what is new; undefined when a file was exchanged, so that the account has to be made anew. */
async function goOn({ days, calls }: Account): Promise<ReadonlyMap<string, unknown> | undefined> {
  const failures = new Map<string, unknown>();
  const written = toDayName(new Date(Date.now() - stillWrittenMs));
  // Side by side; what they hold is entered in their order.
  const growths = await Promise.all(
    [...days]
      .filter(([, { isSettled }]) => !isSettled)
      .map(async ([name, day]) => ({
        day,
        isOver: name < written,
        growth: await day.file.readOn().catch((cause: unknown) => void failures.set(name, cause)),
      })),
  );
  if (growths.some(({ growth }) => growth?.isAnew)) return undefined;
  for (const { day, isOver, growth } of growths) {
    enterLines(growth?.added ?? [], day.sum, calls);
    day.isSettled = isOver && growth !== undefined;
  }
  return failures;
}

/** Names of the last days, oldest first, today among them. */
function lastDays(): string[] {
  const today = new Date();
  return Array.from({ length: daysLookedBack }, (_, index) => {
    const day = new Date(today);
    day.setDate(today.getDate() - (daysLookedBack - 1 - index));
    return toDayName(day);
  });
}
