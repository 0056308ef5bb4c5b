import type { Arena, Contestant, Running } from '../contestants.ts';
import type { Figures } from '../figures.ts';
import type { Picture, PictureName } from '../pictures.ts';
import type { Upstream } from '../upstream-process.ts';

/** What every measure is given. */
export interface Bout {
  contestants: readonly Contestant[];
  arena: Arena;
  upstream: Upstream;
  figures: Figures;
  rounds: number;
  /** The pictures are small and the figures mean nothing. */
  small: boolean;
  picture(name: PictureName): Promise<Picture>;
  /** From now on the upstream sends this picture. */
  serve(name: PictureName): Promise<void>;
  /** A line to the person who waits. */
  say(line: string): void;
}

/** Rounds in which everyone takes a turn; the first round warms up and does not count, and there is none where figures mean nothing. */
export async function takeTurns<Each>(
  { rounds, small }: Pick<Bout, 'rounds' | 'small'>,
  all: readonly Each[],
  turn: (each: Each, isCounted: boolean) => Promise<void>,
): Promise<void> {
  for (let round = small ? 0 : -1; round < rounds; round += 1) for (const each of all) await turn(each, round >= 0);
}

/** `count` pictures at once: how long until the last is answered, less what the upstream waited on average, in milliseconds. */
export async function drawAtOnce(running: Running, upstream: Upstream, count: number, resolution: '1K' | '4K') {
  upstream.takeWaits();
  const asked = performance.now();
  const answers = await Promise.all(Array.from({ length: count }, () => running.draw(resolution)));
  const waits = upstream.takeWaits();
  if (waits.length !== count) {
    throw new Error(`${running.name} sent ${waits.length} requests for ${count} calls; only what one request costs can be compared.`);
  }
  const wall = Math.max(...answers.map(({ at }) => at)) - asked;
  return { overLatency: wall - waits.reduce((sum, wait) => sum + wait, 0) / count, bytes: Math.max(...answers.map(({ bytes }) => bytes)) };
}

export const resolutionOf = (name: PictureName): '1K' | '4K' => (name === '1k-jpeg' ? '1K' : '4K');
