import type { Ledger } from '../archive/ledger.ts';
import { type CallState, type RequestState, toCalls } from '../archive/ledger-calls.ts';
import { addUpDay, type LedgerLine, type SentLine } from '../archive/ledger-lines.ts';

/** One request that was sent, and what it stands at. */
export interface PaidRequest {
  /** The day of the ledger it counts to. */
  day: string;
  sent: SentLine;
  /** Ids of what arrived. */
  images: readonly string[];
  /** `maybe billed` also when nobody is left to say what became of it. */
  state: 'running' | 'arrived' | 'failed' | 'maybe billed';
  /** US dollars, in full while nothing better is known; null when nobody knows the price. */
  dollars: number | null;
}

/** All of the ledger, for people to look at. */
export interface Account {
  /** What each day comes to, by the same sum that budgets are kept by; oldest first. */
  days: readonly { day: string; dollars: number }[];
  /** What was let through, oldest call first; stand-in drawings, which cost nothing, are among them. */
  requests: readonly PaidRequest[];
  calls: ReadonlyMap<string, CallState>;
}

export async function readAccount(ledger: Ledger): Promise<Account> {
  const days = await ledger.all();
  const calls = toCalls(days.map(({ lines }) => lines));
  const amounts = new Map(days.flatMap(({ day, lines }) => [...toAmounts(day, lines)]));
  const requests = calls.flatMap((call) => {
    const running = ledger.isRunning(call);
    return call.requests.map((request) => toPaidRequest(request, running, amounts));
  });
  return {
    days: days.map(({ day, lines }) => ({ day, dollars: addUpDay(lines).dollars })),
    requests,
    calls: new Map(calls.map((call) => [call.call, call])),
  };
}

interface Amount {
  day: string;
  dollars: number | null;
}

/** What each request of a day stands at; the ledger enters its end on the day it was sent. */
function toAmounts(day: string, lines: readonly LedgerLine[]): Map<string, Amount> {
  const amounts = new Map<string, Amount>();
  for (const line of lines) {
    if (line.event === 'sent') amounts.set(line.request, { day, dollars: line.dollars });
    else if (line.event === 'arrived' || line.event === 'failed') {
      const reserved = amounts.get(line.request);
      if (reserved) amounts.set(line.request, { day, dollars: line.dollars ?? reserved.dollars });
    }
  }
  return amounts;
}

function toPaidRequest({ sent, images, state }: RequestState, running: boolean, amounts: ReadonlyMap<string, Amount>): PaidRequest {
  const { day, dollars } = amounts.get(sent.request) ?? { day: '', dollars: sent.dollars };
  if (state !== 'under way') return { day, sent, images, state, dollars };
  return { day, sent, images, state: running ? 'running' : 'maybe billed', dollars };
}
