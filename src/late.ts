import { setTimeout } from 'node:timers/promises';
import type { CallState } from './archive/ledger-calls.ts';
import { type ImageRecord, toSha256 } from './archive/record.ts';
import { isUnclaimed, toImageIds } from './archive/unclaimed.ts';
import type { KeptImage } from './deliver.ts';
import { ToolError } from './errors.ts';
import { readBytes, readPictureFile } from './files/read.ts';
import type { Call, Failure } from './generate.ts';
import { toRecord } from './new-record.ts';
import type { Plan, PlannedInput } from './plan.ts';
import type { Sources } from './request.ts';
import { finishCall, type Outcome } from './run.ts';
import { formatDollars } from './text.ts';

/** A call that has run this long is one whose host has given up on it, whether it said so or not; in milliseconds. */
const joinedAfter = 45_000;

/** How long what nobody was answered with is the answer to the same call, in milliseconds. */
const answersFor = 24 * 3_600_000;

/** How often the ledger is looked at while another call is waited for, in milliseconds. */
const lookEvery = 500;

/**
 * What the same call brought before, when its caller never heard of it: answers with one that has finished, and waits for one that still runs, in this
 * process or another; neither costs anything. Undefined when there is none, and the call is a new request. `keys` are those the call goes by.
 */
export async function findLate(keys: readonly string[], plan: Plan, sources: Sources, call: Call): Promise<Outcome | undefined> {
  const { ledger } = call;
  const same = (await ledger.recentCalls()).filter(({ key }) => keys.includes(key)).reverse();
  const oldest = Date.now() - answersFor;
  for (const ended of same) {
    if (!isUnclaimed(ended, ledger) || (ended.finishedAt ?? ended.startedAt) <= oldest) continue;
    const outcome = await take(ended, call, () => adopt(ended, plan, sources, call));
    if (outcome) return outcome;
  }
  const running = same.find((other) => ledger.isRunning(other) && isLeftAlone(other, call));
  return running && ((await take(running, call, () => join(running, plan, sources, call))) ?? findLate(keys, plan, sources, call));
}

/** Whether the same call, sent again, would be answered with what it brought before. */
export async function isAnsweredLate(keys: readonly string[], call: Call): Promise<boolean> {
  const same = (await call.ledger.recentCalls()).filter(({ key }) => keys.includes(key));
  const oldest = Date.now() - answersFor;
  return same.some((other) =>
    call.ledger.isRunning(other)
      ? isLeftAlone(other, call)
      : isUnclaimed(other, call.ledger) && (other.finishedAt ?? other.startedAt) > oldest,
  );
}

/** What the same call may have cost before that was cut off and brought nothing, in words for the caller. */
export async function describeCutOff(keys: readonly string[], { ledger }: Call): Promise<string[]> {
  const oldest = Date.now() - answersFor;
  const cutOff = (await ledger.recentCalls()).filter(
    (other) => keys.includes(other.key) && !other.files && !other.told && other.startedAt > oldest && !ledger.isRunning(other),
  );
  const requests = cutOff.flatMap((other) => other.requests).filter(({ state }) => state === 'under way' || state === 'maybe billed');
  const dollars = requests.reduce((sum, request) => sum + (request.dollars ?? 0), 0);
  if (requests.length === 0 || dollars === 0) return [];
  return [`The same call was cut off before and may have been billed then (up to ${formatDollars(dollars)}); nothing of it arrived.`];
}

function isLeftAlone({ call, abandoned, startedAt }: CallState, { ledger }: Call): boolean {
  return (abandoned && !ledger.isHeld(call)) || Date.now() - startedAt >= joinedAfter;
}

/** What is taken over for one caller is not taken over for the next, as long as that one is there. */
async function take({ call: id }: CallState, { ledger, gone }: Call, bring: () => Promise<Outcome | undefined>) {
  ledger.hold(id, gone);
  let outcome: Outcome | undefined;
  try {
    outcome = await bring();
    return outcome;
  } finally {
    if (outcome === undefined) ledger.letGo(id);
  }
}

/** Waits until the call has finished and takes over what it brought; undefined when that is nothing. */
async function join(running: CallState, plan: Plan, sources: Sources, call: Call): Promise<Outcome | undefined> {
  const seconds = Math.round((Date.now() - running.startedAt) / 1000);
  call.report(`The same call was sent ${seconds} s ago and is waited for`, 0, plan.variations);
  for (;;) {
    const now = (await call.ledger.recentCalls()).find((other) => other.call === running.call);
    if (now === undefined) return undefined;
    if (!call.ledger.isRunning(now)) return adopt(now, plan, sources, call);
    if (call.cancelled.aborted) throw new ToolError('cancelled', 'The call was cancelled while the same call before it was waited for.');
    await setTimeout(lookEvery, undefined, { signal: call.cancelled }).catch(() => undefined);
  }
}

/** The answer of a call that has ended, from what is kept of it. Pictures that are not where they were wanted yet are delivered now. */
async function adopt(ended: CallState, plan: Plan, sources: Sources, call: Call): Promise<Outcome | undefined> {
  // What is delivered is what the call is told of; second shots are only kept.
  const seconds = (await call.archive.ofCall(ended.call)).flatMap(({ id, shotOf }) => (shotOf === undefined ? [] : [id]));
  const ids = [...new Set([...(await toImageIds(ended, call.archive)), ...seconds])];
  const found = (await Promise.all(ids.map((id) => findKept(id, ended, plan, call)))).filter((image) => image !== undefined);
  const kept = pairShots(found).sort((a, b) => a.record.number - b.record.number);
  const [first] = kept;
  if (first === undefined) return undefined;
  const then = await toPlanThen(plan, first.record, call);
  try {
    return await finishCall(
      {
        id: ended.call,
        plan: then,
        sources,
        kept,
        failures: toFailures(ended, found, kept.length + 1, plan.variations),
        late: new Date(ended.startedAt),
      },
      call,
    );
  } catch (error) {
    // What cannot be delivered is no answer: the call is then a new request.
    if (error instanceof ToolError && error.code === 'bad_answer') return undefined;
    throw error;
  }
}

/** Second shots beside their first. One whose first is gone stands for itself. */
function pairShots(found: readonly KeptImage[]): KeptImage[] {
  const isSecond = ({ record }: KeptImage) => found.some((first) => first.record.id === record.shotOf);
  return found
    .filter((image) => !isSecond(image))
    .map((first) => {
      const second = found.find(({ record }) => record.shotOf === first.record.id);
      return second ? { ...first, second } : first;
    });
}

/** Which variation it was that failed, and why, was for the answer that got lost. */
function toFailures({ requests }: CallState, found: readonly KeptImage[], first: number, variations: number): Failure[] {
  const isOpen = requests.some(({ state }) => state === 'maybe billed' || state === 'under way');
  const isGone = requests.some(({ images }) => images.length > 0 && !images.some((id) => found.some(({ record }) => record.id === id)));
  const lost = isGone ? 'What came then is no longer there or was no picture; it was billed.' : undefined;
  const isFree = requests.every(({ state, dollars }) => state === 'arrived' || dollars === 0);
  const billed = isOpen ? '; it may have been billed' : isFree ? ', and was not billed' : '';
  const message = lost ?? `It did not arrive when the call was made${billed}.`;
  return Array.from({ length: Math.max(0, variations - first + 1) }, (_, index) => ({ variation: first + index, message }));
}

/** The plan with the pictures the call was made from: where one was replaced by the answer, the call names the answer now. */
async function toPlanThen(plan: Plan, { inputs }: ImageRecord, { archive }: Call): Promise<Plan> {
  const isSame = plan.inputs.every(({ path, sha256 }, index) => inputs[index]?.path === path && inputs[index]?.sha256 === sha256);
  if (isSame) return plan;
  const then = plan.inputs.map(async (input, index): Promise<PlannedInput> => {
    const { id: _now, ...rest } = { ...input, ...inputs[index] };
    const before = await archive.findByContent(rest.sha256);
    return before ? { ...rest, id: before.id } : rest;
  });
  const { history: _now, ...rest } = plan;
  return { ...rest, inputs: await Promise.all(then), warnings: [] };
}

async function findKept(id: string, ended: CallState, plan: Plan, call: Call): Promise<KeptImage | undefined> {
  const record = await call.archive.find(id);
  const original = await call.archive.findOriginal(id);
  const { delivered } = record ?? {};
  // A file elsewhere is read as any path is, and is this picture only as long as it was not changed.
  const found = original === undefined && delivered ? await readPictureFile(delivered.path, call.config).catch(() => undefined) : undefined;
  const copy = found && toSha256(found.bytes) === delivered?.sha256 ? found : undefined;
  const path = original ?? copy?.path;
  const bytes = original === undefined ? copy?.bytes : await readBytes(original);
  if (path === undefined || bytes === undefined) return undefined;
  return { bytes, record: record ?? toLostRecord(id, path, bytes, ended, plan, call), mayStand: true };
}

/** The record of a picture whose process died between writing the picture and writing this. What only the answer said is gone with it. */
function toLostRecord(id: string, path: string, bytes: Uint8Array, ended: CallState, plan: Plan, call: Call): ImageRecord {
  const index = ended.requests.findIndex(({ sent }) => sent.image === id);
  const { sent, dollars } = ended.requests[index] ?? {};
  return {
    ...toRecord({ id: ended.call, plan, call }, Math.max(1, index + 1)),
    id,
    ...(sent?.shotOf !== undefined && { shotOf: sent.shotOf }),
    at: sent?.at ?? new Date(ended.startedAt).toISOString(),
    ...(typeof dollars === 'number' && { dollars }),
    estimated: true,
    original: { path, bytes: bytes.length, sha256: toSha256(bytes) },
  };
}
