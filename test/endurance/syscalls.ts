import { findUnrecovered, judge, type Outcome } from './faults.ts';
import type { Ground } from './ground.ts';
import { KillHunt, type Kills, toArguments } from './kills.ts';
import { type FileCall, findFileThread, isFileCall, oneThread, watch } from './strace.ts';

/** More than any call makes; a hunt that gets here does not end by itself. */
const mostCalls = 400;

/** Kills servers as they enter their first, second, … system call of a kind, until one survives its call. */
export async function killAtEach(ground: Ground, call: FileCall, way: number): Promise<Kills> {
  const hunt = new KillHunt(ground, await ground.makeComputer());
  for (let number = 1; number <= mostCalls; number += 1) {
    const prompt = `A red fox, ${call} ${number} of way ${way}`;
    let thread = 0;
    const prey = await hunt.start(oneThread, async (started) => {
      thread = await findFileThread(started);
    });
    // What is loaded once is out of the way then; folders are only made the first time.
    if (call !== 'mkdir') await hunt.callFully(prey, `${prompt}, before`);
    const watched = await watch(thread, `${call}:signal=KILL:when=${number}`);
    await hunt.killDuring(prey, toArguments(prompt, way), async (calling) => {
      await calling;
      await prey.close();
    });
    await watched.release();
    if ((await prey.exit) === null) break;
  }
  await hunt.end();
  return hunt.figures;
}

/** What a call does, and which of it goes wrong. */
interface Fault {
  call: FileCall;
  error: string;
  way: number;
}

/** Lets each system call of a kind fail once, each in a call of its own. */
export async function failAtEach(ground: Ground, fault: Fault): Promise<Outcome[]> {
  if (fault.call === 'write') return failAtEachWrite(ground, fault);
  const outcomes: Outcome[] = [];
  for (let number = 1; number <= mostCalls; number += 1) {
    const failed = await failOnce(ground, fault, number);
    if (failed === undefined) break;
    outcomes.push(failed.outcome);
  }
  return outcomes;
}

/** How far a write may be from where it was in the call that was only watched: threads wake each other by writes too, not always as often. */
const offsets = [0, 1, -1, 2, -2, 3, -3, 4, -4];

async function failAtEachWrite(ground: Ground, fault: Fault): Promise<Outcome[]> {
  const found = new Map<number, Outcome>();
  const expected = await listWrites(ground, fault.way);
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

/** Which writes of a call are to files, counted from 1 among all. */
async function listWrites(ground: Ground, way: number): Promise<number[]> {
  const prey = await ground.start(await ground.makeComputer(), { env: oneThread });
  const thread = await findFileThread(prey);
  await prey.call('generate_image', toArguments(`A red fox, before watching ${way}`, way));
  const watched = await watch(thread);
  await prey.call('generate_image', toArguments(`A red fox, watched ${way}`, way));
  const writes = (await watched.calls()).filter((line) => line.startsWith('write('));
  await watched.release();
  await prey.close();
  return writes.flatMap((line, index) => (isFileCall(line) ? [index + 1] : []));
}

/** Undefined when the call made no such system call; `ordinal` says which of those to files it was, from 0. */
async function failOnce(
  ground: Ground,
  { call, error, way }: Fault,
  number: number,
): Promise<{ outcome: Outcome; ordinal?: number } | undefined> {
  const computer = await ground.makeComputer();
  const prey = await ground.start(computer, { env: oneThread });
  const thread = await findFileThread(prey);
  const prompt = `A red fox, ${error} at ${call} ${number} of way ${way} ${computer.state}`;
  if (call !== 'mkdir') await prey.call('generate_image', toArguments(`${prompt}, before`, way));
  const watched = await watch(thread, `${call}:error=${error}:when=${number}`);
  const answer = await prey.call('generate_image', toArguments(prompt, way));
  const same = (await watched.calls()).filter((line) => line.startsWith(`${call}(`) && isFileCall(line));
  const hit = await watched.release();
  const told = `${error} at ${call} ${number} of way ${way}, ${hit?.replaceAll(computer.state, 'state').replaceAll(computer.project, 'project')}`;
  const outcome = await judge(ground, computer, told, prompt, answer, call === 'unlink');
  if (answer) outcome.wrong.push(...(await findUnrecovered(prey, told, `${prompt}, after`)));
  await prey.close();
  if (hit === undefined) return undefined;
  return { outcome, ...(isFileCall(hit) && { ordinal: same.indexOf(hit) }) };
}
