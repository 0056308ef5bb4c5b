import type { Ledger } from '../archive/ledger.ts';
import { ToolError } from '../errors.ts';
import { formatDollars, showPath } from '../text.ts';
import type { Done } from '../tool.ts';

/** What a person who has interrupted a call is told when it ended in time all the same. */
export function describeSaved(done: Done): ToolError {
  if ('forecast' in done) return new ToolError('cancelled', 'Stopped; it was a dry run, so nothing was sent.');
  const paths = ('files' in done ? done.files.map(({ path }) => path) : done.images.map(({ file }) => file.path)).map(showPath);
  if ('files' in done) return new ToolError('cancelled', `Stopped when it was done: ${paths.join(', ')}`);
  return new ToolError(
    'cancelled',
    `Stopped, but what was under way arrived and is paid for, so it was saved: ${paths.join(', ')}\nThe same command again is answered with it and costs nothing.`,
  );
}

/** The same when it did not. What is under way is entered as perhaps billed. */
export async function describeGivenUp(ledger: Ledger): Promise<ToolError> {
  const { requests, dollars } = await ledger.giveUp();
  const kept = await countKept(ledger);
  if (requests === 0 && kept === 0) return new ToolError('cancelled', 'Stopped before anything was sent: nothing was charged.');
  const again = kept > 0 ? 'The same command again brings what had arrived, at no cost.' : 'The same command again is a new request.';
  return new ToolError('cancelled', ['Stopped.', ...describeLost(requests, dollars), again].join(' '));
}

function describeLost(requests: number, dollars: number | null): string[] {
  if (requests === 0) return [];
  const what = requests === 1 ? 'One request was under way and is lost' : `${requests} requests were under way and are lost`;
  // The stand-in's.
  if (dollars === 0) return [`${what}; nothing was charged.`];
  return [
    `${what}: Google may bill ${requests === 1 ? 'it' : 'them'}, ${dollars === null ? 'at a price nobody knows' : `up to ${formatDollars(dollars)}`}.`,
  ];
}

/** Pictures of this process that arrived and were not handed over. */
async function countKept(ledger: Ledger): Promise<number> {
  const calls = (await ledger.recentCalls()).filter(({ answered, call }) => !answered && ledger.isOwn(call));
  return calls.flatMap(({ requests }) => requests).filter(({ state }) => state === 'arrived').length;
}
