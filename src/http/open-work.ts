import { createGiveBack } from '../give-back.ts';

/** What the process ends after, and not in the middle of. */
export interface OpenWork {
  track(work: Promise<unknown>): void;
  /** Resolves when nothing is under way any more. */
  settled(): Promise<void>;
}

/** Memory that work leaves behind is given back while there is none. */
export function createOpenWork(): OpenWork {
  const open = new Set<Promise<unknown>>();
  const giveBack = createGiveBack(() => open.size === 0);
  return {
    track(work) {
      open.add(work);
      void work
        .catch(() => undefined)
        .finally(() => {
          open.delete(work);
          giveBack.workEnded();
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
