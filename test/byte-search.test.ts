import { expect, test } from 'vitest';
import { createByteSearch, type Found } from '../src/byte-search.ts';

/** Noise of a few letters, so that needles nearly stand in it everywhere; the same for the same seed. */
function makeNoise(length: number, letters: number, seed: number): Buffer {
  let state = seed;
  return Buffer.from(
    Array.from({ length }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return (state >>> 16) % letters;
    }),
  );
}

function findAll(bytes: Uint8Array, needles: readonly Uint8Array[]): Found[] {
  const search = createByteSearch(needles);
  const all: Found[] = [];
  for (let found = search(bytes); found; found = search(bytes, found.start + 1)) all.push(found);
  return all;
}

test('every needle is found wherever one by one finds it, at both ends, overlapping and in noise that is nearly it', () => {
  for (let seed = 1; seed <= 400; seed += 1) {
    const bytes = makeNoise(300, 1 + (seed % 4), seed);
    const needles = [2, 3, 5, 8].map((length, index) => makeNoise(length, 1 + (seed % 4), seed * 7 + index));
    const starts = new Set(
      needles.flatMap((needle) => Array.from(bytes, (_, at) => at).filter((at) => bytes.subarray(at, at + needle.length).equals(needle))),
    );
    expect(findAll(bytes, needles).map(({ start }) => start)).toEqual([...starts].sort((a, b) => a - b));
  }
});

test('the longest is found of several that start together, and nothing where nothing is', () => {
  expect(findAll(Buffer.from('a b c'), [Buffer.from('abc')])).toEqual([]);
  expect(findAll(Buffer.alloc(0), [Buffer.from('abc')])).toEqual([]);
  expect(findAll(Buffer.from('abc'), [])).toEqual([]);
  expect(findAll(Buffer.from('ab'), [Buffer.from('abc')])).toEqual([]);
  expect(findAll(Buffer.from('abcd'), [Buffer.from('abc'), Buffer.from('abcd')])).toEqual([{ start: 0, end: 4 }]);
  expect(findAll(Buffer.from('xxabc'), [Buffer.from('abc'), Buffer.from('xxabcd')])).toEqual([{ start: 2, end: 5 }]);
});
