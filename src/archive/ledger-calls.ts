import { type DaySum, type LedgerLine, type SentLine, startDay } from './ledger-lines.ts';

/** One request of a call. */
export interface RequestState {
  sent: SentLine;
  /** Ids of what arrived; empty while under way and when it failed. */
  images: readonly string[];
  /** US dollars, as far as known: at most while under way. */
  dollars: number | null;
  state: 'under way' | 'arrived' | 'failed' | 'maybe billed';
}

/** What the ledger knows of one call. */
export interface CallState {
  call: string;
  key: string;
  tool: string;
  folder: string;
  /** When its first request was sent, milliseconds since 1970. */
  startedAt: number;
  requests: readonly RequestState[];
  /** Nobody waits for it any more. */
  abandoned: boolean;
  /** Where its files are; absent until it has finished. */
  files?: readonly { id: string; path: string }[];
  finishedAt?: number;
  answered: boolean;
  /** Somebody was told where its pictures are. */
  told: boolean;
}

/** The calls of some days' lines, oldest first. */
export function toCalls(days: readonly (readonly LedgerLine[])[]): CallState[] {
  const calls = new Map<string, CallState>();
  for (const lines of days) enterLines(lines, startDay(), calls);
  return [...calls.values()];
}

/** Goes on with a day and with the calls it is about; a request that was too much for its day was never sent. */
export function enterLines(lines: readonly LedgerLine[], day: DaySum, calls: Map<string, CallState>): void {
  for (const line of lines) if (day.add(line)) enterLine(line, calls);
}

/** Enters what a line says of the calls it speaks of; what was known of a call before stays as it was for those who have it. */
export function enterLine(line: LedgerLine, calls: Map<string, CallState>): void {
  if (line.event === 'answered') for (const told of line.told) change(told, { told: true }, calls);
  const call = calls.get(line.call);
  if (line.event === 'sent') calls.set(line.call, addRequest(line, call));
  if (call === undefined) return;
  // An answer that crossed with the cancellation was never looked at.
  if (line.event === 'abandoned') change(line.call, { abandoned: true, answered: false }, calls);
  if (line.event === 'answered') change(line.call, { answered: true }, calls);
  if (line.event === 'finished')
    change(line.call, { files: line.files, finishedAt: Date.parse(line.at), abandoned: call.abandoned || line.unclaimed }, calls);
  if (line.event === 'arrived' || line.event === 'failed')
    change(
      line.call,
      { requests: call.requests.map((request) => (request.sent.request === line.request ? endRequest(request, line) : request)) },
      calls,
    );
}

function change(call: string, changes: Partial<CallState>, calls: Map<string, CallState>): void {
  const known = calls.get(call);
  if (known) calls.set(call, { ...known, ...changes });
}

function addRequest(line: SentLine, known: CallState | undefined): CallState {
  // A line whose sync failed may be there twice.
  if (known?.requests.some(({ sent }) => sent.request === line.request)) return known;
  const { call, key, tool, folder } = line;
  const startedAt = Date.parse(line.at);
  const state = known ?? { call, key, tool, folder, startedAt, requests: [], abandoned: false, answered: false, told: false };
  return { ...state, requests: [...state.requests, { sent: line, images: [], dollars: line.dollars, state: 'under way' }] };
}

function endRequest(request: RequestState, line: EndLine): RequestState {
  const { dollars } = line;
  if (line.event === 'arrived') return { ...request, images: line.images, state: 'arrived', dollars };
  return { ...request, images: [], state: line.maybeBilled ? 'maybe billed' : 'failed', dollars };
}

type EndLine = Extract<LedgerLine, { event: 'arrived' | 'failed' }>;
