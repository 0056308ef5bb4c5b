/** Where one of the needles is. */
export interface Found {
  start: number;
  end: number;
}

/**
 * Looks for several short byte strings at once, in a fraction of the time it takes to look for each: pictures of 20 MB are searched for a dozen forms of a key on their way in. Two
 * bytes at a time tell how far the next needle can be at the earliest, which in noise is nearly always the length of the shortest (Wu and Manber, "A fast algorithm for
 * multi-pattern searching", 1994). Returns the first found from `from` on, of several that start there the longest. Needles of fewer than two bytes are never found.
 */
export function createByteSearch(needles: readonly Uint8Array[]): (bytes: Uint8Array, from?: number) => Found | undefined {
  const sought = needles.filter(({ length }) => length > 1).sort((a, b) => b.length - a.length);
  const shortest = Math.min(...sought.map(({ length }) => length));
  if (sought.length === 0) return () => undefined;
  const furthest = Math.min(shortest - 1, 255);
  const shifts = new Uint8Array(65_536).fill(furthest);
  for (const needle of sought) {
    for (let at = 0; at < shortest - 1; at += 1) {
      const pair = toPair(needle, at);
      shifts[pair] = Math.min(shifts[pair] ?? 0, shortest - 2 - at);
    }
  }
  return (bytes, from = 0) => {
    const last = bytes.length - 1;
    for (let at = from + shortest - 2; at < last; ) {
      const shift = shifts[toPair(bytes, at)] ?? 1;
      if (shift > 0) {
        at += shift;
        continue;
      }
      const start = at - (shortest - 2);
      const needle = sought.find((each) => isAt(bytes, start, each));
      if (needle) return { start, end: start + needle.length };
      at += 1;
    }
    return undefined;
  };
}

function toPair(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

function isAt(bytes: Uint8Array, start: number, needle: Uint8Array): boolean {
  if (start + needle.length > bytes.length) return false;
  return needle.every((byte, index) => bytes[start + index] === byte);
}
