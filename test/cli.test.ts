import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { openArchive } from '../src/archive/archive.ts';
import { openLedger } from '../src/archive/ledger.ts';
import { type LedgerLine, toDayName } from '../src/archive/ledger-lines.ts';
import { forgetCommand } from '../src/cli/forget.ts';
import { historyCommand } from '../src/cli/history.ts';
import { loadConfig } from '../src/config.ts';
import { built, type Computer, withKey } from './fixtures.ts';
import { answers } from './google/index.ts';
import { arrived, held, runCli, small, test } from './raw.ts';

const entry = z.strictObject({
  id: z.string().nullable(),
  at: z.iso.datetime(),
  tool: z.string(),
  backend: z.string(),
  model: z.string(),
  prompt: z.string().nullable(),
  parents: z.array(z.string()),
  dollars: z.number().nullable(),
  estimated: z.boolean(),
  file: z.string().nullable(),
  goneFile: z.string().nullable(),
  original: z.string().nullable(),
  unclaimed: z.boolean(),
  maybeBilled: z.boolean(),
  shotOf: z.string().nullable(),
});

const sum = { dollars: z.number(), maybeBilled: z.number(), running: z.number(), unknown: z.int(), pictures: z.int() };
const spending = z.strictObject({
  budgetPerDay: z.number().nullable(),
  today: z.strictObject(sum),
  month: z.strictObject(sum),
  allTime: z.strictObject(sum),
  days: z.array(z.strictObject({ day: z.string(), ...sum })),
  models: z.array(z.strictObject({ model: z.string(), ...sum })),
});

/** Runs a command that has to go well; its output. */
async function readOutput(computer: Computer, args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { code, stdout, stderr } = await runCli(computer, args, env);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

const readHistory = async (computer: Computer, ...args: string[]) =>
  z.array(entry).parse(JSON.parse(await readOutput(computer, ['history', '--json', ...args])));
const readSpending = async (computer: Computer, env: Record<string, string> = {}) =>
  spending.parse(JSON.parse(await readOutput(computer, ['spend', '--json'], env)));

/** Runs a command as in a terminal of this width, with a person who gives this answer. */
async function runInTerminal(
  command: typeof historyCommand,
  computer: Computer,
  args: string[],
  { columns = 80, answer = false, env = {} }: { columns?: number; answer?: boolean; env?: Record<string, string> } = {},
) {
  const { project: cwd, home, state } = computer;
  const [lines, errors, questions]: [string[], string[], string[]] = [[], [], []];
  const code = await command(args, {
    config: loadConfig({ env: { ...computer.env, ...env }, userFile: undefined, cwd, cwdWritable: true, home, platform: 'linux' }),
    cwd,
    server: { command: process.execPath, args: [built], cwd, env: computer.env },
    archive: openArchive(state, 2e9),
    ledger: openLedger(state, 'here'),
    print: (line) => void lines.push(...line.split('\n')),
    printError: (line) => void errors.push(line),
    columns,
    async ask(question) {
      questions.push(question);
      return answer;
    },
    askText: () => undefined,
    readInput: async () => '',
  });
  return { code, lines, errors: errors.join('\n'), questions };
}

interface Made {
  /** Sixteen letters; the picture, its call and its request go by them. */
  name: string;
  hoursAgo?: number;
  prompt?: string;
  model?: string;
  backend?: 'gemini' | 'standin';
  /** What was set aside, and what it came to. */
  most?: number | null;
  dollars?: number | null;
  limit?: number;
  /** How far it got; `answered` unless told. */
  end?: 'running' | 'lost' | 'failed' | 'maybe billed' | 'arrived' | 'answered';
  /** Path of the delivered file; absent: never delivered. */
  file?: string;
  /** Text of the record instead of a good one. */
  record?: string;
}

const idOf = (name: string) => `img_${name}`;
const toTime = (hoursAgo: number) => new Date(Date.now() - hoursAgo * 3_600_000);

/** Noon `days` before today: far from midnight, wherever the test runs. */
function hoursToNoon(days: number): number {
  const noon = new Date();
  noon.setHours(12, 0, 0, 0);
  noon.setDate(noon.getDate() - days);
  return (Date.now() - noon.getTime()) / 3_600_000;
}

/** Writes what a server would leave behind of one request. */
async function leave(computer: Computer, made: Made): Promise<void> {
  const { name, hoursAgo = 0, end = 'answered' } = made;
  const at = toTime(hoursAgo).toISOString();
  await mkdir(join(computer.state, 'ledger'), { recursive: true });
  const path = join(computer.state, 'ledger', `${toDayName(toTime(hoursAgo))}.jsonl`);
  await writeFile(
    path,
    toLines(made, at, computer)
      .map((line) => `${JSON.stringify(line)}\n`)
      .join(''),
    { flag: 'a' },
  );
  if (end !== 'arrived' && end !== 'answered' && end !== 'running') return;
  const images = join(computer.state, 'images');
  await mkdir(images, { recursive: true });
  await writeFile(join(images, `${idOf(name)}.jpg`), Buffer.alloc(10_000));
  await writeFile(join(images, `${idOf(name)}.json`), made.record ?? JSON.stringify(toRecord(made, at, computer)));
}

function toLines(
  { name, model, backend, most = 0.05, dollars = 0.04, limit, end = 'answered', file }: Made,
  at: string,
  computer: Computer,
) {
  const [image, stamp, request] = [idOf(name), { at, call: `call_${name}` }, `req_${name}`];
  const until = toTime(end === 'running' ? -1 : 1).toISOString();
  const process = { folder: computer.project, pid: 1, host: 'elsewhere', until };
  const of = { tool: 'generate_image', backend: backend ?? 'gemini', model: model ?? 'gemini-nano-banana-2.1' };
  const lines: LedgerLine[] = [
    { ...stamp, event: 'sent', request, image, key: name, ...of, ...process, dollars: most, ...(limit !== undefined && { limit }) },
  ];
  if (end === 'failed') lines.push({ ...stamp, event: 'failed', request, dollars: 0, maybeBilled: false });
  if (end === 'maybe billed') lines.push({ ...stamp, event: 'failed', request, dollars: most, maybeBilled: true });
  if (end === 'arrived' || end === 'answered') lines.push({ ...stamp, event: 'arrived', request, images: [image], dollars });
  if (end === 'answered') {
    lines.push({ ...stamp, event: 'finished', unclaimed: false, files: [{ id: image, path: file ?? '/nowhere.jpg' }] });
    lines.push({ ...stamp, event: 'answered', told: [] });
  }
  return lines;
}

function toRecord({ name, prompt = 'A red fox', model, backend, dollars = 0.04, file }: Made, at: string, { project, state }: Computer) {
  const facts = { bytes: 10_000, sha256: 'a'.repeat(64) };
  return {
    ...{ id: idOf(name), call: `call_${name}`, number: 1, at, tool: 'generate_image', backend: backend ?? 'gemini' },
    ...{ model: model ?? 'gemini-nano-banana-2.1', prompt, parents: [], inputs: [], folder: project, plan: {}, finish: {} },
    original: { path: join(state, 'images', `${idOf(name)}.jpg`), ...facts },
    ...(file !== undefined && { delivered: { path: file, ...facts, format: 'jpeg', width: 32, height: 32 } }),
    ...{ differences: [], warnings: [], ...(dollars !== null && { dollars }), estimated: false, text: '', sources: [], searches: 0 },
  };
}

const [one, two, three, four] = ['aaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbb', 'cccccccccccccccc', 'dddddddddddddddd'];
const originalOf = ({ state }: Computer, name: string) => join(state, 'images', `${idOf(name)}.jpg`);
const listState = async ({ state }: Computer, folder: string) => (await readdir(join(state, folder)).catch(() => [])).sort();

describe('limner history', () => {
  test('is friendly when there is nothing', async ({ computer }) => {
    expect(await readOutput(computer, ['history'])).toBe(`The archive is empty; what limner makes is kept in ${computer.state}.\n`);
    expect(await readHistory(computer)).toEqual([]);
  });

  test('lists what a server made, newest first, for people and for programs', async ({ computer, google, limner }) => {
    google.always(answers.picture(small));
    const fox = await limner.call('generate_image', { prompt: 'A red fox in the snow' });
    const winter = await limner.call('edit_image', { prompt: 'Make it night', image: fox.file.path });
    const [second, first, ...others] = await readHistory(computer);
    expect(others).toEqual([]);
    expect(first).toMatchObject({
      id: fox.file.id,
      tool: 'generate_image',
      prompt: 'A red fox in the snow',
      parents: [],
      file: fox.file.path,
    });
    expect(second).toMatchObject({ id: winter.file.id, tool: 'edit_image', prompt: 'Make it night', parents: [fox.file.id] });
    expect(first).toMatchObject({ backend: 'gemini', original: fox.file.original, unclaimed: false, maybeBilled: false });
    expect([first?.dollars, second?.dollars]).toEqual([fox.facts.cost.dollars, winter.facts.cost.dollars]);

    const lines = (await readOutput(computer, ['history'])).split('\n').slice(0, -1);
    expect(lines.map((line) => line.split('\t').slice(1, 4))).toEqual([
      [winter.file.id, 'edit_image', 'Make it night'],
      [fox.file.id, 'generate_image', 'A red fox in the snow'],
    ]);
    expect(lines[1]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d\t/);
    expect(lines[1]?.split('\t').slice(5)).toEqual([expect.stringMatching(/^\$0\.0\d\d$/), fox.file.path, '']);
    expect(await readHistory(computer, '-n', '1')).toMatchObject([{ id: winter.file.id }]);
  });

  test('lists what was made while its host was killed: the unclaimed picture and the request nobody knows the end of', async ({
    computer,
    google,
    raw,
  }) => {
    const server = raw(withKey(google));
    await server.initialize();
    const later = held();
    google.next(answers.picture(small));
    const fox = await server.call('generate_image', { prompt: 'A red fox' });
    google.next(later.answer);
    server.send({ id: 'lost', method: 'tools/call', params: { name: 'generate_image', arguments: { prompt: 'A blue fox' } } });
    await arrived(google, 2);
    expect(await readHistory(computer)).toMatchObject([{ id: fox.file.id }]);
    server.kill('SIGKILL');
    await server.exit;
    later.release();
    const [lost, ...others] = await readHistory(computer);
    expect(lost).toMatchObject({ id: null, prompt: null, file: null, original: null, tool: 'generate_image', maybeBilled: true });
    expect(lost?.dollars).toBeGreaterThan(0);
    expect(others).toMatchObject([{ id: fox.file.id, maybeBilled: false }]);
    const [line] = (await readOutput(computer, ['history'])).split('\n');
    expect(line?.split('\t').slice(1, 3)).toEqual(['', 'generate_image']);
    expect(line).toMatch(/\tmaybe billed$/);
  });

  test('says where a picture is that was not delivered or whose file is gone', async ({ computer }) => {
    const gone = join(computer.project, 'gone.jpg');
    const there = await computer.write('there.jpg', 'a picture');
    await leave(computer, { name: one, hoursAgo: 1, file: there });
    await leave(computer, { name: two, hoursAgo: 2, file: gone });
    await leave(computer, { name: three, hoursAgo: 3, end: 'arrived' });
    await leave(computer, { name: four, hoursAgo: 4, file: gone });
    await rm(originalOf(computer, four));
    expect(await readHistory(computer)).toMatchObject([
      { id: idOf(one), file: there, goneFile: null, original: originalOf(computer, one), unclaimed: false },
      { id: idOf(two), file: null, goneFile: gone, original: originalOf(computer, two), unclaimed: false },
      { id: idOf(three), file: null, goneFile: null, original: originalOf(computer, three), unclaimed: true },
      { id: idOf(four), file: null, goneFile: gone, original: null },
    ]);
    const notes = (await readOutput(computer, ['history'])).split('\n').map((line) => line.split('\t').slice(6));
    expect(notes.slice(0, 4)).toEqual([
      [there, ''],
      [originalOf(computer, two), `gone: ${gone}, this is the original`],
      [originalOf(computer, three), 'unclaimed; never delivered, this is the original'],
      ['', `gone: ${gone}, original gone`],
    ]);
  });

  test('lists a picture whose record is damaged, and is not put off by damaged lines and strange files', async ({ computer }) => {
    const delivered = await computer.write('fox.jpg', 'a picture');
    await leave(computer, { name: one, hoursAgo: 1, record: '{"id": "img_', file: delivered });
    await leave(computer, { name: two, hoursAgo: 2 });
    const day = join(computer.state, 'ledger', `${toDayName(toTime(1))}.jsonl`);
    await writeFile(day, 'no line of ours\n{"event":"sent"}\n\u0000\n{"event":"arrived","torn', { flag: 'a' });
    await writeFile(join(computer.state, 'ledger', 'notes.txt'), 'hello');
    await writeFile(join(computer.state, 'images', 'holiday.json'), '{}');
    expect(await readHistory(computer)).toMatchObject([
      { id: idOf(one), prompt: null, dollars: 0.04, file: delivered, original: originalOf(computer, one) },
      { id: idOf(two), prompt: 'A red fox' },
    ]);
  });

  test('leaves out what is running, what failed for free, and what stand-ins did not draw', async ({ computer }) => {
    await leave(computer, { name: one, end: 'running' });
    await leave(computer, { name: two, end: 'failed' });
    await leave(computer, { name: three, end: 'lost', backend: 'standin', most: 0 });
    await leave(computer, { name: four, end: 'maybe billed', most: null, model: 'gemini-9' });
    expect(await readHistory(computer)).toMatchObject([{ id: null, maybeBilled: true, dollars: null, model: 'gemini-9' }]);
  });

  test('shows words of others so that they steer no terminal, and hands them to programs as they are', async ({ computer }) => {
    const prompt = 'A fox\u001b]0;owned\u0007\u001b[2J\r\n\tjumps \u202eback\u009b1m';
    const file = await computer.write('fo\u001b[31mx\n.jpg', 'a picture');
    await leave(computer, { name: one, prompt, file, model: 'evil\u001b[2J' });
    const outputs = [await readOutput(computer, ['history']), await readOutput(computer, ['history', '--json'])];
    outputs.push((await runInTerminal(historyCommand, computer, [])).lines.join('\n'));
    for (const output of outputs) expect(output).not.toMatch(/(?![\n\t])[\p{Cc}\p{Cf}]/u);
    expect(outputs[0]?.trimEnd().split('\n')).toHaveLength(1);
    expect(outputs[2]).toContain('generate: A fox jumps back');
    expect(await readHistory(computer)).toMatchObject([{ prompt, file }]);
  });

  test('fits a terminal of 80 columns, aligned, with ids and paths whole', async ({ computer }) => {
    const fox = await computer.write('generated-images/fox.jpg', 'a picture');
    await leave(computer, { name: one, hoursAgo: 1, prompt: 'A fox that jumps over lazy dogs '.repeat(9), file: fox });
    await leave(computer, {
      name: two,
      hoursAgo: 2,
      prompt: '青い海と白い灯台、夕暮れの空に浮かぶ雲、油絵、太い筆使い、かもめ',
      file: fox,
      dollars: 12,
    });
    await leave(computer, {
      name: three,
      hoursAgo: 3,
      model: 'gemini-9-super-image-preview',
      dollars: null,
      file: join(computer.home, 'x.png'),
    });
    await leave(computer, { name: four, hoursAgo: 4, end: 'maybe billed' });
    const { code, lines } = await runInTerminal(historyCommand, computer, []);
    expect(code).toBe(0);
    expect(lines).toEqual([
      'When / id               What / file                    Model                Cost',
      expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d {8}generate: A fox that jumps o… {2}flash {14}\$0\.040$/),
      `  ${idOf(one)}  generated-images/fox.jpg`,
      expect.stringMatching(/ {8}generate: 青い海と白い灯台、… {2}flash {14}\$12\.00$/),
      `  ${idOf(two)}  generated-images/fox.jpg`,
      expect.stringMatching(/ {8}generate: A red fox {12}gemini-9-super-… {2}unknown$/),
      `  ${idOf(three)}  ~/x.png (gone)`,
      `                        original: ${originalOf(computer, three)}`,
      expect.stringMatching(/ {8}generate: no picture came {6}flash {14}\$0\.050$/),
      '  maybe billed          it was sent, and Google may have billed it',
    ]);
    const some = await runInTerminal(historyCommand, computer, ['-n', '1'], { columns: 400 });
    expect(some.lines[1]).toContain('A fox that jumps over lazy dogs '.repeat(9).trim());
    expect(some.lines.slice(3)).toEqual(['', '1 of 4; all of them: limner history -n 4']);
  });
});

describe('limner spend', () => {
  test('says so when nothing was spent, and what may be', async ({ computer }) => {
    expect(await readOutput(computer, ['spend'])).toBe('Nothing has been spent yet.\n');
    await leave(computer, { name: one, backend: 'standin', most: 0, dollars: 0 });
    const env = { LIMNER_BUDGET_USD_PER_DAY: '2' };
    expect(await readOutput(computer, ['spend'], env)).toBe('Nothing has been spent yet. Budget: $0 of $2.00 today.\n');
    expect(await readSpending(computer)).toMatchObject({ budgetPerDay: null, today: { dollars: 0, pictures: 0 }, days: [], models: [] });
  });

  test('comes to what the pictures cost', async ({ computer, google, limner }) => {
    google.always(answers.picture(small));
    const both = await limner.call('generate_image', { prompt: 'A red fox', count: 2 });
    const { today, month, allTime, days, models } = await readSpending(computer);
    const cost = both.facts.cost.dollars ?? 0;
    expect(today).toEqual({ dollars: expect.closeTo(cost, 5), maybeBilled: 0, running: 0, unknown: 0, pictures: 2 });
    expect([month, allTime]).toEqual([today, today]);
    expect(days).toEqual([{ day: toDayName(new Date()), ...today }]);
    expect(models).toEqual([{ model: both.facts.model, ...today }]);
  });

  test('counts in full what may have been billed and what is under way, and not what was refused or failed', async ({ computer }) => {
    const hoursAgo = hoursToNoon(0);
    await leave(computer, { name: one, hoursAgo, dollars: 0.25, limit: 2 });
    await leave(computer, { name: two, hoursAgo, end: 'lost', most: 0.05, limit: 2 });
    await leave(computer, { name: three, hoursAgo, end: 'maybe billed', most: 0.06, limit: 2 });
    await leave(computer, { name: four, hoursAgo, end: 'running', most: 0.07, limit: 2 });
    await leave(computer, { name: 'eeeeeeeeeeeeeeee', hoursAgo, end: 'failed', most: 0.9, limit: 2 });
    await leave(computer, { name: 'ffffffffffffffff', hoursAgo, end: 'lost', most: 1.8, limit: 2 });
    const { today } = await readSpending(computer);
    expect(today).toEqual({ dollars: 0.43, maybeBilled: 0.11, running: 0.07, unknown: 0, pictures: 1 });
    const output = await readOutput(computer, ['spend'], { LIMNER_BUDGET_USD_PER_DAY: '2' });
    expect(output).toContain('Budget: $0.43 of $2.00 today.');
    expect(output).toContain('$0.070 of today');
    expect(output).not.toContain('Unknown price');
  });

  test('adds up days, months and models, newest and dearest first, in aligned columns', async ({ computer }) => {
    await leave(computer, { name: one, hoursAgo: hoursToNoon(0), dollars: 0.4 });
    await leave(computer, { name: two, hoursAgo: hoursToNoon(400), dollars: 12, model: 'gemini-3-pro-image' });
    await leave(computer, { name: three, hoursAgo: hoursToNoon(401), most: null, dollars: null, model: 'gemini-9' });
    const [today, earlier, unknown] = [0, 400, 401].map((days) => toDayName(toTime(hoursToNoon(days))));
    expect(await readOutput(computer, ['spend'])).toBe(
      [
        '             Spent  Unknown price  Pictures',
        'Today        $0.40              0         1',
        'This month   $0.40              0         1',
        'All time    $12.40              1         3',
        '',
        '1 request went to a model whose price limner does not know; LIMNER_PRICE_USD_PER_IMAGE can say it.',
        '',
        'Day          Spent  Unknown price  Pictures',
        `${today}   $0.40              0         1`,
        `${earlier}  $12.00              0         1`,
        `${unknown}      $0              1         1`,
        '',
        'Model                    Spent  Unknown price  Pictures',
        'gemini-3-pro-image      $12.00              0         1',
        'gemini-nano-banana-2.1   $0.40              0         1',
        'gemini-9                    $0              1         1',
        '',
      ].join('\n'),
    );
  });

  test('shows what may have been billed apart, and no more than 30 days', async ({ computer }) => {
    for (const day of Array.from({ length: 32 }, (_, index) => index)) {
      const name = `${'a'.repeat(14)}${String.fromCharCode(97 + Math.floor(day / 26))}${String.fromCharCode(97 + (day % 26))}`;
      await leave(computer, { name, hoursAgo: hoursToNoon(day), end: day === 1 ? 'maybe billed' : 'answered', most: 0.5, dollars: 0.5 });
    }
    const lines = (await readOutput(computer, ['spend'])).split('\n');
    expect(lines[0]).toBe('             Spent  of which maybe billed  Pictures');
    expect(lines[3]).toBe('All time    $16.00                  $0.50        31');
    expect(lines.filter((line) => /^\d{4}-/.test(line))).toHaveLength(30);
    expect((await readSpending(computer)).days).toHaveLength(32);
  });
});

describe('limner forget', () => {
  test('removes a picture of a server after all of it was refused without a person to ask', async ({ computer, google, limner }) => {
    google.always(answers.picture(small));
    const fox = await limner.call('generate_image', { prompt: 'A red fox' });
    const cat = await limner.call('generate_image', { prompt: 'A black cat' });
    const before = await Promise.all(['images', 'turns'].map((folder) => listState(computer, folder)));
    const refused = await runCli(computer, ['forget', fox.file.id]);
    expect(refused).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('add --yes') });
    expect(await Promise.all(['images', 'turns'].map((folder) => listState(computer, folder)))).toEqual(before);

    const spent = await readOutput(computer, ['spend']);
    expect(await readOutput(computer, ['forget', fox.file.id, '--yes'])).toMatch(
      /^1 picture removed; [\d.]+ (kB|MB) became free\.\nWhat was spent stays in the ledger/,
    );
    expect((await listState(computer, 'images')).filter((name) => name.includes(fox.file.id))).toEqual([]);
    expect((await listState(computer, 'turns')).filter((name) => name.includes(fox.file.id))).toEqual([]);
    expect((await listState(computer, 'images')).filter((name) => name.includes(cat.file.id))).toHaveLength(2);
    expect((await readFile(fox.file.path)).length).toBe(fox.file.bytes);
    expect(await readHistory(computer)).toMatchObject([{ id: cat.file.id }]);
    expect(await readOutput(computer, ['spend'])).toBe(spent);
  });

  test('asks, saying what would be lost, and keeps everything when the person says no', async ({ computer }) => {
    await leave(computer, { name: one, file: await computer.write('fox.jpg', 'a picture') });
    await leave(computer, { name: two, file: join(computer.project, 'gone.jpg') });
    await leave(computer, { name: three, end: 'arrived' });
    await mkdir(join(computer.state, 'replaced'), { recursive: true });
    await writeFile(join(computer.state, 'replaced', '0123456789ab-fox.jpg'), Buffer.alloc(7000));
    const before = await listState(computer, 'images');
    const no = await runInTerminal(forgetCommand, computer, ['--all']);
    expect(no).toMatchObject({ code: 1, lines: ['Nothing was removed.'] });
    expect(no.questions.map((question) => question.replace(/, 3\d kB/, ', 3x kB'))).toEqual([
      [
        '3 pictures, 3x kB',
        '  1 unclaimed: no caller got an answer with them',
        '  1 never delivered: there is no other copy',
        '  1 whose delivered file is gone: there is no other copy',
        'Delivered files are not touched.',
        "Remove them and all copies of replaced files (7 kB) from limner's archive?",
      ].join('\n'),
    ]);
    expect(await listState(computer, 'images')).toEqual(before);
    const yes = await runInTerminal(forgetCommand, computer, [idOf(one), idOf(one)], { answer: true });
    expect(yes.questions).toEqual(["1 picture, 11 kB\nDelivered files are not touched.\nRemove it from limner's archive?"]);
    expect(yes).toMatchObject({ code: 0, lines: [expect.stringMatching(/^1 picture removed; 1\d kB became free/), expect.anything()] });
    expect((await listState(computer, 'images')).filter((name) => name.includes(one))).toEqual([]);
  });

  test('removes nothing when one of the ids is not known', async ({ computer }) => {
    await leave(computer, { name: one });
    const { code, stdout, stderr } = await runCli(computer, ['forget', '-y', idOf(one), 'img_typo', 'last']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('"img_typo", "last"');
    expect(stderr).toContain('Nothing was removed.');
    expect(stderr).not.toContain(one);
    expect(await readHistory(computer)).toHaveLength(1);
  });

  test('removes nothing while it is not sure which archive is meant', async ({ computer }) => {
    await leave(computer, { name: one });
    const { code, stderr } = await runCli(computer, ['forget', '--all', '--yes'], { LIMNER_BACKEND: 'painter' });
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('LIMNER_BACKEND is "painter"') });
    expect(await readHistory(computer)).toHaveLength(1);
  });

  test('--older-than removes what is older, not what is on its way', async ({ computer }) => {
    await leave(computer, { name: one, hoursAgo: 13 });
    await leave(computer, { name: two, hoursAgo: 11 });
    await leave(computer, { name: three, hoursAgo: 14, end: 'running' });
    expect(await readOutput(computer, ['forget', '--older-than', '1w', '--yes'])).toBe('There is nothing to remove.\n');
    expect(await readOutput(computer, ['forget', '--older-than', '12h', '--yes'])).toContain('1 picture removed');
    expect(await listState(computer, 'images')).toEqual([two, three].flatMap((name) => [`${idOf(name)}.jpg`, `${idOf(name)}.json`]));
  });

  test('--all removes damaged records and copies of replaced files too, and nothing outside', async ({ computer }) => {
    await leave(computer, { name: one, record: 'torn' });
    await leave(computer, { name: two });
    await leave(computer, { name: three, end: 'running' });
    const lines = toLines({ name: four }, toTime(0).toISOString(), computer).map((line) =>
      line.event === 'arrived' ? { ...line, images: ['../outside'] } : line,
    );
    await writeFile(
      join(computer.state, 'ledger', `${toDayName(new Date())}.jsonl`),
      lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
      {
        flag: 'a',
      },
    );
    await writeFile(join(computer.state, 'outside.jpg'), 'not a picture of the archive');
    await mkdir(join(computer.state, 'replaced'));
    await writeFile(join(computer.state, 'replaced', '0123456789ab-old.png'), Buffer.alloc(5_000_000));
    expect(await readOutput(computer, ['forget', '--all', '--yes'])).toMatch(
      /^2 pictures and all copies of replaced files removed; 5\.0 MB became free/,
    );
    expect(await listState(computer, 'images')).toEqual([`${idOf(three)}.jpg`, `${idOf(three)}.json`]);
    expect(await listState(computer, 'replaced')).toEqual([]);
    expect(await readdir(computer.state)).toContain('outside.jpg');
  });
});

describe('arguments', () => {
  test.for(['history', 'spend', 'forget'])('%s --help prints how it is used', async (command, { computer }) => {
    const output = await readOutput(computer, [command, '--help']);
    expect(output).toContain(`Usage: limner ${command}`);
    expect(Math.max(...output.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  test.for([
    ['history --foo', "Unknown option '--foo'."],
    ['history fox', "Unexpected argument 'fox'."],
    ['history -n 0', '--limit is "0"; it must be a whole number from 1'],
    ['history --limit=ten', '--limit is "ten"'],
    ['spend yesterday', "Unexpected argument 'yesterday'."],
    ['forget', 'forget what?'],
    ['forget --all --older-than 9d', 'use one of them'],
    ['forget img_aaaaaaaaaaaaaaaa --all', 'use one of them'],
    ['forget --older-than 3m', 'minutes or months'],
    ['forget --older-than soon', 'write 12h, 90d or 4w'],
    ['forget --older-than 90', 'write 12h, 90d or 4w'],
    ['forget --older-than=-1d', 'write 12h, 90d or 4w'],
  ] as const)('%s is refused with exit code 2, the reason and the usage', async ([line, reason], { computer }) => {
    const [command = '', ...args] = line.split(' ');
    const { code, stdout, stderr } = await runCli(computer, [command, ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(reason);
    expect(stderr).toContain(`Usage: limner ${command}`);
    expect(stderr).not.toContain('    at ');
  });
});
