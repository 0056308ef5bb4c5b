import { setTimeout } from 'node:timers/promises';
import { bareName } from '../contestants.ts';
import { note } from '../figures.ts';
import { readMemory, tellsMemory } from '../processes.ts';
import { type Bout, takeTurns } from './bout.ts';

/** When memory is looked at after `initialize`, in milliseconds: what a server does right after its answer has happened by then. */
const settledMs = 300;

/** From spawn to the answer to `initialize`, and the memory a server that has done nothing else takes. */
export async function measureStart(bout: Bout): Promise<void> {
  const { contestants, arena, figures } = bout;
  const starting = contestants.filter(({ name }) => name !== bareName);
  await takeTurns(bout, starting, async (contestant, isCounted) => {
    const running = await arena.start(contestant);
    await setTimeout(settledMs);
    const memory = tellsMemory ? readMemory(running.pid) : undefined;
    await running.close();
    if (!isCounted) return;
    note(figures, 'start', contestant.name, running.startMs);
    note(figures, 'idle', contestant.name, memory?.sum);
    note(figures, 'idle, shared memory divided', contestant.name, memory?.pss);
  });
}
