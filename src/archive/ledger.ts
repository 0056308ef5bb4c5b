import { join } from 'node:path';
import { ToolError } from '../errors.ts';
import { appendLine, openGrowingFile } from '../files/append.ts';
import { listNames } from '../files/read.ts';
import { formatDollars, showPath } from '../text.ts';
import { type CallState, enterLine } from './ledger-calls.ts';
import { type DayTotals, type LedgerLine, parseLine, type SentLine, toDayName } from './ledger-lines.ts';
import { openRecentDays, type RecentAccount } from './recent-days.ts';
import { newImageId } from './record.ts';

/** A request that wants to be sent. */
type RequestToSend = Pick<
  SentLine,
  'call' | 'image' | 'shotOf' | 'key' | 'tool' | 'backend' | 'model' | 'folder' | 'dollars' | 'limit' | 'until'
> & {
  /** There is a budget: what cannot be entered must not be sent. */
  mustKeep: boolean;
  /** Who can raise the day's limit, in words. */
  raising?: string;
};

/** A request that a batch wants to send; who comes by it again after a crash gives it the same name. */
type BatchRequest = Omit<RequestToSend, 'mustKeep'> & { request: string; batch: string };

/** A request that was entered; what becomes of it is entered too. */
export interface SentRequest {
  /** The id its picture will have. */
  image: string;
  /** The pictures are on disk. `dollars` null when nobody knows. */
  arrived(images: readonly string[], dollars: number | null): Promise<void>;
  /** No picture came. Counts in full when it may have been billed, else as what it cost all the same. */
  failed(maybeBilled: boolean, dollars?: number): Promise<void>;
}

/**
 * What every paid attempt leaves behind: a file a day, a line an event, shared by all servers of a person. Nothing in it is ever changed; who was let
 * through and what became of a call follows from the lines. Words and pictures are not in it.
 */
export interface Ledger {
  /**
   * Enters a request before it is sent. Throws `over_budget` when the day's limit does not allow it, and `cannot_write` when there is a limit and the
   * ledger cannot be kept; without a limit it is then kept in memory, and `isKept` says so.
   */
  send(request: RequestToSend): Promise<SentRequest>;
  /**
   * Enters all of these on the same day, or none: throws `over_budget` when the day's limit does not allow one of them, and `cannot_write`. Those that are
   * entered already count once. They are ended by `resume`, here or in a later process.
   */
  sendBatch(requests: readonly BatchRequest[]): Promise<void>;
  /** A request of a batch that was entered on `day`, to be ended by whoever learns what became of it; ended twice, it counts as it did last. */
  resume(day: string, request: Pick<BatchRequest, 'call' | 'image' | 'request' | 'dollars'>): SentRequest;
  /** The caller cancelled or went away, perhaps while its answer was on the way. Nothing is entered for a call that has sent nothing. */
  abandon(call: string): Promise<void>;
  /** The files are where they were wanted, or nothing came. */
  finish(call: string, files: readonly { id: string; path: string }[], unclaimed: boolean): Promise<void>;
  /** The answer is with the host; `told` are the unclaimed calls it spoke of. */
  answer(call: string, told: readonly string[]): Promise<void>;
  /** The last call of this process that was answered. */
  lastAnswered(): string | undefined;
  /** The calls of the last days, oldest first. */
  recentCalls(): Promise<CallState[]>;
  /** Everything there is, a list of lines a day, oldest first. */
  all(): Promise<{ day: string; lines: readonly LedgerLine[] }[]>;
  /** What today stands at. */
  today(): Promise<Pick<DayTotals, 'dollars' | 'unknown'>>;
  /** True while a process, this or another, may still finish the call or hand its answer over. */
  isRunning(call: CallState): boolean;
  /** True for a call this process has sent requests for. */
  isOwn(call: string): boolean;
  /** Keeps a call whose own caller has gone for another caller of this process, until that one goes too. */
  hold(call: string, gone: AbortSignal): void;
  letGo(call: string): void;
  isHeld(call: string): boolean;
  /** Enters every request of this process that is under way as perhaps billed, since the process is about to end: how many, and what they may cost at most; null when nobody knows. */
  giveUp(): Promise<{ requests: number; dollars: number | null }>;
  /** False once a line could not be written. */
  isKept(): boolean;
}

/** After its deadline a call still saves what came: nobody waits longer for it, in milliseconds. */
const savingMs = 60_000;

/** No call may be given longer, in milliseconds; a line that says so is damaged. */
const longestCallMs = 3_600_000;

/** No batch is waited for longer, in milliseconds: Google ends one after two days. */
const longestBatchMs = 72 * 3_600_000;

/** Opens the ledger of a state folder; nothing is made until something is entered. `host` tells machines apart that share the folder. */
export function openLedger(stateDir: string, host: string): Ledger {
  const folder = join(stateDir, 'ledger');
  const recent = openRecentDays(folder);
  const unwritten = new Map<string, LedgerLine[]>();
  const open = new Map<string, SentRequest & { dollars: number | null }>();
  const answered = new Set<string>();
  const sentHere = new Set<string>();
  const holders = new Map<string, AbortSignal>();
  /** Lines on their way to the disk, which count already. */
  const underWay = new Set<LedgerLine>();
  let before: Promise<unknown> = Promise.resolve();
  let kept = true;

  async function readRecent(): Promise<RecentAccount> {
    const account = await recent.read();
    if (account.failures.size > 0) kept = false;
    return account;
  }

  /** What cannot be read is taken for what was read of it before, unless a budget goes by it. */
  async function addUp(day: string, strict = false): Promise<DayTotals> {
    const { sumOf, failures } = await readRecent();
    if (strict && failures.has(day)) throw failures.get(day);
    const known = sumOf(day);
    const pending = unwritten.get(day);
    if (pending === undefined) return known;
    const sum = known.fork();
    for (const line of pending) sum.add(line);
    return sum;
  }

  /** All lines of a day; none when it cannot be read. */
  async function readDay(day: string): Promise<readonly LedgerLine[]> {
    const { added } = await openGrowingFile(join(folder, `${day}.jsonl`), parseLine)
      .readOn()
      .catch(() => {
        kept = false;
        return { added: [] };
      });
    return [...added, ...(unwritten.get(day) ?? [])];
  }

  /** Lines that could not be written go before the next that can. `mustKeep`: a budget is kept by what is on disk alone. */
  async function enter(day: string, line: LedgerLine, mustKeep = false): Promise<void> {
    const pending = unwritten.get(day) ?? [];
    unwritten.delete(day);
    const text = [...pending, line].map((each) => JSON.stringify(each)).join('\n');
    await appendLine(join(folder, `${day}.jsonl`), text, toLasting(line, mustKeep)).catch((cause) => {
      kept = false;
      unwritten.set(day, [...pending, ...(unwritten.get(day) ?? []), ...(mustKeep ? [] : [line])]);
      if (mustKeep) throw cannotKeep(folder, cause);
    });
  }

  const forgetting = () => {
    kept = false;
  };

  /** Nobody waits for more than has to be on the disk by then. */
  function toLasting({ event }: LedgerLine, mustKeep: boolean): Parameters<typeof appendLine>[2] {
    // That a picture arrived is shown by the picture, and that it was delivered follows at once: that line takes this one along.
    if (event === 'arrived') return 'with next';
    // Without a budget nothing is refused by what was sent: it is on the disk long before the model has answered.
    if (event === 'sent' && !mustKeep) return { failed: forgetting };
    return 'now';
  }

  const now = () => ({ at: new Date().toISOString() });

  /** What becomes of a call is entered in the order in which it happened. */
  function enterInTurn(line: LedgerLine): Promise<void> {
    underWay.add(line);
    const mine = before.then(() => enter(toDayName(new Date()), line)).finally(() => underWay.delete(line));
    before = mine.catch(() => undefined);
    return mine;
  }

  async function send({ mustKeep, raising, ...wanted }: RequestToSend): Promise<SentRequest> {
    const day = toDayName(new Date());
    const { call, image, limit } = wanted;
    const request = newImageId().replace('img_', 'req_');
    await enter(day, { ...now(), event: 'sent', ...wanted, request, pid: process.pid, host }, mustKeep);
    if (limit !== undefined) {
      const { dollars, refused, admitted } = await addUp(day, true).catch((cause) => {
        throw cannotKeep(folder, cause);
      });
      if (refused.has(request)) throw overBudget(limit, dollars, wanted.dollars, raising);
      // A line that is not there when it is read back was lost on the way: nobody else would count it.
      if (!admitted.has(request)) throw cannotKeep(folder, undefined);
    }
    const end = async (line: LedgerLine): Promise<void> => {
      if (open.delete(request)) await enter(day, line);
    };
    const sent: SentRequest = {
      image,
      arrived: (images, dollars) => end({ ...now(), event: 'arrived', call, request, images: [...images], dollars }),
      failed: (maybeBilled, dollars = 0) =>
        end({ ...now(), event: 'failed', call, request, dollars: maybeBilled ? wanted.dollars : dollars, maybeBilled }),
    };
    open.set(request, { ...sent, dollars: wanted.dollars });
    sentHere.add(call);
    return sent;
  }

  /** One write, and one look at what came of it. */
  async function sendBatch(requests: readonly BatchRequest[]): Promise<void> {
    const day = toDayName(new Date());
    const lines = requests.map((wanted): LedgerLine => ({ ...now(), event: 'sent', ...wanted, pid: process.pid, host }));
    await appendLine(join(folder, `${day}.jsonl`), lines.map((line) => JSON.stringify(line)).join('\n')).catch((cause) => {
      throw cannotKeep(folder, cause);
    });
    const { dollars, refused, admitted } = await addUp(day, true).catch((cause) => {
      throw cannotKeep(folder, cause);
    });
    const tooMuch = requests.find(({ request }) => refused.has(request));
    const isLost = requests.some(({ request }) => !refused.has(request) && !admitted.has(request));
    if (tooMuch === undefined && !isLost) return;
    for (const request of requests) await resume(day, request).failed(false);
    if (tooMuch?.limit !== undefined) throw overBudget(tooMuch.limit, dollars, tooMuch.dollars);
    throw cannotKeep(folder, undefined);
  }

  function resume(day: string, { call, image, request, dollars: most }: Parameters<Ledger['resume']>[1]): SentRequest {
    return {
      image,
      arrived: (images, dollars) => enter(day, { ...now(), event: 'arrived', call, request, images: [...images], dollars }),
      failed: (maybeBilled, dollars = 0) =>
        enter(day, { ...now(), event: 'failed', call, request, dollars: maybeBilled ? most : dollars, maybeBilled }),
    };
  }

  return {
    send,
    sendBatch,
    resume,
    async abandon(call) {
      holders.delete(call);
      const wasAnswered = answered.delete(call);
      if (wasAnswered || sentHere.has(call)) await enterInTurn({ ...now(), event: 'abandoned', call });
    },
    async finish(call, files, unclaimed) {
      if (!sentHere.has(call) && files.length === 0) return;
      await enterInTurn({ ...now(), event: 'finished', call, files: [...files], unclaimed });
    },
    answer(call, told) {
      answered.add(call);
      return enterInTurn({ ...now(), event: 'answered', call, told: [...told] });
    },
    lastAnswered: () => [...answered].at(-1),
    async recentCalls() {
      const { calls } = await readRecent();
      const newest = [...[...unwritten.values()].flat(), ...underWay];
      if (newest.length === 0) return [...calls.values()];
      const all = new Map(calls);
      for (const line of newest) enterLine(line, all);
      return [...all.values()];
    },
    async all() {
      const names = (await listNames(folder)).flatMap((name) => /^(\d{4}-\d\d-\d\d)\.jsonl$/.exec(name)?.[1] ?? []);
      return Promise.all([...new Set([...names, ...unwritten.keys()])].sort().map(async (day) => ({ day, lines: await readDay(day) })));
    },
    async today() {
      const { dollars, unknown } = await addUp(toDayName(new Date()));
      return { dollars, unknown };
    },
    // A process that had the number this one has now is no longer there.
    isRunning({ call, files, answered, abandoned, requests }) {
      const isOver = files !== undefined && (answered || abandoned || files.length === 0);
      return (
        !isOver &&
        requests.some(({ sent }) => isWaitedFor(sent, host) && (sent.batch !== undefined || sent.pid !== process.pid || sentHere.has(call)))
      );
    },
    isOwn: (call) => sentHere.has(call),
    hold: (call, gone) => void holders.set(call, gone),
    letGo: (call) => void holders.delete(call),
    isHeld: (call) => holders.get(call)?.aborted === false,
    async giveUp() {
      const givenUp = [...open.values()];
      await Promise.all(givenUp.map((sent) => sent.failed(true)));
      const dollars = givenUp.map((sent) => sent.dollars);
      return {
        requests: givenUp.length,
        dollars: dollars.includes(null) ? null : dollars.reduce<number>((sum, each) => sum + (each ?? 0), 0),
      };
    },
    isKept: () => kept,
  };
}

function isWaitedFor({ pid, host, until, batch }: SentLine, here: string): boolean {
  const left = Date.parse(until) - Date.now();
  // Google goes on with it, whoever of ours is there.
  if (batch !== undefined) return left > 0 && left <= longestBatchMs;
  return left > -savingMs && left <= longestCallMs && (host !== here || isAlive(pid));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // A process of somebody else's is alive all the same.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function cannotKeep(folder: string, cause: unknown): ToolError {
  return new ToolError(
    'cannot_write',
    `There is a budget, and the ledger it is kept by, ${showPath(folder)}, cannot be written. The person has to make it writable or set LIMNER_STATE_DIR to another folder.`,
    { cause },
  );
}

function overBudget(
  limit: number,
  spent: number,
  wanted: number | null,
  raising = 'only the person can raise it, with LIMNER_BUDGET_USD_PER_DAY',
): ToolError {
  const why =
    wanted === null
      ? 'the price of this model is unknown; LIMNER_PRICE_USD_PER_IMAGE can say it'
      : `${formatDollars(spent)} of it are spent or under way and this needs up to ${formatDollars(wanted)}`;
  return new ToolError(
    'over_budget',
    `The budget of ${formatDollars(limit)} a day does not allow this: ${why}. It starts anew at midnight; ${raising}.`,
  );
}
