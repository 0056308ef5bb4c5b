import { addUpDay, type LedgerLine, type SentLine } from './ledger-lines.ts';

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
  const calls = new Map<string, Draft>();
  for (const lines of days) {
    const { refused } = addUpDay(lines);
    for (const line of lines) if (!('request' in line && refused.has(line.request))) enter(line, calls);
  }
  return [...calls.values()].map(({ requests, ...call }) => ({ ...call, requests: [...requests.values()] }));
}

type Draft = Omit<CallState, 'requests'> & { requests: Map<string, RequestState> };

function enter(line: LedgerLine, calls: Map<string, Draft>): void {
  if (line.event === 'sent') enterSent(line, calls);
  if (line.event === 'answered') for (const told of line.told) Object.assign(calls.get(told) ?? {}, { told: true });
  const call = calls.get(line.call);
  if (call === undefined) return;
  // An answer that crossed with the cancellation was never looked at.
  if (line.event === 'abandoned') Object.assign(call, { abandoned: true, answered: false });
  if (line.event === 'answered') call.answered = true;
  if (line.event === 'finished')
    Object.assign(call, { files: line.files, finishedAt: Date.parse(line.at), abandoned: call.abandoned || line.unclaimed });
  if (line.event === 'arrived' || line.event === 'failed') {
    const request = call.requests.get(line.request);
    if (request === undefined) return;
    const [images, state] =
      line.event === 'arrived'
        ? ([line.images, 'arrived'] as const)
        : ([[], line.maybeBilled ? ('maybe billed' as const) : ('failed' as const)] as const);
    call.requests.set(line.request, { ...request, images, state, dollars: line.dollars });
  }
}

function enterSent(line: SentLine, calls: Map<string, Draft>): void {
  const { call, key, tool, folder, request } = line;
  const known = calls.get(call) ?? {
    call,
    key,
    tool,
    folder,
    startedAt: Date.parse(line.at),
    requests: new Map<string, RequestState>(),
    abandoned: false,
    answered: false,
    told: false,
  };
  known.requests.set(request, { sent: line, images: [], dollars: line.dollars, state: 'under way' });
  calls.set(call, known);
}
