import type { Arena, Contestant, Running } from '../contestants.ts';
import { note } from '../figures.ts';
import { type Bout, drawAtOnce, resolutionOf, takeTurns } from './bout.ts';

export const calledPictures = ['1k-jpeg', '4k-jpeg', '4k-png'] as const;

/** One call at a time of servers that are warm: time over the upstream's latency, and the size of the answer. */
export async function measureCalls(bout: Bout): Promise<void> {
  const { contestants, arena, upstream, figures, serve, say } = bout;
  for (const name of calledPictures) {
    say(`calls: ${name}`);
    await serve(name);
    const running = await startAll(contestants, arena);
    try {
      await takeTurns(bout, running, async (server, isCounted) => {
        const { overLatency, bytes } = await drawAtOnce(server, upstream, 1, resolutionOf(name));
        if (!isCounted) return;
        note(figures, `call ${name}`, server.name, overLatency);
        note(figures, `answer ${name}`, server.name, bytes / 1000);
      });
    } finally {
      await Promise.all(running.map((server) => server.close()));
    }
  }
}

/** All of them, or none: what was started is closed when another cannot be. */
async function startAll(contestants: readonly Contestant[], arena: Arena): Promise<Running[]> {
  const starts = await Promise.allSettled(contestants.map((contestant) => arena.start(contestant)));
  const running = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
  const failed = starts.find((start) => start.status === 'rejected');
  if (failed === undefined) return running;
  await Promise.all(running.map((server) => server.close()));
  throw failed.reason;
}
