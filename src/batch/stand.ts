import { ToolError } from '../errors.ts';
import type { BatchOutcome } from '../result-batch.ts';
import { quote, showPath } from '../text.ts';
import type { ToolCall } from '../tool.ts';
import { goOn, withClaim } from './drive.ts';
import type { BatchStore } from './store.ts';
import { describeFailures, describeProgress, type Progress, toProgress } from './words.ts';
import type { Worker } from './work.ts';

/** What a pass brought beside what the batch itself knows. */
interface PassOfCall {
  notes: readonly string[];
  /** It ended because a call may not take longer: there is more to do at once. */
  isCut?: boolean;
  /** Somebody has to mend something before it can go on. */
  isStuck?: boolean;
  /** It goes on elsewhere, and this says where. */
  elsewhere?: string;
}

/** The longest a call works on a batch, in milliseconds: many hosts give up on a call after a minute. */
const longestPass = 45_000;

/** Does what can be done now, for as long as a call may take. What only the person can mend is noted: by then the batch is written down, and part of it may be sent. */
export async function goOnForCall(store: BatchStore, worker: Worker, { cancelled, config }: ToolCall): Promise<PassOfCall> {
  const { isOver, index } = toProgress(store);
  if (isOver && index !== undefined) return { notes: [] };
  if (store.head.isPerson)
    return {
      notes: [],
      elsewhere: `It was begun at a terminal, with a person's rights, so the person has to go on with it there: limner batch collect ${store.head.id}.`,
    };
  const { signal, release } = limit(cancelled, Math.min(longestPass, config.timeoutMs));
  const limited = { ...worker, signal };
  try {
    const { notes } = await withClaim(store, limited, (claim) => goOn(store, limited, claim));
    return { notes, isCut: signal.aborted };
  } catch (error) {
    if (cancelled.aborted)
      throw new ToolError('cancelled', `The call was cancelled. ${store.head.id} is written down; collect_batch goes on with it.`);
    if (signal.aborted) return { notes: [], isCut: true };
    if (!(error instanceof ToolError)) throw error;
    return { notes: [error.message], isStuck: error.code !== 'repeated' };
  } finally {
    release();
  }
}

/** A signal that fires with another, or after some time. */
function limit(cancelled: AbortSignal, milliseconds: number): { signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const timer = setTimeout(abort, milliseconds);
  cancelled.addEventListener('abort', abort);
  if (cancelled.aborted) abort();
  return {
    signal: controller.signal,
    release() {
      clearTimeout(timer);
      cancelled.removeEventListener('abort', abort);
    },
  };
}

/** More would drown the rest; the index has all of them. */
const [mostFiles, mostFailures] = [10, 5];

/** How a batch stands, small however large it is. `before`: lines that come first. */
export function tellStand(store: BatchStore, pass: PassOfCall, before: readonly string[]): BatchOutcome {
  const progress = toProgress(store);
  const { id, index } = progress;
  const files = [...store.state.units.values()].flatMap(({ state, path }) =>
    state === 'saved' && path !== undefined ? [showPath(path)] : [],
  );
  const failures = describeFailures(store);
  const next = describeNext(progress, pass);
  const lines = [
    ...before,
    `${id} (${quote(progress.source, 80)}): ${describeProgress(progress)}.`,
    ...(files.length > 0 && files.length <= mostFiles ? files : []),
    `Folder: ${showPath(progress.folder)}`,
    ...(index ? [`Index: ${showPath(index.json)} for programs, ${showPath(index.html)} for people`] : []),
    ...(failures.length > 0 ? ['Failed:', ...failures.slice(0, mostFailures)] : []),
    ...(failures.length > mostFailures ? ['More reasons are in the index.'] : []),
    ...pass.notes.map((note) => `Note: ${note}`),
    next,
  ];
  const { isStuck = false } = pass;
  return {
    lines,
    batch: { ...toFacts(progress), files: files.slice(0, mostFiles), failures: failures.slice(0, mostFailures), next },
    isError: isStuck,
  };
}

function toFacts({ folder, index, ...progress }: Progress) {
  return {
    ...progress,
    folder: showPath(folder),
    index: index ? { json: showPath(index.json), html: showPath(index.html) } : null,
  };
}

function describeNext({ id, isOver, sent, waiting, failed }: Progress, { isCut = false, isStuck = false, elsewhere }: PassOfCall): string {
  if (elsewhere !== undefined && !isOver) return elsewhere;
  if (isStuck) return `Nothing is lost: once that is mended, collect_batch goes on with ${id}.`;
  if (isOver)
    return `It is done${failed > 0 ? ', and what failed costs nothing more' : ''}. Next: give the person the folder or the index.`;
  if (isCut) return `There is more to do at once: call collect_batch with ${id} again.`;
  if (sent > 0)
    return `Next: come back in about 10 minutes and call collect_batch with ${id}; Google takes up to 24 hours, mostly much less. Nobody has to wait.`;
  return waiting > 0 ? `Next: call collect_batch with ${id} in a minute, which sends what waits.` : `Next: call collect_batch with ${id}.`;
}
