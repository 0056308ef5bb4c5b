import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Contestant, floorName, limnerName, listContestants, openArena } from './contestants.ts';
import { type Figures, type Summary, summarise } from './figures.ts';
import { type MeasureName, type Row, toRows } from './goals.ts';
import { drawGrowth } from './growth-plots.ts';
import { describeMachine, type Machine, readLoad } from './machine.ts';
import type { Bout } from './measures/bout.ts';
import { calledPictures, measureCalls } from './measures/calls.ts';
import { measureGrowth } from './measures/growth.ts';
import { measureInstall } from './measures/install.ts';
import { measureMemory, measureStall } from './measures/peaks.ts';
import { measureStart } from './measures/start.ts';
import { help, type Options, readOptions } from './options.ts';
import { openPicture, type PictureName } from './pictures.ts';
import { toTable } from './table.ts';
import { startUpstream } from './upstream-process.ts';

const bench = join(import.meta.dirname, '..');
const cache = join(bench, '..', 'node_modules', '.cache', 'limner-bench');

const measures: Record<MeasureName, (bout: Bout) => Promise<void>> = {
  start: measureStart,
  calls: measureCalls,
  memory: measureMemory,
  stall: measureStall,
  install: measureInstall,
  growth: measureGrowth,
};

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2), bench);
  if (options === undefined) return print(help);
  const machine = await describeMachine(options.node);
  const contestants = await listContestants(options.config);
  const loadBefore = readLoad();
  const { figures, pictures } = await measure(options, contestants);
  const major = Number(/^v(\d+)/.exec(machine.node)?.[1]);
  const rows = toRows(figures, options.measures, major);
  const load = { before: loadBefore, after: readLoad() };
  const header = describe(options, machine, load, pictures);
  const others = contestants.map(({ name }) => name).slice(3);
  print(`\n${header}\n\n${rows.length > 0 ? toTable(rows, others) : 'No goal belongs to this measure.'}\n`);
  if (options.out !== undefined) {
    const { rounds, latency, signature, small } = options;
    // No path of this machine: the file is there to be published.
    const conditions = { when: new Date().toISOString(), machine, load, rounds, latency, signature, small, pictures };
    const written = { ...conditions, rows: rows.map(toWritten), figures: toPlain(figures) };
    const names = contestants.map(({ name }) => name);
    const caption = `Node ${machine.node}, ${machine.processors} × ${machine.processor}; medians`;
    const files = { [`results-node${major}.json`]: `${JSON.stringify(written, null, 2)}\n`, ...drawGrowth(figures, names, caption) };
    await mkdir(options.out, { recursive: true });
    for (const [name, text] of Object.entries(files)) await writeFile(join(options.out, name), text);
    print(`Written to ${options.out}: ${Object.keys(files).join(', ')}\n`);
  }
  return options.check && rows.some(({ met }) => met === false) ? 1 : 0;
}

async function measure(
  options: Options,
  contestants: readonly Contestant[],
): Promise<{ figures: Figures; pictures: Record<string, number> }> {
  const { rounds, latency, signature, small, node } = options;
  const figures: Figures = new Map();
  const pictures: Record<string, number> = {};
  const upstream = await startUpstream();
  const arena = await openArena(node, upstream.url);
  const picture = async (name: PictureName) => {
    const opened = await openPicture(cache, name, small ? 4 : 1);
    pictures[name] = opened.bytes;
    return opened;
  };
  const serve = async (name: PictureName) => upstream.serve({ picture: await picture(name), latency, signature });
  try {
    // Drawing leaves the machine warm and this process large, so it is done before anything is measured.
    for (const name of calledPictures) await picture(name);
    const say = (line: string) => void process.stderr.write(`${line}\n`);
    for (const name of options.measures) {
      say(name);
      await measures[name]({ contestants, arena, upstream, figures, rounds, small, picture, serve, say });
    }
  } finally {
    await arena.close();
    await upstream.close();
  }
  return { figures, pictures };
}

function describe(options: Options, machine: Machine, load: { before: number; after: number }, pictures: Record<string, number>): string {
  const sizes = calledPictures.map((name) => `${name} ${((pictures[name] ?? 0) / 1e6).toFixed(1)} MB`).join(', ');
  return [
    `${machine.system}, ${machine.processors} × ${machine.processor}, ${machine.memoryGB} GB, Node ${machine.node}; load ${load.before} before, ${load.after} after`,
    `${options.rounds} rounds, ${floorName} and ${limnerName} in turns: median (least–most). Calls are over the upstream's latency of ${options.latency} ms.`,
    `Pictures: ${sizes}; thought signature ${options.signature} characters.`,
    ...(options.small ? ['SMALL PICTURES: this run shows that everything works; its figures mean nothing.'] : []),
  ].join('\n');
}

/** A row as numbers; the values of every round are among the figures. */
function toWritten({ limner, floor, others, ...row }: Row) {
  const toMedian = (summary: Summary | undefined) => summary?.median ?? null;
  const medians = Object.fromEntries(Object.entries(others).map(([name, summary]) => [name, toMedian(summary)]));
  return { ...row, limner: toMedian(limner), floor: toMedian(floor), reached: row.reached ?? null, met: row.met ?? null, others: medians };
}

function toPlain(figures: Figures) {
  const toSummaries = (measured: ReadonlyMap<string, readonly number[]>) =>
    Object.fromEntries([...measured].map(([name, values]) => [name, summarise(values)]));
  return Object.fromEntries([...figures].map(([figure, measured]) => [figure, toSummaries(measured)]));
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
