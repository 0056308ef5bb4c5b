/**
 * Names on their way to the disk. A call has several files, and waits for a disk take long one after the other: each file is synced before it gets its name, the names are synced
 * side by side with what is done next, and all of them are there before anybody is told of one.
 */
export interface Settling {
  /** `syncing` must not reject. */
  add(syncing: Promise<void>): void;
  /** Resolves once all that was added is on the disk. */
  settled(): Promise<void>;
}

export function startSettling(): Settling {
  const underWay: Promise<void>[] = [];
  return {
    add: (syncing) => void underWay.push(syncing),
    settled: async () => void (await Promise.all(underWay)),
  };
}
