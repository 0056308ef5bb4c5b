import { join } from 'node:path';
import type { DayTotals } from './archive/ledger-lines.ts';
import { newCallId } from './archive/record.ts';
import { findUntold, listUnclaimed, type UnclaimedCall } from './archive/unclaimed.ts';
import { requireBudget, requireNoLoop } from './budget.ts';
import { keepDecoder } from './decoder/decoder.ts';
import { deliver, findDelivered, type KeptImage, requirePlace, type SavedImage } from './deliver.ts';
import { ToolError } from './errors.ts';
import { workingFolder } from './files/paths.ts';
import { type Settling, startSettling } from './files/settling.ts';
import { type Call, type Failure, generateAll } from './generate.ts';
import type { Preview } from './image/preview.ts';
import { createLanding } from './landing.ts';
import type { ImageModel, Source } from './model/image-model.ts';
import type { Plan } from './plan.ts';
import { makePreviews, needsDecoder, startPreviews } from './previews.ts';
import type { Sources } from './request.ts';
import { showPath } from './text.ts';

/** What happened. Plain JSON but for the previews. */
export interface Outcome {
  plan: Plan;
  /** The id of the call in the ledger. */
  call: string;
  backend: ImageModel['backend'];
  images: readonly SavedImage[];
  /** Variations that brought nothing, by number from 1. */
  failures: readonly Failure[];
  /** The id that answered. */
  model: string;
  /** US dollars this call costs; undefined when unknown. */
  dollars: number | undefined;
  /** True when the upstream did not say what was used, so that the cost is a guess. */
  estimated: boolean;
  /** What the calendar day has come to, in US dollars. */
  today: Pick<DayTotals, 'dollars' | 'unknown'>;
  searches: number;
  /** The model's own words, not cleaned. */
  text: string;
  sources: readonly Source[];
  warnings: readonly string[];
  previews: readonly Preview[];
  /** Set when this is what an earlier, same call brought that nobody was answered with: when that was sent. It was paid then. */
  late?: Date;
  /** Pictures of other calls in this folder that nobody was told of. */
  unclaimed: readonly UnclaimedCall[];
}

/**
 * Does what was planned. What can fail for free fails first; then the requests go out side by side, and what each brings is put on disk the moment
 * it arrives, before anything else is done with it. Throws a `ToolError` when no picture came.
 */
export async function run(plan: Plan, sources: Sources, call: Call): Promise<Outcome> {
  await requireNoLoop(plan, call);
  await requireBudget(plan, call);
  await requirePlace(plan, call.config);
  const id = newCallId();
  // Also heard between the end of the work and its answer.
  call.gone.addEventListener('abort', () => void call.ledger.abandon(id).catch(call.logError), { once: true });
  void call.archive.lookAround().catch(call.logError);
  const landing = createLanding(plan, call);
  let arrived: readonly KeptImage[] = [];
  const release = needsDecoder(plan, call) ? keepDecoder() : () => undefined;
  try {
    const { kept, failures } = await generateAll(id, plan, sources, landing, call);
    arrived = kept;
    return await finishCall({ id, plan, sources, kept, failures, settling: landing.settling }, call);
  } catch (error) {
    // Any other error is a bug of ours: what it did not deliver is still there for the same call.
    const left = error instanceof ToolError ? [] : arrived.map(({ record }) => record);
    const files = left.flatMap(({ id: image, original }) => (original ? [{ id: image, path: original.path }] : []));
    await call.ledger.finish(id, files, true);
    throw error;
  } finally {
    await landing.clear();
    release();
  }
}

/** A call whose pictures have arrived, now or some time ago. */
export interface ArrivedCall {
  id: string;
  plan: Plan;
  sources: Sources;
  kept: readonly KeptImage[];
  failures: readonly Failure[];
  /** Names of what was kept that are on their way to the disk. */
  settling?: Settling;
  late?: Date;
}

/** From what arrived to the answer: deliver, enter, add up, preview. Throws `bad_answer` when nothing of it is a picture. */
export async function finishCall(arrived: ArrivedCall, call: Call): Promise<Outcome> {
  const { id, plan, sources, kept, failures, settling = startSettling(), late } = arrived;
  const { archive, ledger } = call;
  const records = kept.flatMap(({ record, second }) => [record, ...(second && 'record' in second ? [second.record] : [])]);
  const warnings = [...plan.warnings, ...records.flatMap((record) => record.warnings)];
  const ingredients = { picture: sources.pictures[0], mask: sources.mask, logError: call.logError };
  const early = startPreviews(kept, plan, call);
  const images: SavedImage[] = [];
  for (const image of kept) {
    const saved =
      (late && (await findDelivered(image.record))) ??
      (await deliver(image, images.length + 1, plan, ingredients, { archive, config: call.config, settling }, warnings));
    if (saved) images.push(saved);
  }
  const files = images.map(({ id: image, file }) => ({ id: image, path: file.path }));
  await Promise.all([ledger.finish(id, files, call.gone.aborted), settling.settled()]);
  if (images.length === 0) throw new ToolError('bad_answer', warnings.join(' '));
  const [previews, today, unclaimed] = await Promise.all([
    makePreviews(images, early, call, warnings),
    ledger.today(),
    findUntold(workingFolder(call.config), archive, ledger),
  ]);
  const { warning } = await archive.tidy(() => listUnclaimed(archive, ledger));
  if (warning) warnings.push(warning);
  // Where nothing at all can be kept, that was said.
  if (!ledger.isKept() && images.every(({ original }) => original))
    warnings.push(
      `${showPath(join(call.config.stateDir, 'ledger'))} cannot be written: what was spent and made will be forgotten when limner stops.`,
    );
  const costs = records.map(({ dollars }) => dollars);
  const known = costs.filter((cost) => cost !== undefined);
  return {
    plan,
    call: id,
    backend: call.model.backend,
    images,
    failures,
    model: records.find(({ answeredBy }) => answeredBy)?.answeredBy ?? plan.model.id,
    dollars: known.length === costs.length ? sum(known) : undefined,
    estimated: records.some(({ estimated }) => estimated),
    today,
    searches: sum(records.map(({ searches }) => searches)),
    text: [...new Set(records.map(({ text }) => text).filter((text) => text !== ''))].join('\n'),
    sources: records.flatMap(({ sources }) => sources),
    warnings: [...new Set(warnings)],
    previews,
    ...(late && { late }),
    unclaimed: unclaimed.filter((other) => other.call !== id),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
