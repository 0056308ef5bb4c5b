import { z } from 'zod';
import { imageIdPattern } from './record.ts';

const imageId = z.string().regex(imageIdPattern);
const instant = z.iso.datetime();
const dollars = z.number().nonnegative();
const stamp = { at: instant, call: z.string().regex(/^call_[a-z2-7]{16}$/) };

/**
 * One line of the ledger. A call is `sent` (once per request), each request has `arrived` or `failed`, the call has `finished`, and its caller was
 * `answered`. What is missing tells what happened: a request that never ended may have been billed, a call nobody was answered is unclaimed.
 */
const ledgerLine = z.discriminatedUnion('event', [
  z.object({
    ...stamp,
    event: z.literal('sent'),
    request: z.string(),
    /** The id the picture of this request will have. */
    image: imageId,
    /** The picture it is to be compared with, on another ground. */
    shotOf: imageId.optional(),
    /** Says which calls are the same: tool, arguments with defaults, output, pictures, upstream. */
    key: z.string(),
    tool: z.string(),
    backend: z.string(),
    model: z.string(),
    /** The working folder. */
    folder: z.string(),
    /** The most this request will cost in US dollars; null when nobody knows. */
    dollars: dollars.nullable(),
    /** The batch it is a part of, which goes on without any process of ours until `until`. */
    batch: z.string().max(100).optional(),
    /** What may be spent on this day, by the settings of the server that sent it. */
    limit: z.number().optional(),
    /** Who is waiting for the answer, and until when at most. */
    pid: z.int().positive(),
    host: z.string(),
    until: instant,
  }),
  z.object({ ...stamp, event: z.literal('arrived'), request: z.string(), images: z.array(imageId), dollars: dollars.nullable() }),
  z.object({
    ...stamp,
    event: z.literal('failed'),
    request: z.string(),
    /** 0 for what is not billed; the full amount for what may have been. */
    dollars: dollars.nullable(),
    maybeBilled: z.boolean(),
  }),
  /** The caller cancelled or went away; what was sent is still waited for. */
  z.object({ ...stamp, event: z.literal('abandoned') }),
  z.object({
    ...stamp,
    event: z.literal('finished'),
    unclaimed: z.boolean(),
    files: z.array(z.object({ id: imageId, path: z.string().max(4096) })),
  }),
  z.object({
    ...stamp,
    event: z.literal('answered'),
    /** Unclaimed calls of others that the answer told of. */
    told: z.array(z.string()),
  }),
]);

export type LedgerLine = z.infer<typeof ledgerLine>;
export type SentLine = Extract<LedgerLine, { event: 'sent' }>;

/** The line of a text, or undefined for one that is damaged. */
export function parseLine(text: string): LedgerLine | undefined {
  try {
    return ledgerLine.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** The name of the file that holds a day: days are the person's own, as budgets are. */
export function toDayName(at: Date): string {
  const [year, month, day] = [at.getFullYear(), at.getMonth() + 1, at.getDate()];
  return `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
}

/** What a day stands at, and who was let through. */
export interface DayTotals {
  /** US dollars: what was billed, what may have been, and what is under way. */
  readonly dollars: number;
  /** Requests whose price nobody knows. */
  readonly unknown: number;
  /** Requests that were too much for the day: entered, never sent. */
  readonly refused: ReadonlySet<string>;
  /** Requests that were let through, each with the amount it stands at. */
  readonly admitted: ReadonlyMap<string, number>;
}

/** The totals of a day, which go on with every line. */
export interface DaySum extends DayTotals {
  /** False for the line of a request that was refused. */
  add(line: LedgerLine): boolean;
  /** The same totals, to go on from without changing these. */
  fork(): DaySum;
}

interface Amounts {
  amounts: ReadonlyMap<string, number>;
  refused: ReadonlySet<string>;
  unknown: ReadonlySet<string>;
  dollars: number;
}

/**
 * Adds up a day, in the order of the file. Whether a request was within its limit depends on the lines before it alone, so every server that reads the file
 * comes to the same answer without a lock: append, read back, look.
 */
export function startDay(before?: Amounts): DaySum {
  const amounts = new Map(before?.amounts);
  const [refused, unknown] = [new Set(before?.refused), new Set(before?.unknown)];
  let dollars = before?.dollars ?? 0;

  function addSent(line: SentLine): void {
    // A line whose sync failed may be there twice.
    if (amounts.has(line.request)) return;
    const amount = line.dollars ?? 0;
    if (line.limit !== undefined && (line.dollars === null || dollars + amount > line.limit + 1e-9)) {
      refused.add(line.request);
      return;
    }
    amounts.set(line.request, amount);
    dollars += amount;
    if (line.dollars === null) unknown.add(line.request);
  }

  function addEnd(request: string, known: number | null): void {
    const reserved = amounts.get(request);
    if (reserved === undefined) return;
    if (known !== null) unknown.delete(request);
    const final = known ?? reserved;
    dollars += final - reserved;
    amounts.set(request, final);
  }

  return {
    get dollars() {
      return Math.max(0, dollars);
    },
    get unknown() {
      return unknown.size;
    },
    refused,
    admitted: amounts,
    add(line) {
      if (line.event === 'sent') addSent(line);
      else if (line.event === 'arrived' || line.event === 'failed') addEnd(line.request, line.dollars);
      return !('request' in line && refused.has(line.request));
    },
    fork: () => startDay({ amounts, refused, unknown, dollars }),
  };
}

/** The totals of a whole day. */
export function addUpDay(lines: readonly LedgerLine[]): DayTotals {
  const day = startDay();
  for (const line of lines) day.add(line);
  return day;
}
