import { afterAll, beforeAll, expect, test } from 'vitest';
import { cancelAtRandom, spendInLoop, takeSameName } from './calls.ts';
import { type Ground, openGround } from './ground.ts';
import { report } from './report.ts';

let ground: Ground;

beforeAll(async () => {
  ground = await openGround();
});

afterAll(() => ground.close());

test('two servers that make five hundred pictures of the same name each make a thousand files', async () => {
  const { files, pictures, requests, wrong } = await takeSameName(ground, 500);
  report(
    `2 servers × 500: ${files} files, ${pictures} different pictures, ${requests} requests, ${wrong.length} torn, lost or left behind`,
  );
  expect({ files, pictures, requests, wrong }).toEqual({ files: 1000, pictures: 1000, requests: 1000, wrong: [] });
});

test('and so they do when every call is the same', async () => {
  const { files, pictures, requests, wrong } = await takeSameName(ground, 200, true);
  report(`2 servers × 200 identical calls: ${files} files, ${pictures} different pictures, ${requests} requests, ${wrong.length} wrong`);
  expect({ files, pictures, requests, wrong }).toEqual({ files: 400, pictures: 400, requests: 400, wrong: [] });
});

test('two hundred cancels at random moments lose no picture, are not answered, and their retries cost nothing', async () => {
  const { cancels, tooLate, answered, lost, paidTwice, failed } = await cancelAtRandom(ground, 200);
  report(
    `${cancels} cancels: ${lost.length} lost, ${answered.length} answered, ${paidTwice.length} paid twice, ${failed.length} retries failed (${tooLate} more were too late)`,
  );
  expect({ cancels, answered, lost, paidTwice, failed }).toEqual({ cancels: 200, answered: [], lost: [], paidTwice: [], failed: [] });
});

test('five hundred calls of two servers under a budget of a dollar spend at most that', async () => {
  const { calls, ledger, google, made, refused, after, otherErrors } = await spendInLoop(ground, 500, 1);
  report(
    `${calls} calls under $1: ${made} made, ${refused} refused, $${ledger.toFixed(4)} in the ledger, $${google.toFixed(4)} at Google, then ${after} requests`,
  );
  expect(otherErrors).toEqual([]);
  expect(ledger).toBeLessThanOrEqual(1);
  expect(google).toBeLessThanOrEqual(1);
  expect(google).toBeGreaterThan(0.9);
  expect(after).toBe(0);
});
