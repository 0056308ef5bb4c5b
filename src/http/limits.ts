/** How often somebody may ask: so many at once after a pause, and then so many a minute. */
export interface RateLimit {
  /** 0 when the request may go on, else the whole seconds after which it may be tried again. */
  take(name: string, perMinute: number): number;
}

/** Each process counts by itself. `now` in milliseconds. */
export function createRateLimit(now: () => number): RateLimit {
  const left = new Map<string, { tokens: number; at: number }>();
  return {
    take(name, perMinute) {
      const before = left.get(name) ?? { tokens: perMinute, at: now() };
      const tokens = Math.min(perMinute, before.tokens + ((now() - before.at) / 60_000) * perMinute);
      left.set(name, { tokens: tokens < 1 ? tokens : tokens - 1, at: now() });
      return tokens < 1 ? Math.ceil(((1 - tokens) / perMinute) * 60) : 0;
    },
  };
}

/** Where tool calls wait for their turn. */
export interface Turnstile {
  /**
   * Resolves when the call may begin, with what has to be called when it has ended; undefined when too many wait already, or the caller has gone meanwhile.
   */
  enter(name: string, each: number, gone: AbortSignal): Promise<(() => void) | undefined>;
  underWay(): number;
  waiting(): number;
  /** Resolves when no call is under way or waits. */
  emptied(): Promise<void>;
}

/** So many wait for each that is under way. */
const waitingEach = 4;

interface Waiting {
  name: string;
  each: number;
  start(): void;
}

/** At most `all` calls at once, and of each person as many as they may have; whoever has room comes first, in the order of coming. */
export function createTurnstile(all: number): Turnstile {
  const running = new Map<string, number>();
  const queue: Waiting[] = [];
  const watchers: (() => void)[] = [];
  let underWay = 0;
  const isEmpty = () => underWay === 0 && queue.length === 0;
  const countOf = (name: string) => running.get(name) ?? 0;
  const begin = (name: string) => {
    underWay += 1;
    running.set(name, countOf(name) + 1);
  };
  const end = (name: string) => {
    underWay -= 1;
    const left = countOf(name) - 1;
    if (left > 0) running.set(name, left);
    else running.delete(name);
    next();
    if (isEmpty()) for (const tell of watchers.splice(0)) tell();
  };
  function next(): void {
    while (underWay < all) {
      const first = queue.findIndex(({ name, each }) => countOf(name) < each);
      const [waiting] = first === -1 ? [] : queue.splice(first, 1);
      if (waiting === undefined) return;
      waiting.start();
    }
  }
  function toRelease(name: string): () => void {
    let isOver = false;
    return () => {
      if (!isOver) end(name);
      isOver = true;
    };
  }
  return {
    underWay: () => underWay,
    waiting: () => queue.length,
    emptied: () => new Promise((resolve) => (isEmpty() ? resolve() : void watchers.push(resolve))),
    async enter(name, each, gone) {
      if (gone.aborted) return undefined;
      const mine = queue.filter((other) => other.name === name).length;
      if (underWay < all && countOf(name) < each) {
        begin(name);
        return toRelease(name);
      }
      if (queue.length >= all * waitingEach || mine >= each * waitingEach) return undefined;
      return new Promise((resolve) => {
        const leave = () => {
          queue.splice(queue.indexOf(waiting), 1);
          resolve(undefined);
        };
        const waiting: Waiting = {
          name,
          each,
          start() {
            gone.removeEventListener('abort', leave);
            begin(name);
            resolve(toRelease(name));
          },
        };
        gone.addEventListener('abort', leave, { once: true });
        queue.push(waiting);
      });
    },
  };
}
