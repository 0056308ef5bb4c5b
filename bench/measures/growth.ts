import { note } from '../figures.ts';
import { growing, type PictureName } from '../pictures.ts';
import { tellsMemory, watchMemory } from '../processes.ts';
import { type Bout, drawAtOnce } from './bout.ts';

/** How many calls are made at once. */
const counts = [1, 2, 4, 8, 16, 32, 64] as const;

/** How cost grows: with 1 to 64 calls of 1K at once, and with pictures from 1 to 20 MB. A new server each time, warmed by one call. */
export async function measureGrowth(bout: Bout): Promise<void> {
  for (const count of counts) await measureStep(bout, 'calls', count, '1k-jpeg', count);
  for (const edge of growing) {
    const name = `grow-${edge}` as const;
    await measureStep(bout, 'size', (await bout.picture(name)).bytes / 1e6, name, 1);
  }
}

async function measureStep(bout: Bout, way: 'calls' | 'size', step: number, name: PictureName, count: number): Promise<void> {
  const { contestants, arena, upstream, figures, rounds, serve, say } = bout;
  say(`growth: ${count} × ${name}`);
  await serve(name);
  // One round in three: a curve of twelve points is steady enough.
  for (let round = 0; round < Math.ceil(rounds / 3); round += 1) {
    for (const contestant of contestants) {
      const running = await arena.start(contestant);
      try {
        await running.draw('1K');
        const watch = tellsMemory ? watchMemory(running.pid) : undefined;
        const { overLatency } = await drawAtOnce(running, upstream, count, '1K');
        note(figures, `growth ${way} ${step} ms`, contestant.name, overLatency);
        note(figures, `growth ${way} ${step} MB`, contestant.name, watch?.stop().sum);
      } finally {
        await running.close();
      }
    }
  }
}
