import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DOMParser } from '@xmldom/xmldom';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { bareName, floorName, limnerName } from '../bench/contestants.ts';
import { type Figures, note, summarise } from '../bench/figures.ts';
import { listGoals, measureNames, toRows } from '../bench/goals.ts';
import { drawGrowth } from '../bench/growth-plots.ts';
import { toTable } from '../bench/table.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');
const runBench = (...args: string[]) => run(process.execPath, [join(root, 'bench', 'dist', 'main.js'), ...args]);

const summary = z.object({ median: z.number(), min: z.number(), max: z.number(), values: z.array(z.number()) });
const results = z.object({
  machine: z.object({ node: z.string(), processors: z.number() }),
  pictures: z.record(z.string(), z.number()),
  rows: z.array(
    z.object({
      title: z.string(),
      floor: z.number().nullable(),
      limner: z.number().nullable(),
      reached: z.number().nullable(),
      met: z.boolean().nullable(),
    }),
  ),
  figures: z.record(z.string(), z.record(z.string(), summary)),
});

let out: string;

beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), 'limner-test-bench-'));
  await run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', join(root, 'bench')]);
});

afterAll(() => rm(out, { recursive: true, force: true }));

test('a tiny run prints a row for every goal of its measures, and writes the same as JSON', { timeout: 240_000 }, async () => {
  const measures = ['start', 'calls', 'memory', 'stall'] as const;
  const { stdout } = await runBench('--small', '--rounds', '1', '--latency', '5', '--only', measures.join(','), '--out', out);
  const [file = ''] = await readdir(out);
  expect(file).toBe(`results-node${process.versions.node.split('.')[0]}.json`);
  const { rows, figures, machine, pictures } = results.parse(JSON.parse(await readFile(join(out, file), 'utf8')));
  const goals = listGoals(20).filter(({ measure }) => measures.some((name) => name === measure));
  expect(rows.map(({ title }) => title)).toEqual(goals.map(({ title }) => title));
  for (const { title } of goals) expect(stdout).toContain(`| ${title} `);
  expect(machine.node).toBe(process.version);
  expect(stdout).toContain(machine.node);
  expect(Object.values(pictures).every((bytes) => bytes > 1000)).toBe(true);
  // Only Linux tells how much memory a process takes.
  const isTold = (title: string) => process.platform === 'linux' || !/memory/.test(title);
  expect(rows.filter(({ title, floor, limner, met }) => isTold(title) && (floor === null || limner === null || met === null))).toEqual([]);
  expect(Object.keys(figures['call 4k-png'] ?? {})).toEqual([floorName, limnerName, bareName]);
  expect(figures.start?.[floorName]?.values).toHaveLength(1);
});

test('another server has a column of its own, and --check ends with 1 exactly when a goal is missed', async () => {
  const config = join(out, 'servers.json');
  const { servers } = z
    .object({ servers: z.array(z.looseObject({ args: z.array(z.string()) })) })
    .parse(JSON.parse(await readFile(join(root, 'bench', 'servers.example.json'), 'utf8')));
  const another = servers.map((server) => ({ ...server, name: 'another', args: [join(root, 'bench', 'dist', 'floor.js')] }));
  await writeFile(config, JSON.stringify({ servers: another }));
  const args = ['--small', '--rounds', '1', '--only', 'start', '--config', config, '--check'];
  const { code, stdout } = await runBench(...args).then(
    (done) => ({ code: 0, ...done }),
    (error: unknown) => z.object({ code: z.number(), stdout: z.string() }).parse(error),
  );
  expect(stdout).toMatch(/\| met +\| another +\|\n/);
  expect(stdout).toMatch(/^\| spawn .*\| \d+(\.\d)? ms +\|$/m);
  expect(code).toBe(stdout.includes('| NO') ? 1 : 0);
});

test('a goal is met up to its number, missed beyond it, and not measured without figures', () => {
  const figures: Figures = new Map();
  for (const value of [90, 100, 110]) note(figures, 'start', floorName, value);
  for (const value of [240, 250, 251]) note(figures, 'start', limnerName, value);
  for (const [name, value] of [
    [floorName, 20],
    [limnerName, 66],
    [bareName, 22],
  ] as const)
    note(figures, 'call 1k-jpeg', name, value);
  note(figures, 'stall 4k-jpeg', limnerName, 40.1);
  const rows = new Map(toRows(figures, measureNames, 20).map((row) => [row.title, row]));
  const of = (title: string) => [rows.get(title)?.reached, rows.get(title)?.met];
  expect(of('spawn → `initialize` answered')).toEqual([2.5, true]);
  expect(of('1K JPEG, with preview')).toEqual([46, false]);
  expect(of('1K JPEG, no preview')).toEqual([1.1, true]);
  expect(of('longest stall, eight 4K JPEG')).toEqual([40.1, false]);
  expect(of('memory after `initialize`')).toEqual([undefined, undefined]);
  expect(toRows(figures, ['start'], 24)[0]?.met).toBe(false);
  const table = toTable([...rows.values()], []);
  expect(table).toMatch(/spawn.* 100 ms \(90–110\) .* 250 ms \(240–251\) .* 2\.50 × .* ≤ 2\.50 × .* yes/);
  expect(table).toMatch(/1K JPEG, with preview .* floor \+ 46 ms .* ≤ floor \+ 45 ms .* NO/);
  expect(table).toMatch(/memory after .* not measured/);
});

test('the median of an even count is the mean of the middle two', () => {
  expect(summarise([4, 1, 3, 2])).toEqual({ median: 2.5, min: 1, max: 4, values: [4, 1, 3, 2] });
  expect(summarise([])).toBeUndefined();
});

test('the plots of growth are SVG with a curve for each server in each panel, drawn for light and for dark', () => {
  const figures: Figures = new Map();
  for (const [step, name] of [1, 64].flatMap((count) => [floorName, limnerName].map((server) => [count, server] as const))) {
    note(figures, `growth calls ${step} ms`, name, 20 * step);
    note(figures, `growth calls ${step} MB`, name, 60 + step);
  }
  const plots = drawGrowth(figures, [floorName, limnerName], 'Node <20>');
  expect(Object.keys(plots)).toEqual(['growth-calls.svg']);
  const svg = plots['growth-calls.svg'] ?? '';
  const drawn = new DOMParser().parseFromString(svg, 'image/svg+xml');
  const curves = [...drawn.getElementsByTagName('path')].filter((path) => /^M.*L/.test(path.getAttribute('d') ?? ''));
  expect(curves).toHaveLength(4);
  expect([...drawn.getElementsByTagName('text')].map((text) => text.textContent)).toEqual(
    expect.arrayContaining(['Node <20>', floorName, limnerName, '64']),
  );
  expect(svg).toContain('prefers-color-scheme:dark');
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
});

test('an option that is none is refused in one sentence', async () => {
  const [wrong, none] = await Promise.all([runBench('--only', 'speed').catch(String), runBench('--rounds', '0').catch(String)]);
  expect(wrong).toMatch(/--only takes start, calls, memory, stall, install, growth, joined by commas, not "speed"\./);
  expect(none).toMatch(/--rounds takes a whole number from 1 on, not "0"\./);
});
