import { findUnrecovered, judge, type Outcome } from './faults.ts';
import type { Ground } from './ground.ts';
import { KillHunt, type Kills, toArguments } from './kills.ts';
import { type FileCall, findThread, isFileCall, oneThread, type Thread, watch } from './strace.ts';

/** More than any call makes; a hunt that gets here does not end by itself. */
const mostCalls = 400;

/** Kills servers as they enter each system call of a kind that a thread makes to a file; in the pool's all of them, until one survives its call. */
export async function killAtEach(ground: Ground, call: FileCall, way: number, who: Thread): Promise<Kills> {
  const hunt = new KillHunt(ground, await ground.makeComputer());
  const numbers = who === 'main' ? await listCalls(ground, { call, way, who }) : Array.from({ length: mostCalls }, (_, index) => index + 1);
  for (const number of numbers) {
    const prompt = `A red fox, ${call} ${number} of way ${way}, ${who}`;
    let thread = 0;
    const prey = await hunt.start(oneThread, async (started) => {
      thread = await findThread(started, who);
    });
    // What is loaded once is out of the way then; folders are only made the first time.
    if (call !== 'mkdir') await hunt.callFully(prey, `${prompt}, before`);
    const watched = await watch(thread, `${call}:signal=KILL:when=${number}`);
    await hunt.killDuring(prey, toArguments(prompt, way), async (calling) => {
      await calling;
      await prey.close();
    });
    await watched.release();
    if (who === 'pool' && (await prey.exit) === null) break;
  }
  await hunt.end();
  return hunt.figures;
}

/** What a call does, and which of it goes wrong. */
interface Fault {
  call: FileCall;
  error: string;
  way: number;
  who: Thread;
}

/** Lets each system call of a kind fail once, each in a call of its own. */
export async function failAtEach(ground: Ground, fault: Fault): Promise<Outcome[]> {
  if (fault.call === 'write' || fault.who === 'main') return failAtEachListed(ground, fault);
  const outcomes: Outcome[] = [];
  for (let number = 1; number <= mostCalls; number += 1) {
    const failed = await failOnce(ground, fault, number);
    if (failed === undefined) break;
    outcomes.push(failed.outcome);
  }
  return outcomes;
}

/** How far a call may be from where it was when it was only watched: threads wake each other by writes too, and sockets are read and closed, not always as often. */
const offsets = [0, 1, -1, 2, -2, 3, -3, 4, -4];

async function failAtEachListed(ground: Ground, fault: Fault): Promise<Outcome[]> {
  const found = new Map<number, Outcome>();
  const expected = await listCalls(ground, fault);
  for (const [ordinal, number] of expected.entries()) {
    for (const offset of offsets) {
      if (found.has(ordinal) || number + offset < 1) continue;
      const failed = await failOnce(ground, fault, number + offset);
      // A wake-up that fails ends the process: that is a kill, and others look at those.
      if (failed?.ordinal !== undefined) found.set(failed.ordinal, failed.outcome);
    }
  }
  return [...found.values()];
}

/** Which system calls of a kind a tool call makes to files, counted from 1 among all of that kind. */
async function listCalls(ground: Ground, { call, way, who }: Omit<Fault, 'error'>): Promise<number[]> {
  const prey = await ground.start(await ground.makeComputer(), { env: oneThread });
  const thread = await findThread(prey, who);
  // Folders are only made the first time.
  if (call !== 'mkdir') await prey.call('generate_image', toArguments(`A red fox, before watching ${call} of ${way}`, way));
  const watched = await watch(thread);
  await prey.call('generate_image', toArguments(`A red fox, watched ${call} of ${way}`, way));
  const same = (await watched.calls()).filter((line) => line.startsWith(`${call}(`));
  await watched.release();
  await prey.close();
  return same.flatMap((line, index) => (isFileCall(line) ? [index + 1] : []));
}

/** Undefined when the call made no such system call; `ordinal` says which of those to files it was, from 0. */
async function failOnce(
  ground: Ground,
  { call, error, way, who }: Fault,
  number: number,
): Promise<{ outcome: Outcome; ordinal?: number } | undefined> {
  const computer = await ground.makeComputer();
  const prey = await ground.start(computer, { env: oneThread });
  const thread = await findThread(prey, who);
  const prompt = `A red fox, ${error} at ${call} ${number} of way ${way}, ${who} ${computer.state}`;
  if (call !== 'mkdir') await prey.call('generate_image', toArguments(`${prompt}, before`, way));
  const watched = await watch(thread, `${call}:error=${error}:when=${number}`);
  const answer = await prey.call('generate_image', toArguments(prompt, way));
  const same = (await watched.calls()).filter((line) => line.startsWith(`${call}(`) && isFileCall(line));
  const hit = await watched.release();
  const told = `${error} at ${call} ${number} of way ${way}, ${who}, ${hit?.replaceAll(computer.state, 'state').replaceAll(computer.project, 'project')}`;
  const outcome = await judge(ground, computer, told, prompt, answer, call === 'unlink');
  if (answer) outcome.wrong.push(...(await findUnrecovered(prey, told, `${prompt}, after`)));
  await prey.close();
  if (hit === undefined) return undefined;
  return { outcome, ...(isFileCall(hit) && { ordinal: same.indexOf(hit) }) };
}
