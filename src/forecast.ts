import type { DayTotals } from './archive/ledger-lines.ts';
import { isPaid } from './backend.ts';
import { canKeep, requireBudget, requireNoLoop } from './budget.ts';
import { requireNames } from './deliver.ts';
import { type ErrorCode, ToolError } from './errors.ts';
import { canMake } from './files/read.ts';
import type { Call } from './generate.ts';
import type { Plan } from './plan.ts';
import { showPath } from './text.ts';

/** What a call would do, were it not a dry run. Nothing is sent and nothing is written for it. */
export interface Forecast {
  forecast: true;
  plan: Plan;
  backend: Call['model']['backend'];
  today: Pick<DayTotals, 'dollars' | 'unknown'>;
  /** What may be spent today, when that is limited. */
  perDay: number | undefined;
  /** Why it would be refused as things are now, the first reason first; empty when it would be sent. */
  refusals: readonly Refusal[];
  warnings: readonly string[];
  /** The same call was made before and its answer got lost: it would be answered with what that brought, at no cost. */
  late: boolean;
}

interface Refusal {
  code: ErrorCode;
  message: string;
}

/**
 * Looks as far ahead as can be seen without sending or writing anything. Throws what the caller has to mend before there is anything to send; what the
 * budgets and the count of repeats say is part of the answer.
 */
export async function forecast(plan: Plan, late: boolean, call: Call): Promise<Forecast> {
  const { config, ledger, model } = call;
  if (!late) await requireNames(plan);
  if (!(await canMake(plan.output.folder))) throw cannotWrite(plan.output.folder);
  const refusals = late ? [] : [await findRefusal(requireNoLoop(plan, call)), await findRefusal(requireBudget(plan, call))];
  const { dollars, unknown } = await ledger.today();
  const isKept = refusals.some((refusal) => refusal?.code === 'cannot_write') || (await canKeep(config.stateDir));
  return {
    forecast: true,
    plan,
    backend: model.backend,
    today: { dollars, unknown },
    perDay: isPaid(model.backend) ? config.budget.perDay : undefined,
    refusals: refusals.filter((refusal) => refusal !== undefined),
    late,
    warnings: isKept ? plan.warnings : [...plan.warnings, notKept(config.stateDir)],
  };
}

/** Why a check refuses; anything but a refusal is thrown on. */
async function findRefusal(check: Promise<void>): Promise<Refusal | undefined> {
  try {
    await check;
    return undefined;
  } catch (error) {
    if (error instanceof ToolError) return { code: error.code, message: error.message };
    throw error;
  }
}

function cannotWrite(folder: string): ToolError {
  return new ToolError(
    'cannot_write',
    `The picture could not be written: ${showPath(folder)} is no folder that can be written or made. Choose another output.`,
  );
}

function notKept(stateDir: string): string {
  return `${showPath(stateDir)} cannot be written: what is made and what it costs will be forgotten when limner stops.`;
}
