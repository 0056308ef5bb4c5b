import { bareName } from '../contestants.ts';
import { note } from '../figures.ts';
import { tellsMemory, watchMemory } from '../processes.ts';
import { findSlowestPing } from '../server.ts';
import { type Bout, drawAtOnce } from './bout.ts';

const largePictures = ['4k-jpeg', '4k-png'] as const;
const atOnce = [1, 8] as const;

/** The most memory a server takes for one 4K call and for eight at once: each time a new server, from its start. */
export async function measureMemory({ contestants, arena, upstream, figures, rounds, serve, say }: Bout): Promise<void> {
  if (!tellsMemory) return say('memory: not measured, only Linux tells');
  for (const name of largePictures) {
    await serve(name);
    for (const count of atOnce) {
      say(`memory: ${count} × ${name}`);
      for (let round = 0; round < rounds; round += 1) {
        for (const contestant of contestants.filter((one) => one.name !== bareName)) {
          const running = await arena.start(contestant);
          const watch = watchMemory(running.pid);
          try {
            await drawAtOnce(running, upstream, count, '4K');
          } finally {
            const { server, sum } = watch.stop();
            note(figures, `peak ${count} × ${name}, server`, contestant.name, server);
            note(figures, `peak ${count} × ${name}, all`, contestant.name, sum);
            await running.close();
          }
        }
      }
    }
  }
}

/** How long a server stands still while eight 4K pictures come in at once: the slowest of many pings, after one call to warm up. */
export async function measureStall({ contestants, arena, upstream, figures, rounds, small, serve, say }: Bout): Promise<void> {
  for (const name of largePictures) {
    say(`stall: 8 × ${name}`);
    await serve(name);
    for (let round = 0; round < rounds; round += 1) {
      for (const contestant of contestants.filter((one) => one.name !== bareName)) {
        const running = await arena.start(contestant);
        try {
          if (!small) await running.draw('4K');
          const slowest = await findSlowestPing(running, drawAtOnce(running, upstream, 8, '4K'));
          note(figures, `stall ${name}`, contestant.name, slowest);
        } finally {
          await running.close();
        }
      }
    }
  }
}
