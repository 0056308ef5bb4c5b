/** So many calls that have ended leave enough behind for a collection between two of them. */
const callsBetween = 50;

/** Without a call for this long, nobody waits for the few dozen milliseconds that a collection takes; in milliseconds. */
const idleMs = 3000;

/**
 * Gives back the memory that calls leave behind, while none is under way. V8 by itself collects when it wants room, and takes more first: a server that has had a few
 * hundred calls would stand at twice what it uses for as long as its host lives.
 */
export function createGiveBack(isIdle: () => boolean): { callEnded(): void } {
  let ended = 0;
  let waiting: NodeJS.Timeout | undefined;
  const collect = () => {
    if (!isIdle()) return;
    ended = 0;
    // A Node that was built without it, or that is being looked at, goes on as it is.
    collectGarbage().catch(() => undefined);
  };
  return {
    callEnded() {
      ended += 1;
      clearTimeout(waiting);
      waiting = setTimeout(collect, ended < callsBetween ? idleMs : 0).unref();
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
