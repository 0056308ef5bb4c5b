import { about, type Finding } from './finding.ts';
import type { Answer } from './patient.ts';

const { ok, warning } = about('clock');

/** A clock may be off by so much, in milliseconds: days of the ledger, and so budgets, begin with it. */
const tolerance = 5 * 60_000;

/** Whether this computer's clock goes as Google's does. */
export function checkClock(answer: Answer): Finding[] {
  if (answer === undefined || 'error' in answer || answer.clock === undefined) return [];
  const { theirs, ours } = answer.clock;
  const off = ours - theirs;
  if (Math.abs(off) <= tolerance) return [ok("clock: goes as Google's does")];
  return [
    warning(
      `clock: ${describe(Math.abs(off))} ${off > 0 ? 'ahead of' : 'behind'} Google's; budgets begin their day by it`,
      'set the clock of this computer, best by the network',
    ),
  ];
}

function describe(milliseconds: number): string {
  const minutes = Math.round(milliseconds / 60_000);
  if (minutes < 120) return `${minutes} minutes`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`;
}
