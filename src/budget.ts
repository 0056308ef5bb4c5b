import { join } from 'node:path';
import type { Ledger } from './archive/ledger.ts';
import type { Config } from './config.ts';
import { ToolError } from './errors.ts';
import { canMake } from './files/read.ts';
import type { Plan } from './plan.ts';
import { toRaising } from './settings/values.ts';
import { formatDollars, quote, showPath } from './text.ts';

/** What a call is held to. */
interface Spender {
  config: Config;
  ledger: Ledger;
  /** The person allowed this call to cost more than one may. */
  approved: boolean;
}

/** Sums of dollars are compared as what they were written as. */
const rounding = 1e-9;

/**
 * Refuses, before anything is sent, a call the budgets do not allow as a whole: `over_call_limit`, which the person may be asked about, `over_budget`,
 * or `cannot_write` when what is spent cannot be written down. A price nobody knows is more than any budget allows. Each request is held to the day's
 * budget once more when it is sent, against what others spend meanwhile.
 */
export async function requireBudget(plan: Plan, spender: Spender): Promise<void> {
  const { budget, backend, stateDir } = spender.config;
  if (backend === 'standin' || (budget.perDay === undefined && budget.perCall === undefined)) return;
  requireKnownPrice(plan);
  if (!(await canKeep(stateDir))) throw cannotKeep(stateDir);
  // Nobody is asked to pay for what the day does not allow.
  await requireDayBudget(plan, spender);
  requireCallBudget((plan.requests - 1) * (plan.price?.most ?? 0), plan, spender);
}

function requireKnownPrice({ price, model }: Plan): void {
  if (price !== undefined) return;
  throw new ToolError(
    'over_budget',
    `There is a budget, and what a picture of ${model.id} costs is not known, so this model is not used. Use flash, pro or lite, or let the person set LIMNER_PRICE_USD_PER_IMAGE.`,
  );
}

async function requireDayBudget(plan: Plan, { config, ledger }: Spender): Promise<void> {
  const { perDay } = config.budget;
  if (perDay === undefined) return;
  const most = plan.price?.most ?? 0;
  const wanted = plan.requests * most;
  const { dollars } = await ledger.today();
  const left = perDay - dollars;
  if (wanted <= left + rounding) return;
  throw new ToolError(
    'over_budget',
    `This call may cost up to ${formatDollars(wanted)}, and ${formatDollars(Math.max(0, left))} is left of today's budget of ${formatDollars(perDay)} ` +
      `(spent or under way: ${formatDollars(dollars)}). ${toDayAdvice(plan, Math.min(left, config.budget.perCall ?? left))} The day starts anew at midnight; ${toRaising(config.budget, 'LIMNER_BUDGET_USD_PER_DAY')}.`,
  );
}

function toDayAdvice(plan: Plan, left: number): string {
  const fitting = countFitting(plan, left);
  if (fitting > 0) return `With count ${fitting} it would fit.`;
  const smaller = toSmaller(plan);
  return smaller === undefined ? 'Nothing of this kind fits any more today.' : `${smaller}; this does not.`;
}

/** What costs less and may do; undefined when this is the least there is. */
function toSmaller({ resolution, model }: Plan): string | undefined {
  if (model.nickname === 'pro') return resolution === '4K' ? 'A lower resolution or flash may fit' : 'Flash may fit';
  return resolution === '1K' ? undefined : 'A lower resolution may fit';
}

/** How many of the pictures that were asked for the dollars are enough for. */
function countFitting({ price, requests, variations }: Plan, dollars: number): number {
  return price === undefined || price.most === 0 ? 0 : Math.max(0, Math.floor(((dollars + rounding) / price.most / requests) * variations));
}

/** Refuses a request that would bring its call above what one may cost; `reserved` is what the call's other requests may cost. */
export function requireCallBudget(reserved: number, plan: Plan, { config, approved }: Pick<Spender, 'config' | 'approved'>): void {
  const { perCall } = config.budget;
  if (perCall === undefined || config.backend === 'standin') return;
  requireKnownPrice(plan);
  const most = plan.price?.most ?? 0;
  const whole = plan.requests * most;
  const limit = approved ? Math.max(perCall, whole) : perCall;
  if (reserved + most <= limit + rounding) return;
  const amounts = `may cost up to ${formatDollars(reserved + most)}, and one call may cost ${formatDollars(limit)}`;
  if (reserved + most > whole + rounding) {
    throw new ToolError('over_call_limit', `with one more request this call ${amounts}.`);
  }
  const fitting = countFitting(plan, perCall);
  const advice = fitting > 0 ? `With count ${fitting} it would fit` : (toSmaller(plan) ?? 'Nothing of this kind fits that limit');
  throw new ToolError('over_call_limit', `This call ${amounts}. ${advice}; ${toRaising(config.budget, 'LIMNER_BUDGET_USD_PER_CALL')}.`, {
    question: toQuestion(plan, perCall),
  });
}

function toQuestion(plan: Plan, perCall: number): string {
  const { variations, requests, prompt, model, resolution, price } = plan;
  const [likely, most] = [requests * (price?.likely ?? 0), requests * (price?.most ?? 0)];
  return (
    `limner is asked for ${variations === 1 ? 'a picture' : `${variations} pictures`}: ${quote(prompt, 120)} (${model.id}, ${resolution}). This costs about ` +
    `${formatDollars(likely)}, at most ${formatDollars(most)}; your limit for one call is ${formatDollars(perCall)} (LIMNER_BUDGET_USD_PER_CALL). Pay for this one call?`
  );
}

/** Whether what is spent can be written down, as far as can be seen without writing. */
export function canKeep(stateDir: string): Promise<boolean> {
  return canMake(join(stateDir, 'ledger'));
}

function cannotKeep(stateDir: string): ToolError {
  return new ToolError(
    'cannot_write',
    `There is a budget, and ${showPath(stateDir)}, where what is spent is written down, cannot be written. The person has to make it writable or set LIMNER_STATE_DIR to another folder.`,
  );
}

/** Identical calls are counted over this time, in minutes. */
const repeatsWithin = 10;

/** Stops a loop that asks for one and the same thing over and over. Throws `repeated`. */
export async function requireNoLoop(plan: Plan, { config, ledger }: Pick<Spender, 'config' | 'ledger'>): Promise<void> {
  if (config.maxRepeats === 0) return;
  const since = Date.now() - repeatsWithin * 60_000;
  const same = (await ledger.recentCalls()).filter(({ key, startedAt }) => key === plan.key && startedAt > since);
  if (same.length < config.maxRepeats) return;
  throw new ToolError(
    'repeated',
    `This very call was made ${same.length === 1 ? 'once' : `${same.length} times`} in the last ${repeatsWithin} minutes, as often as LIMNER_MAX_REPEATS allows: it looks like a ` +
      'loop. Use the pictures that were made. If more are really wanted, change the prompt or use count; the person can raise the limit (0: none).',
  );
}
