import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hostFaults } from './faults-host.ts';
import { openStage, type Stage } from './faults-stage.ts';
import { answerFaults, wireFaults } from './faults-upstream.ts';
import { figure } from './form.ts';

/** Every fault limner is held to, each followed by a good call: of the way to Google, of its answers, of this computer and of the client. */
const catalogue = [...wireFaults, ...answerFaults, ...hostFaults];

let stage: Stage;
const survived: string[] = [];

beforeAll(async () => {
  stage = await openStage();
});

afterAll(() => stage.close());

describe('a good call is made after', () => {
  // On a busy machine a fault takes as long as the machine lets it.
  test.concurrent.for(catalogue)('$fault', { timeout: 300_000 }, async ({ fault, survive }) => {
    await survive(stage);
    survived.push(fault);
  });
});

test('every fault of the catalogue was survived', () => {
  figure('faults survived', `${survived.length} of ${catalogue.length}, each followed by a good call, no piece of the key anywhere`);
  expect(new Set(survived).size).toBe(catalogue.length);
});
