import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { test as base, type Limner, type StartOptions, withKey } from './fixtures.ts';
import { answers, type Google } from './google/index.ts';
import { jsonReply } from './google/reply.ts';
import { startCli } from './raw.ts';
import { connect, makeToken, startTeam, tokensOf } from './team.ts';

const batchFacts = z.looseObject({
  id: z.string().nullable(),
  saved: z.number().default(0),
  failed: z.number().default(0),
  sent: z.number().default(0),
  waiting: z.number().default(0),
  isOver: z.boolean().default(false),
  files: z.array(z.string()).default([]),
  failures: z.array(z.string()).default([]),
  index: z.strictObject({ json: z.string(), html: z.string() }).nullable().default(null),
  refusal: z.string().nullable().default(null),
});

const result = z.object({
  isError: z.boolean().default(false),
  content: z.tuple([z.strictObject({ type: z.literal('text'), text: z.string() })]),
  _meta: z.looseObject({
    'limner/batch': batchFacts.optional(),
    'limner/result': z.object({ error: z.object({ code: z.string() }) }).optional(),
  }),
});

interface Told {
  isError: boolean;
  text: string;
  code: string | undefined;
  batch: z.infer<typeof batchFacts> | undefined;
}

async function call({ client }: Limner, name: string, args: Record<string, unknown> = {}): Promise<Told> {
  const { isError, content, _meta } = result.parse(await client.callTool({ name, arguments: args }));
  return { isError, text: content[0].text, code: _meta['limner/result']?.error.code, batch: _meta['limner/batch'] };
}

const test = base.extend<{ serve: (env?: Record<string, string>, options?: StartOptions) => Promise<Limner> }>({
  serve: async ({ start, google }, use) =>
    use((env = {}, options = {}) => start({ ...options, env: { ...withKey(google), LIMNER_TOOLS: 'batch', ...env } })),
});

const lines = (jobs: readonly object[]) => jobs.map((job) => `${JSON.stringify(job)}\n`).join('');
const small = answers.picture({ width: 64, height: 64, signatureBytes: 200 });

/** Google is still at work when it is looked at so often, and done the next time. */
function finishAfter({ batches }: Google, looks: number): void {
  batches.decide = () => ({ state: 'SUCCEEDED', looks, item: () => small });
}

describe('the list', () => {
  /** What every host digests, and nothing else. */
  const field = z.union([
    z.strictObject({ type: z.enum(['string', 'boolean']), description: z.string().min(1) }),
    z.strictObject({ type: z.literal('array'), description: z.string().min(1), items: z.strictObject({ type: z.literal('string') }) }),
  ]);
  const schema = z.strictObject({ type: z.literal('object'), properties: z.record(z.string(), field) });

  test('has them with the setting alone, flat and within 3,000 tokens', async ({ serve, start }) => {
    const [plain, more] = [await start(), await serve()];
    const names = ['generate_image', 'edit_image', 'compose_images', 'export_image'];
    expect((await plain.client.listTools()).tools.map(({ name }) => name)).toEqual(names);
    expect(plain.client.getInstructions()).not.toContain('batch');
    const { tools } = await more.client.listTools();
    expect(tools.map(({ name }) => name)).toEqual([...names, 'start_batch', 'collect_batch']);
    expect(encode(JSON.stringify(tools)).length).toBeLessThanOrEqual(3000);
    const [begin, collect] = tools.slice(4).map(({ inputSchema }) => schema.parse(inputSchema).properties);
    expect([Object.keys(begin ?? {}), Object.keys(collect ?? {})]).toEqual([['file', 'jobs', 'output', 'dry_run'], ['batch']]);
    for (const { annotations } of tools) expect(annotations?.destructiveHint).toBe(false);
    expect(more.client.getInstructions()).toMatch(/start_batch.*collect_batch/);
    expect(more.client.getInstructions()?.length).toBeLessThan(1000);
  });

  test('a word nobody knows is told, and adds nothing', async ({ serve }) => {
    const limner = await serve({ LIMNER_TOOLS: 'Batch, video' });
    expect((await limner.client.listTools()).tools).toHaveLength(6);
    expect(limner.log()).toContain('LIMNER_TOOLS names "video"');
    expect((await call(limner, 'start_batch', { jobs: ['A fox'], dry_run: true })).text).toContain('LIMNER_TOOLS names "video"');
  });

  test('of a server for a team is without them', async ({ computer, google }) => {
    const token = await makeToken(computer, 'ada');
    const team = await startTeam(computer, ['--tokens', tokensOf(computer)], { ...withKey(google), LIMNER_TOOLS: 'batch' });
    const { client } = await connect(team.url, token);
    expect((await client.listTools()).tools.map(({ name }) => name)).not.toContain('start_batch');
    expect(client.getInstructions()).not.toContain('batch');
    await client.close();
    await team.stop();
  });
});

test('a file is priced by a dry run, sent once, and collected after a restart', async ({ serve, computer, google }) => {
  finishAfter(google, 2);
  await computer.write(
    'jobs.jsonl',
    lines([
      { prompt: 'A red fox', output: 'fox.png' },
      { prompt: 'Two cats', count: 2 },
    ]),
  );
  const job = { file: 'jobs.jsonl', output: 'out' };
  const limner = await serve();
  const dry = await call(limner, 'start_batch', { ...job, dry_run: true });
  expect(dry.text).toMatch(/Dry run: nothing was sent.*2 lines, 3 pictures.*Price: about \$.*half.*To send it/s);
  expect(dry.batch).toMatchObject({ id: null, lines: 2, pictures: 3, refusal: null });
  expect(google.others).toEqual([]);
  const begun = await call(limner, 'start_batch', job);
  expect(begun).toMatchObject({ isError: false, batch: { sent: 3, saved: 0, isOver: false } });
  expect(begun.text).toMatch(/Begun as batch_\w{16}\..*Price: .*3 with Google.*come back in about 10 minutes/s);
  const id = begun.batch?.id ?? '';
  const again = await call(limner, 'start_batch', job);
  expect(again).toMatchObject({ batch: { id, sent: 3 }, text: expect.stringContaining('begun before') });
  expect(google.batches.batches).toHaveLength(1);
  expect((await call(limner, 'collect_batch')).batch).toMatchObject({ id, sent: 3 });
  await limner.close();
  const later = await serve();
  const done = await call(later, 'collect_batch', { batch: id });
  expect(done).toMatchObject({ isError: false, batch: { id, saved: 3, sent: 0, isOver: true } });
  expect(done.batch?.files).toContain(join(computer.project, 'out', 'fox.png'));
  for (const path of done.batch?.files ?? []) expect((await readFile(path)).length).toBeGreaterThan(50);
  expect(await readFile(done.batch?.index?.json ?? '', 'utf8')).toContain(id);
  expect(done.text).toMatch(/3 of 3 saved.*index\.html.*It is done/s);
  const looks = google.others.length;
  expect((await call(later, 'collect_batch')).batch).toMatchObject({ id, saved: 3 });
  expect([google.others.length, google.batches.batches.length, google.requests]).toEqual([looks, 1, []]);
  expect([...google.files.files.keys()]).toEqual([]);
});

test('jobs are prompts, JSON or objects; what failed is told with why', async ({ serve, google }) => {
  google.batches.decide = () => ({ state: 'SUCCEEDED', item: (key) => (key === '2-1' ? answers.refusal('IMAGE_SAFETY') : small) });
  const limner = await serve();
  const jobs = ['# A fox\nat night', '{"prompt": "An owl",\n "aspect_ratio": "16:9"}', { prompt: 'A cat', output: 'cat.jpg' }];
  const begun = await call(limner, 'start_batch', { jobs });
  expect(begun.batch).toMatchObject({ sent: 3 });
  expect(google.batches.batches[0]?.requests.map(({ request }) => [request.texts[0], request.aspectRatio])).toEqual([
    ['# A fox\nat night', expect.anything()],
    ['An owl', '16:9'],
    ['A cat', expect.anything()],
  ]);
  const done = await call(limner, 'collect_batch');
  expect(done).toMatchObject({ isError: false, batch: { saved: 2, failed: 1, isOver: true } });
  expect(done.text).toMatch(/2 of 3 saved, 1 failed.*Failed:\n- line 2: .*filter/s);
  expect(done.batch?.failures).toHaveLength(1);
});

describe('nothing is sent', () => {
  test('when a line is wrong, nothing or too much is given, or the file is elsewhere', async ({ serve, computer, google }) => {
    const limner = await serve();
    const wrong = await call(limner, 'start_batch', {
      jobs: ['ok', '{"promt": "x"}', '{"prompt": ', '{"tool": "export_image", "prompt": "x"}'],
    });
    expect([wrong.isError, wrong.code]).toEqual([true, 'invalid_argument']);
    expect(wrong.text).toMatch(/^3 of 4 lines are wrong, so nothing was sent.*- line 2: .*- line 3: .*- line 4: /s);
    expect((await call(limner, 'start_batch', {})).text).toContain('give one');
    await computer.write('jobs.csv', 'prompt\nA fox\n');
    expect((await call(limner, 'start_batch', { file: 'jobs.csv', jobs: ['A fox'] })).text).toContain('not both');
    expect(await call(limner, 'start_batch', { file: 'gone.csv' })).toMatchObject({ code: 'not_found' });
    const outside = await call(limner, 'start_batch', { file: '/etc/passwd' });
    expect([outside.code, outside.text]).toEqual(['not_allowed', expect.not.stringContaining('root:')]);
    expect(await call(limner, 'start_batch', { jobs: ['A fox'], output: '/etc/out' })).toMatchObject({ code: 'not_allowed' });
    expect(await call(limner, 'start_batch', { jobs: ['{"prompt": "x", "image": "/etc/hosts", "tool": "edit_image"}'] })).toMatchObject({
      code: 'invalid_argument',
      text: expect.stringContaining('line 1: '),
    });
    expect(await call(limner, 'collect_batch')).toMatchObject({ code: 'not_found' });
    expect(await call(limner, 'collect_batch', { batch: '../../x' })).toMatchObject({ code: 'not_found' });
    expect([google.others, google.requests]).toEqual([[], []]);
  });

  test('above the budgets, and to the stand-in', async ({ serve, google }) => {
    const jobs = ['A fox', 'An owl', 'A cat'];
    const day = await serve({ LIMNER_BUDGET_USD_PER_DAY: '0.03' });
    expect(await call(day, 'start_batch', { jobs })).toMatchObject({
      code: 'over_budget',
      text: expect.stringContaining("today's budget"),
    });
    const dear = await serve({ LIMNER_BUDGET_USD_PER_CALL: '0.03' });
    expect(await call(dear, 'start_batch', { jobs })).toMatchObject({ code: 'over_call_limit' });
    expect((await call(dear, 'start_batch', { jobs, dry_run: true })).batch?.refusal).toContain('LIMNER_BUDGET_USD_PER_CALL');
    const drawn = await serve({ LIMNER_BACKEND: 'standin' });
    expect(await call(drawn, 'start_batch', { jobs })).toMatchObject({ code: 'unsupported', text: expect.stringContaining('stand-in') });
    expect(google.others).toEqual([]);
  });
});

test('above the limit for a call the person is asked, and only a yes sends', async ({ serve, google }) => {
  const limner = await serve({ LIMNER_BUDGET_USD_PER_CALL: '0.03' }, { options: { capabilities: { elicitation: {} } } });
  const asked: string[] = [];
  limner.client.setRequestHandler('elicitation/create', ({ params }) => {
    asked.push(params.message);
    return { action: 'accept', content: { pay: asked.length > 1 } };
  });
  const jobs = ['A fox', 'An owl', 'A cat'];
  expect(await call(limner, 'start_batch', { jobs })).toMatchObject({
    code: 'over_call_limit',
    text: expect.stringMatching(/did not agree/),
  });
  expect(google.others).toEqual([]);
  expect((await call(limner, 'start_batch', { jobs })).batch).toMatchObject({ sent: 3 });
  expect(asked).toEqual(Array(2).fill(expect.stringContaining('a batch of 3 pictures')));
  expect(google.batches.batches).toHaveLength(1);
});

test('what only the person can mend stops it, and loses nothing', async ({ serve, google }) => {
  const limner = await serve();
  const denied = jsonReply(403, { error: { code: 403, message: 'The caller does not have permission', status: 'PERMISSION_DENIED' } });
  google.disturb(({ path }) => (path.endsWith(':batchGenerateContent') ? denied : undefined));
  const stuck = await call(limner, 'start_batch', { jobs: ['A fox'] });
  expect([stuck.isError, stuck.batch?.waiting, stuck.text]).toEqual([true, 1, expect.stringContaining('collect_batch goes on')]);
  google.disturb(undefined);
  expect((await call(limner, 'collect_batch')).batch).toMatchObject({ sent: 1 });
  expect((await call(limner, 'collect_batch')).batch).toMatchObject({ saved: 1, isOver: true });
});

test('a batch of a person, or of another project, is left alone', async ({ serve, computer, google }) => {
  finishAfter(google, 1000);
  await computer.write('jobs.jsonl', lines([{ prompt: 'A fox' }]));
  const limner = await serve();
  const { batch } = await call(limner, 'start_batch', { file: 'jobs.jsonl', output: 'mine' });
  await computer.write('other/x.txt', 'x');
  const other = await serve({}, { cwd: join(computer.project, 'other') });
  expect(await call(other, 'collect_batch', { batch: batch?.id ?? '' })).toMatchObject({ code: 'not_found' });
  expect(await call(other, 'collect_batch')).toMatchObject({ code: 'not_found' });
  const { child, ended } = startCli(computer, ['batch', 'jobs.jsonl', '-o', 'theirs', '--yes'], withKey(google));
  await expect.poll(() => google.batches.batches[1]?.looks ?? 0, { timeout: 15_000 }).toBeGreaterThan(0);
  child.kill('SIGKILL');
  await ended;
  const looks = google.others.length;
  const theirs = await call(limner, 'start_batch', { file: 'jobs.jsonl', output: 'theirs' });
  expect(theirs).toMatchObject({ isError: false, text: expect.stringContaining("with a person's rights") });
  expect([google.others.length, google.batches.batches.length]).toEqual([looks, 2]);
  expect((await call(limner, 'collect_batch')).batch).toMatchObject({ id: batch?.id, sent: 1 });
});
