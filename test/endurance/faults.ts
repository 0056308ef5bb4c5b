import type { Answer } from '../answer.ts';
import type { Computer } from '../fixtures.ts';
import type { Ground } from './ground.ts';
import { findUntrue, inspectLeftovers } from './leftovers.ts';
import type { Prey } from './prey.ts';

/** What came of a call whose disk failed. */
export interface Outcome {
  /** The fault, as it is to be told. */
  fault: string;
  /** `saved`: as asked. `rescued`: a whole file elsewhere, with a warning. `refused`: an error before anything was sent. `failed`: an error after. */
  result: 'saved' | 'rescued' | 'refused' | 'failed';
  /** One sentence for each thing that must not be. */
  wrong: string[];
  text: string;
}

/** Looks at what a call under a fault was answered, and at what lies on the disk; `mayLeave` allows temporary files. */
export async function judge(
  ground: Ground,
  computer: Computer,
  fault: string,
  prompt: string,
  answer: Answer | undefined,
  mayLeave = false,
): Promise<Outcome> {
  if (answer === undefined) return { fault, result: 'failed', wrong: [`${fault}: the server died`], text: '' };
  const paid = ground.requestsFor(prompt).length > 0;
  const left = await inspectLeftovers(computer, ground.sentFor(prompt), ground.sent);
  const untrue = answer.isError ? [] : await findUntrue(answer);
  const saidLost = /is lost|cannot be written/.test(answer.text);
  const lost = answer.isError && !saidLost ? left.lost.map((picture) => `lost: ${picture.prompt}`) : [];
  // A picture whose original could not be kept has arrived all the same: the delivered file is it.
  const torn = saidLost ? left.torn.filter((sentence) => !sentence.includes(' arrived and ')) : left.torn;
  const wrong = [...untrue, ...torn, ...lost, ...(mayLeave ? [] : left.parts.map((path) => `left behind: ${path}`))];
  const result = answer.isError ? (paid ? 'failed' : 'refused') : answer.facts.warnings.length > 0 ? 'rescued' : 'saved';
  return { fault, result, wrong: wrong.map((sentence) => `${fault}: ${sentence}`), text: answer.text };
}

/** A server whose disk is well again works as before. */
export async function findUnrecovered(prey: Prey, fault: string, prompt: string): Promise<string[]> {
  const answer = await prey.call('generate_image', { prompt });
  if (answer === undefined || answer.isError) return [`${fault}: the next call failed: ${answer?.text ?? 'the server died'}`];
  return (await findUntrue(answer)).map((sentence) => `${fault}: next call: ${sentence}`);
}
