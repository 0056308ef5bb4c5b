import type { CallState, RequestState } from '../archive/ledger-calls.ts';
import { isUnclaimed, toImageIds } from '../archive/unclaimed.ts';
import { formatBytes, formatDollars } from '../text.ts';
import { about, type Finding } from './finding.ts';
import type { Patient } from './patient.ts';

/** What the archive takes of what it may. */
export async function checkArchive({ archive, config: { archiveMaxBytes } }: Patient): Promise<Finding> {
  const { ok, warning } = about('archive');
  const bytes = await archive.measureAll(new Set());
  const says = `archive: ${formatBytes(bytes)} of the ${formatBytes(archiveMaxBytes)} it may have`;
  // It makes room with the next picture, as far as it may.
  if (bytes <= archiveMaxBytes) return ok(says);
  return warning(says, 'raise LIMNER_ARCHIVE_MAX_GB, or remove pictures with `limner forget`');
}

/** What may be spent, and what was today. */
export async function checkBudget({ ledger, config: { budget, backend } }: Patient): Promise<Finding> {
  const { ok, warning } = about('budget');
  const { dollars } = await ledger.today();
  const { perDay, perCall } = budget;
  const call = perCall === undefined ? '' : `; ${formatDollars(perCall)} for one call`;
  if (perDay === undefined) return ok(`budget: ${formatDollars(dollars)} spent today; no limit for a day is set${call}`);
  const says = `budget: ${formatDollars(dollars)} of ${formatDollars(perDay)} spent today, which begins anew at midnight${call}`;
  if (dollars < perDay || backend === 'standin') return ok(says);
  return warning(says, 'wait for tomorrow, or raise LIMNER_BUDGET_USD_PER_DAY');
}

const day = 24 * 3_600_000;

/** Pictures nobody was told of, and requests nobody knows the end of, of the last 24 hours. */
export async function checkRequests({ archive, ledger }: Patient): Promise<Finding[]> {
  const { ok, warning } = about('requests');
  const calls = (await ledger.recentCalls()).filter(({ startedAt }) => startedAt > Date.now() - day);
  const ids = await Promise.all(calls.filter((call) => !call.told && isUnclaimed(call, ledger)).map((call) => toImageIds(call, archive)));
  const untold = ids.flat().length;
  const lost = calls.flatMap((call) => call.requests.filter((request) => isMaybeBilled(request, call, ledger)));
  const cost = lost.reduce((sum, { dollars }) => sum + (dollars ?? 0), 0);
  const findings = [
    ...(untold > 0
      ? [
          warning(
            `${untold} ${untold === 1 ? 'picture' : 'pictures'} of the last 24 hours, of which no host was told`,
            'see `limner history`; the same call again is answered with them, and costs nothing',
          ),
        ]
      : []),
    ...(lost.length > 0
      ? [
          warning(
            `${lost.length} ${lost.length === 1 ? 'request' : 'requests'} of the last 24 hours brought nothing and may have been billed (${formatDollars(cost)})`,
            'see `limner history`, and what Google billed',
          ),
        ]
      : []),
  ];
  return findings.length > 0 ? findings : [ok('requests: every answer of the last 24 hours reached its host')];
}

function isMaybeBilled({ state, sent }: RequestState, call: CallState, ledger: Patient['ledger']): boolean {
  if (sent.backend === 'standin') return false;
  return state === 'maybe billed' || (state === 'under way' && !ledger.isRunning(call));
}
