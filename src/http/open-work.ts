/** What the process ends after, and not in the middle of. */
export interface OpenWork {
  track(work: Promise<unknown>): void;
  /** Resolves when nothing is under way any more. */
  settled(): Promise<void>;
}

/** `ended` is told of each piece that has ended. */
export function createOpenWork(ended: () => void = () => undefined): OpenWork {
  const open = new Set<Promise<unknown>>();
  return {
    track(work) {
      open.add(work);
      void work
        .catch(() => undefined)
        .finally(() => {
          open.delete(work);
          ended();
        });
    },
    async settled() {
      do {
        await Promise.allSettled(open);
        // What has ended may begin something more: an answer, a note.
        await new Promise((resolve) => setImmediate(resolve));
      } while (open.size > 0);
    },
  };
}
