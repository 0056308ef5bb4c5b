import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

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
  let collector: (() => Promise<void>) | undefined;
  const collect = () => {
    if (!isIdle()) return;
    ended = 0;
    collector ??= findCollector();
    void collector?.();
  };
  return {
    callEnded() {
      ended += 1;
      clearTimeout(waiting);
      waiting = setTimeout(collect, ended < callsBetween ? idleMs : 0).unref();
    },
  };
}

/** V8's own collector, which Node shows only to those who ask. */
function findCollector(): (() => Promise<void>) | undefined {
  setFlagsFromString('--expose-gc');
  const collector: unknown = runInNewContext('gc');
  if (typeof collector !== 'function') return undefined;
  // Run as a task of its own it need not take what lies on the stack for something in use. From Node 22 on it gives the room back to the system as well.
  const options = { type: 'major', execution: 'async', flavor: 'last-resort' };
  return async () => Reflect.apply(collector, undefined, [options]);
}
