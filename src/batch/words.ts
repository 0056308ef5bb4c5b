import { formatDollars, showPath } from '../text.ts';
import type { Checked } from './check.ts';
import type { BatchStore } from './store.ts';
import type { Worker } from './work.ts';

/** What of the day's budget is gone; undefined when there is none. */
export async function describeBudget({ config, ledger }: Pick<Worker, 'config' | 'ledger'>): Promise<string | undefined> {
  const { perDay } = config.budget;
  if (perDay === undefined) return undefined;
  const { dollars } = await ledger.today();
  return `Budget: ${formatDollars(dollars)} of ${formatDollars(perDay)} today are spent or under way`;
}

/** What a batch would be, before it is sent; a line each. */
export function describeChecked({ jobs, wrong, requests, price, kinds }: Checked, folder: string, budget: string | undefined): string[] {
  const lines = `${jobs.length} ${jobs.length === 1 ? 'line' : 'lines'}, ${requests} ${requests === 1 ? 'picture' : 'pictures'}`;
  const each = [...kinds].map(([kind, count]) => (kinds.size === 1 ? kind : `${count} × ${kind}`)).join('; ');
  const cost =
    price === undefined
      ? 'a price limner does not know'
      : `about ${formatDollars(price.likely)}, at most ${formatDollars(price.most)}: batch rate, half of what the same calls cost`;
  return [
    `${lines} (${each})`,
    `Price: ${cost}`,
    ...(budget === undefined ? [] : [budget]),
    `Files: ${showPath(folder)}`,
    ...(wrong.length > 0 ? [`Left out: ${wrong.length} wrong ${wrong.length === 1 ? 'line' : 'lines'}`] : []),
    'Google makes batches within 24 hours, mostly much sooner.',
  ];
}

/** How far a batch is, in numbers. */
export interface Progress {
  id: string;
  source: string;
  folder: string;
  at: string;
  total: number;
  saved: number;
  failed: number;
  /** With Google. */
  sent: number;
  /** Not sent yet. */
  waiting: number;
  /** US dollars so far. */
  dollars: number;
  cancelled: boolean;
  isOver: boolean;
  index: { json: string; html: string } | undefined;
}

export function toProgress({ head, state }: BatchStore): Progress {
  const units = [...state.units.values()];
  const count = (wanted: string) => units.filter((unit) => unit.state === wanted).length;
  const [saved, failed, sent, waiting] = ['saved', 'failed', 'sent', 'waiting'].map(count);
  const { id, source, folder, at } = head;
  const dollars = Math.round(units.reduce((sum, unit) => sum + unit.dollars, 0) * 1e6) / 1e6;
  const isOver = sent === 0 && (waiting === 0 || state.isCancelled);
  return {
    id,
    source,
    folder,
    at,
    total: units.length,
    saved: saved ?? 0,
    failed: failed ?? 0,
    sent: sent ?? 0,
    waiting: waiting ?? 0,
    dollars,
    cancelled: state.isCancelled,
    isOver,
    index: state.index,
  };
}

/** The same in a line. */
export function describeProgress({ total, saved, failed, sent, waiting, dollars, cancelled }: Progress): string {
  const parts = [
    `${saved} of ${total} saved`,
    failed > 0 && `${failed} failed`,
    sent > 0 && `${sent} with Google`,
    waiting > 0 && (cancelled ? `${waiting} not asked for` : `${waiting} still to send`),
    `${formatDollars(dollars)} so far`,
  ];
  return `${parts.filter((part) => part !== false).join(', ')}${cancelled ? ' (cancelled)' : ''}`;
}

/** Why lines failed, the most frequent first, with the first lines it befell. */
export function describeFailures({ state }: BatchStore): string[] {
  const reasons = new Map<string, string[]>();
  for (const [key, { state: stand, message = '' }] of state.units)
    if (stand === 'failed') reasons.set(message, [...(reasons.get(message) ?? []), key.split('-')[0] ?? '']);
  return [...reasons]
    .sort(([, one], [, other]) => other.length - one.length)
    .map(
      ([message, lines]) => `- line ${lines.slice(0, 5).join(', ')}${lines.length > 5 ? ` and ${lines.length - 5} more` : ''}: ${message}`,
    );
}
