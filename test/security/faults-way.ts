import { readFile } from 'node:fs/promises';
import { expect, vi } from 'vitest';
import type { Answer } from '../answer.ts';
import type { Answer as GoogleAnswer } from '../google/index.ts';
import { expectError, expectSuccess, type Fault, type Scene, type Stage, together } from './faults-stage.ts';

/** One way in which a fault of Google's comes about, with what is seen of it. */
export type Way = (stage: Stage) => Promise<void>;

/** What else has to hold, once the answer is there. */
type Holds = (scene: Scene, answer: Answer, stage: Stage) => Promise<void> | void;

/** Google always says this: an error of this code, which says these, after exactly so many requests; nothing is left where files are wanted. */
export function fails(google: GoogleAnswer, code: string, says: readonly RegExp[], requests: number, holds?: Holds): Way {
  return async (stage) => {
    const scene = stage.scene(stage.shared, google);
    const answer = expectError(await stage.server.call('generate_image', scene.args), code, ...says);
    expect(answer.text).not.toMatch(/[{[]\s*"/);
    expect(scene.requests()).toHaveLength(requests);
    expect(await scene.files()).toEqual([]);
    await holds?.(scene, answer, stage);
    scene.mend();
    await scene.good(stage.server);
  };
}

/** Google says these once and then sends a picture: a success, after as many requests as that takes. */
export function recovers(google: readonly GoogleAnswer[], holds?: Holds): Way {
  return async (stage) => {
    const scene = stage.scene(stage.shared, undefined, ...google);
    const answer = await expectSuccess(await stage.server.call('generate_image', scene.args));
    expect(scene.requests()).toHaveLength(google.length + 1);
    expect(await scene.files()).toHaveLength(1);
    await holds?.(scene, answer, stage);
    await scene.good(stage.server);
  };
}

/** Google sends a bent answer: a success after one request, with so many files. */
export function delivers(google: GoogleAnswer, files: number, holds?: Holds): Way {
  return async (stage) => {
    const scene = stage.scene(stage.shared, google);
    const answer = await expectSuccess(await stage.server.call('generate_image', scene.args));
    expect(scene.requests()).toHaveLength(1);
    expect(answer.facts.images).toHaveLength(files);
    expect(await scene.files()).toHaveLength(files);
    await holds?.(scene, answer, stage);
    scene.mend();
    await scene.good(stage.server);
  };
}

/** A fault of Google's, in every way it comes; the key is looked for after it. */
export function upstream(fault: string, ...ways: readonly Way[]): Fault {
  return together(fault, async (stage) => {
    await Promise.all(ways.map((way) => way(stage)));
  });
}

/** Bytes that were paid for and are no picture: kept in the archive, under no picture's name, and the answer says where. */
export async function expectKeptBytes(answer: Answer): Promise<void> {
  const [, path = ''] = answer.text.match(/its bytes are kept at (\S+)\./) ?? [];
  expect(path).toMatch(/\/images\/img_[a-z2-7]{16}\.bin$/);
  expect((await readFile(path)).length).toBeGreaterThan(0);
}

/** The client of Google's went away before it had the whole answer: nothing is held any more. */
export async function expectDropped(scene: Scene): Promise<void> {
  await vi.waitFor(() => expect(scene.requests().every(({ dropped }) => dropped)).toBe(true), { timeout: 20_000 });
}
