/** So much work that has ended leaves enough behind for a collection in between; a call is two pieces, itself and the note that its answer was read. */
const worksBetween = 20;

/** With no more work for this long, nobody waits for the few dozen milliseconds that a collection takes; in milliseconds. */
const idleMs = 3000;

/**
 * Gives back the memory that calls leave behind, while none is under way. V8 by itself collects when it wants room, and takes more first: a server that has had a few
 * hundred calls would stand at twice what it uses for as long as its host lives.
 */
export function createGiveBack(isIdle: () => boolean): { workEnded(): void } {
  let ended = 0;
  let waiting: NodeJS.Timeout | undefined;
  const collect = () => {
    if (!isIdle()) return;
    ended = 0;
    // A Node that was built without it, or that is being looked at, goes on as it is.
    collectGarbage().catch(() => undefined);
  };
  return {
    workEnded() {
      ended += 1;
      clearTimeout(waiting);
      waiting = setTimeout(collect, ended < worksBetween ? idleMs : 0).unref();
    },
  };
}

/** Asks V8 as a profiler in this process would, which is Node's one public way; nothing listens on any port. It collects all there is and gives the room back. */
async function collectGarbage(): Promise<void> {
  const { Session } = await import('node:inspector');
  const session = new Session();
  session.connect();
  // Not in the middle of the answer.
  session.post('HeapProfiler.collectGarbage', () => setImmediate(() => session.disconnect()));
}
