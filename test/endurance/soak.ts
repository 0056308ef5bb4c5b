import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { vi } from 'vitest';
import type { Answer } from '../answer.ts';
import { photo } from '../fixtures.ts';
import { answers } from '../google/index.ts';
import { childrenOf, memoryOf } from '../security/processes.ts';
import type { Ground } from './ground.ts';
import { inspectLeftovers } from './leftovers.ts';
import type { Prey } from './prey.ts';

/** What a long run of one server came to. */
export interface Soak {
  calls: number;
  faults: number;
  /** Good calls that failed, and faults that were answered otherwise than with an error or a picture. */
  wrong: string[];
  /** Bytes of memory the server grew by, a call, after it was warm: the slope of the least that each stretch of calls got by with. */
  slope: number;
  /** Bytes of memory: warm, and at the end. */
  warm: number;
  last: number;
  /** The most memory all processes it started had together, in bytes. */
  helpers: number;
  /** Open files, pipes and sockets: warm, and at the end. */
  handles: { warm: number; last: number };
  /** Temporary files and what nobody asked for. */
  stray: string[];
}

/** One fault in so many calls. */
const faultEvery = 20;

/** Bytes of memory a process has; 0 when it is gone. */
async function bytesOf(pid: number): Promise<number> {
  return 1e6 * (await memoryOf(pid, 'VmRSS'));
}

async function handlesOf(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length;
}

/** Bytes of memory of all it has started. */
async function helpersOf(pid: number): Promise<number> {
  return (await Promise.all((await childrenOf(pid)).map(bytesOf))).reduce((sum, bytes) => sum + bytes, 0);
}

/** Many calls of one server once it is warm, some of them with a fault: pictures made, edited, converted; errors of Google's, cancels, pictures that are none. */
export async function soak(ground: Ground, { warmUp, calls }: { warmUp: number; calls: number }): Promise<Soak> {
  const computer = await ground.makeComputer();
  await computer.write('photo.png', await photo(640, 480));
  await computer.write('text.png', 'This is no picture.');
  await computer.write('torn.png', (await photo(640, 480)).subarray(0, 900));
  const temporary = join(computer.home, 'tmp');
  const prey = await ground.start(computer, { env: { LIMNER_PREVIEW: '512', LIMNER_MAX_REPEATS: '0', TMPDIR: temporary } });
  const figures: Soak = {
    calls: 0,
    faults: 0,
    wrong: [],
    slope: 0,
    warm: 0,
    last: 0,
    helpers: 0,
    handles: { warm: 0, last: 0 },
    stray: [],
  };
  const stretch = Math.ceil(calls / 20);
  const least: number[] = [];
  let current = Number.POSITIVE_INFINITY;
  for (let index = 1; index <= warmUp + calls; index += 1) {
    const isFault = index % faultEvery === 0;
    figures.wrong.push(...(await (isFault ? failOnce(ground, prey, index) : succeed(prey, index))));
    figures.calls += 1;
    figures.faults += isFault ? 1 : 0;
    if (index === warmUp) Object.assign(figures, { warm: await bytesOf(prey.pid), handles: { warm: await handlesOf(prey.pid), last: 0 } });
    if (index <= warmUp) continue;
    current = Math.min(current, await bytesOf(prey.pid));
    figures.helpers = Math.max(figures.helpers, await helpersOf(prey.pid));
    if ((index - warmUp) % stretch === 0) {
      least.push(current);
      current = Number.POSITIVE_INFINITY;
    }
  }
  figures.last = await bytesOf(prey.pid);
  figures.slope = toSlope(least) / stretch;
  await vi
    .waitFor(
      async () => {
        figures.handles.last = await handlesOf(prey.pid);
        if (figures.handles.last > figures.handles.warm) throw new Error('handles are still open');
      },
      { timeout: 30_000 },
    )
    .catch(() => undefined);
  await prey.close();
  const { torn, lost, parts } = await inspectLeftovers(
    computer,
    ground.sent.filter(({ prompt }) => prompt.startsWith('Soak')),
    ground.sent,
  );
  figures.wrong.push(
    // What a fault sent instead of a picture is kept as it came; what was torn before stays so.
    ...torn.filter((sentence) => !/is not what Google sent|its original is not as recorded|\/(text|torn)\.png is torn/.test(sentence)),
    ...lost.map(({ prompt }) => `lost: ${prompt}`),
    ...prey
      .log()
      .split('\n')
      .filter((line) => line !== ''),
  );
  figures.stray.push(...parts, ...(await readdir(temporary).catch(() => [])));
  return figures;
}

/** The slope of a straight line through values one step apart. */
function toSlope(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const rise = values.reduce((sum, value, index) => sum + (index - middle) * (value - mean), 0);
  return rise / values.reduce((sum, _, index) => sum + (index - middle) ** 2, 0);
}

async function succeed(prey: Prey, index: number): Promise<string[]> {
  const prompt = `Soak ${index}`;
  const ways = [
    ['generate_image', {}],
    ['generate_image', { format: 'webp', width: 200 }],
    ['edit_image', { image: 'last' }],
    ['edit_image', { image: 'photo.png', region: 'left' }],
    ['generate_image', { count: 2 }],
    ['export_image', { images: ['photo.png'], width: 100 + (index % 50), output: `exported-${index}/` }],
  ] as const;
  const [tool, args] = ways[index % ways.length] ?? ways[0];
  const answer = await prey.call(tool, tool === 'export_image' ? args : { prompt, ...args });
  return answer === undefined || (answer.isError && !/"last" could mean any/.test(answer.text))
    ? [`${index} ${tool}: ${answer?.text}`]
    : [];
}

/** Faults of Google's, each for one request. */
const googleFaults = [
  answers.overloaded(),
  answers.reset(),
  answers.refusal('IMAGE_SAFETY'),
  answers.notAnImage(),
  answers.html(502),
  answers.truncatedJson(),
  answers.picture({ width: 256, height: 192, signatureBytes: 400, cut: true }),
];

/** Pictures nobody can use, and arguments nobody can mean. */
const badInputs = [
  { image: 'text.png' },
  { image: 'torn.png' },
  { image: 'nowhere.png' },
  { image: 'photo.png', region: 'nowhere' },
  { image: 'photo.png', count: -3 },
];

async function failOnce(ground: Ground, prey: Prey, index: number): Promise<string[]> {
  const [prompt, turn] = [`Soak fault ${index}`, index / faultEvery];
  if (turn % 3 === 0) return cancelOnce(prey, prompt);
  const fault = googleFaults[Math.floor(turn / 3) % googleFaults.length];
  if (turn % 3 === 1 && fault) ground.google.next(fault);
  const input = badInputs[Math.floor(turn / 3) % badInputs.length];
  const answer: Answer | undefined =
    turn % 3 === 1 ? await prey.call('generate_image', { prompt }) : await prey.call('edit_image', { prompt, ...input });
  if (answer === undefined) return [`${prompt}: the server is gone`];
  return answer.isError && answer.code === 'internal' ? [`${prompt}: ${answer.text}`] : [];
}

async function cancelOnce(prey: Prey, prompt: string): Promise<string[]> {
  const id = prey.send('generate_image', { prompt });
  await prey.cancel(id);
  const again = await prey.call('generate_image', { prompt });
  return again === undefined || again.isError ? [`${prompt}: ${again?.text}`] : [];
}

export function describeSoak({ calls, faults, wrong, slope, warm, last, helpers, handles, stray }: Soak): string {
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  return (
    `${calls} calls, ${faults} with a fault: ${wrong.length} wrong, memory ${megabytes(warm)} warm and ${megabytes(last)} at the end (${(slope / 1000).toFixed(1)} kB a call), ` +
    `helpers at most ${megabytes(helpers)}, ${handles.warm} open handles warm and ${handles.last} at the end, ${stray.length} stray files`
  );
}
