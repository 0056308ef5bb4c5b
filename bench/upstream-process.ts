import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type News, news, type Order } from './upstream-messages.ts';

/** The running upstream. */
export interface Upstream {
  /** `http://127.0.0.1:PORT`. */
  url: string;
  /** From now on every request gets this picture. */
  serve(order: Order): Promise<void>;
  /** How long each request since the last `serve` or `takeWaits` was kept waiting, in milliseconds. */
  takeWaits(): number[];
  close(): Promise<void>;
}

export async function startUpstream(): Promise<Upstream> {
  const child = fork(join(import.meta.dirname, 'upstream.js'), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const ended = once(child, 'exit').then((): never => {
    throw new Error('The upstream ended; what it said is above.');
  });
  // Heard of by whoever waits for it.
  ended.catch(() => undefined);
  const next = async (): Promise<News> => {
    const [message] = await Promise.race([once(child, 'message'), ended]);
    return news.parse(message);
  };
  const first = await next();
  if (!('port' in first)) throw new Error('The upstream did not say where it listens.');
  let waits: number[] = [];
  child.on('message', (message) => {
    const told = news.parse(message);
    if ('waited' in told) waits.push(told.waited);
  });
  return {
    url: `http://127.0.0.1:${first.port}`,
    async serve(order) {
      const ready = next();
      child.send(order);
      await ready;
      waits = [];
    },
    takeWaits() {
      const taken = waits;
      waits = [];
      return taken;
    },
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.disconnect();
      await ended.catch(() => undefined);
    },
  };
}
