import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { test as base, type Computer, type Limner, photo, type StartOptions, withKey } from './fixtures.ts';
import { answers } from './google/index.ts';
import { arrived, held, small } from './raw.ts';

interface Fixtures {
  /** Starts servers with a key and these settings. */
  serve(env?: Record<string, string>, options?: StartOptions): Promise<Limner>;
}

const test = base.extend<Fixtures>({
  serve: async ({ start, google }, use) => {
    google.always(answers.picture(small));
    await use((env = {}, options = {}) => start({ ...options, env: { ...withKey(google), LIMNER_PREVIEW: 'none', ...env } }));
  },
});

const dry = { dry_run: true };
const done = 'To make it, send the same call without dry_run.';

/** Everything on the computer. */
const listAll = async ({ state }: Computer) => (await readdir(join(state, '..'), { recursive: true })).sort();

describe.concurrent('a dry run', () => {
  test('of each tool tells all the call would do, as text and as JSON, and leaves no trace', async ({ serve, google, computer }) => {
    await computer.write('a.png', await photo(300, 300));
    await computer.write('b.jpg', await photo(300, 300, 'jpeg'));
    const before = await listAll(computer);
    const limner = await serve();
    const [a, b] = [join(computer.project, 'a.png'), join(computer.project, 'b.jpg')];
    const generated = await limner.call('generate_image', {
      prompt: 'A red fox',
      count: 3,
      resolution: '2K',
      output: 'deep/er/fox.webp',
      ...dry,
    });
    expect(generated.text).toBe(
      [
        'Dry run: nothing was sent, written or charged.',
        'Requests: 3 to gemini-nano-banana-2.1, 1:1, 2K.',
        'Cost: about $0.16, at most $0.18; today $0 in all.',
        `To: ${join(computer.project, 'deep', 'er', 'fox.webp')} to fox-3.webp`,
        `${done}\n`,
      ].join('\n'),
    );
    expect(generated).toMatchObject({ isError: false, blocks: ['text'] });
    expect(generated.plan).toMatchObject({
      tool: 'generate_image',
      backend: 'gemini',
      model: 'gemini-nano-banana-2.1',
      requests: 3,
      resolution: '2K',
      inputs: [],
      history: null,
      output: { folder: join(computer.project, 'deep', 'er'), stem: 'fox', format: 'webp' },
      today: { dollars: 0, unknown: 0, budget: null },
      overBudget: null,
      warnings: [],
    });

    const edited = await limner.call('edit_image', { prompt: 'Make it blue', image: 'a.png', references: ['b.jpg'], ...dry });
    expect(edited.text).toContain(`Image 1 (a.png): ${a}\nImage 2 (b.jpg): ${b}\n`);
    expect(edited.plan).toMatchObject({
      tool: 'edit_image',
      requests: 1,
      inputs: [
        { path: a, id: null },
        { path: b, id: null },
      ],
    });
    const composed = await limner.call('compose_images', {
      prompt: 'Both',
      images: ['a.png', 'b.jpg'],
      model: 'pro',
      web_search: true,
      ...dry,
    });
    expect(composed.text).toContain('Requests: 1 to gemini-3-pro-image, 1:1, 1K, with web search.');
    expect(composed.plan).toMatchObject({
      tool: 'compose_images',
      model: 'gemini-3-pro-image',
      webSearch: true,
      inputs: [{ path: a }, { path: b }],
    });

    expect(await listAll(computer)).toEqual(before);
    expect([google.requests, google.others]).toEqual([[], []]);
  });

  test('is what the call then does', async ({ serve, google }) => {
    const limner = await serve();
    for (const args of [
      { prompt: 'A red fox', count: 2, output: 'fox.png' },
      { prompt: 'An owl', aspect_ratio: '5:3', model: 'pro' },
      { prompt: 'A cat', model: 'lite', output: 'cat' },
    ]) {
      const { plan } = await limner.call('generate_image', { ...args, ...dry });
      const sent = google.requests.length;
      const { facts } = await limner.call('generate_image', args);
      const requests = google.requests.slice(sent);
      expect(requests).toHaveLength(plan.requests);
      for (const { model, aspectRatio, imageSize } of requests) {
        expect({ model, aspectRatio, imageSize }).toEqual({ model: plan.model, aspectRatio: plan.aspectRatio, imageSize: plan.resolution });
      }
      expect(facts.images.map(({ path }) => path)[0]).toBe(
        join(plan.output.folder, `${plan.output.stem}.${args.output === 'fox.png' ? 'png' : 'jpg'}`),
      );
      expect(facts.cost.dollars).toBeLessThanOrEqual(plan.cost.atMost ?? 0);
      expect(facts.cost.dollars).toBeGreaterThan((plan.cost.dollars ?? 0) * 0.9);
      expect(facts.warnings).toEqual(plan.warnings);
    }
  });

  test('needs no key', async ({ start, computer }) => {
    const limner = await start();
    expect((await limner.call('generate_image', { prompt: 'A fox', ...dry })).text).toContain(done);
    expect((await limner.call('generate_image', { prompt: 'A fox' })).code).toBe('no_key');
    expect((await listAll(computer)).filter((name) => name.includes('ledger'))).toEqual([]);
  });

  test('of false is a call like any other', async ({ serve, google }) => {
    const limner = await serve();
    expect((await limner.call('generate_image', { prompt: 'A fox', dry_run: false })).isError).toBe(false);
    expect(google.requests).toHaveLength(1);
  });

  test('is refused, free, as the call itself would be', async ({ serve, google, computer }) => {
    await computer.write('taken.png', await photo(64, 64));
    await computer.write('file', 'no folder');
    const before = await listAll(computer);
    const limner = await serve();
    const cases = [
      ['generate_image', { prompt: 'A fox', output: 'taken.png' }, 'file_exists'],
      ['generate_image', { prompt: 'A fox', output: 'file/fox.png' }, 'cannot_write'],
      ['generate_image', { prompt: 'A fox', output: '/etc/fox.png' }, 'not_allowed'],
      ['generate_image', { prompt: 'A fox', model: 'lite', resolution: '4K' }, 'unsupported'],
      ['generate_image', { prompt: '' }, 'invalid_argument'],
      ['generate_image', { prompt: 'A fox', count: 9 }, 'invalid_argument'],
      ['edit_image', { prompt: 'Blue', image: 'nowhere.png' }, 'not_found'],
      ['edit_image', { prompt: 'Blue', image: 'file' }, 'unreadable_image'],
      ['compose_images', { prompt: 'Both', images: ['taken.png', '/etc/passwd'] }, 'not_allowed'],
    ] as const;
    for (const [tool, args, code] of cases) {
      const forecast = await limner.call(tool, { ...args, ...dry });
      expect(forecast.code).toBe(code);
      expect(forecast.text).toContain('Nothing was generated and nothing was charged.');
    }
    expect(await listAll(computer)).toEqual(before);
    for (const [tool, args, code] of cases) expect((await limner.call(tool, args)).code).toBe(code);
    expect(google.requests).toEqual([]);
  });

  test('says what would be replaced, and how names go on', async ({ serve, computer }) => {
    const path = await computer.write('taken.png', await photo(64, 64));
    const limner = await serve();
    const place = async (args: object) =>
      (await limner.call('generate_image', { prompt: 'A red fox', ...args, ...dry })).text.match(/^To: (.*)$/m)?.[1];
    expect(await place({ output: 'taken.png', overwrite: true })).toBe(`${path}, replacing what is there`);
    expect(await place({ output: 'fox', format: 'jpeg' })).toBe(join(computer.project, 'fox.jpg'));
    expect(await place({ output: 'fox' })).toBe(`${join(computer.project, 'fox.jpg')} (type as the model makes it)`);
    expect(await place({ output: 'fox.JPEG', count: 2, aspect_ratio: '3:1' })).toBe(
      `${join(computer.project, 'fox.JPEG')} to fox-2.JPEG, cropped to 3:1`,
    );
    expect(await place({ format: 'webp' })).toBe(
      `${join(computer.project, 'generated-images', 'red-fox.webp')} (a taken name is numbered on)`,
    );
  });

  test('tells every warning', async ({ serve, google, computer }) => {
    const limner = await serve({ LIMNER_STATE_DIR: join(await computer.write('file', 'no folder'), 'state') }, { cwd: '/' });
    const { text, plan } = await limner.call('generate_image', {
      prompt: 'A fox',
      aspect_ratio: '7:4',
      model: 'gemini-9-image',
      output: 'fox.png',
      ...dry,
    });
    const warnings = [
      /^limner does not know the model gemini-9-image: .*price is unknown/,
      /^limner was not started in a project folder/,
      /^gemini-9-image has no 7:4: it paints 16:9, which is then cropped to 7:4\.$/,
      /file\/state cannot be written: what is made and what it costs will be forgotten/,
    ];
    expect(plan.warnings).toEqual(warnings.map((says) => expect.stringMatching(says)));
    for (const warning of plan.warnings) expect(text).toContain(`Note: ${warning}\n`);
    expect(plan.cost).toEqual({ dollars: null, atMost: null });
    expect(text).toContain('Cost: nobody knows: this model has no known price (LIMNER_PRICE_USD_PER_IMAGE can set one); today $0 in all.');
    expect(google.requests).toEqual([]);
  });

  test('of an edit says which conversation it goes on with, how many turns and how large', async ({ serve, google }) => {
    const limner = await serve();
    google.always(answers.picture({ ...small, signatureBytes: 50_000 }));
    const first = await limner.call('generate_image', { prompt: 'A fox', output: 'fox.jpg' });
    const once = await limner.call('edit_image', { prompt: 'Blue', image: 'fox.jpg', ...dry });
    expect(once.plan.history).toMatchObject({ after: first.file.id, turns: 1, pictures: 1 });
    expect(once.text).toMatch(new RegExp(`^It goes on with the conversation of ${first.file.id}: 1 turn, \\d+ kB, sent along\\.$`, 'm'));
    const second = await limner.call('edit_image', { prompt: 'Blue', image: 'last', output: 'blue.jpg' });
    const twice = await limner.call('edit_image', { prompt: 'Green', image: second.file.id, ...dry });
    expect(twice.plan.history).toMatchObject({ after: second.file.id, turns: 2, pictures: 2 });
    expect(twice.plan.history?.length).toBeGreaterThan(100_000);
    expect(twice.plan.cost.atMost).toBeGreaterThan(once.plan.cost.atMost ?? 1);
    const alone = await limner.call('edit_image', { prompt: 'Green', image: second.file.id, model: 'pro', ...dry });
    expect(alone.plan.history).toBeNull();
    expect(alone.text).toMatch(/Note: .*It is edited by itself, without what was said before/);
    expect(google.requests).toHaveLength(2);
  });

  test('above the budgets is an answer, with the refusal the call would get', async ({ serve, google }) => {
    const limner = await serve({ LIMNER_BUDGET_USD_PER_DAY: '0.1', LIMNER_BUDGET_USD_PER_CALL: '0.05' });
    const args = { prompt: 'A fox', count: 8 };
    for (const more of [{}, { count: 2 }, { model: 'gemini-9-image' }]) {
      const forecast = await limner.call('generate_image', { ...args, ...more, ...dry });
      const real = await limner.call('generate_image', { ...args, ...more });
      expect([forecast.isError, real.isError]).toEqual([false, true]);
      expect(real.text).toBe(`${forecast.plan.overBudget}\nNothing was generated and nothing was charged.\n`);
      expect(forecast.text).toContain(
        `Dry run: nothing was sent, written or charged.\nWould be refused: ${forecast.plan.overBudget}\nRequests: `,
      );
      expect(forecast.text).toContain('; today $0 in all, of a budget of $0.10 a day.');
      expect(forecast.text).not.toContain(done);
    }
    expect(google.requests).toEqual([]);
    const { text, plan } = await limner.call('generate_image', { prompt: 'A fox', ...dry });
    expect(plan).toMatchObject({ overBudget: null, today: { budget: 0.1 } });
    expect(text).toContain(done);
  });

  test('counts what is under way, and is no part of it', async ({ serve, google }) => {
    const [first, second] = await Promise.all([serve(), serve({ LIMNER_BUDGET_USD_PER_DAY: '0.08' })]);
    const gate = held();
    google.next(gate.answer);
    const waiting = first.call('generate_image', { prompt: 'A fox' });
    await arrived(google, 1);
    for (let time = 0; time < 3; time += 1) {
      const { plan } = await second.call('generate_image', { prompt: 'An owl', ...dry });
      expect(plan.today.dollars).toBeCloseTo(0.0426, 3);
      expect(plan.overBudget).toMatch(/\$0\.037 is left/);
    }
    gate.release();
    await waiting;
    expect((await second.call('generate_image', { prompt: 'An owl', ...dry })).plan.overBudget).toBeNull();
  });

  test('may be repeated, and says when the call may not', async ({ serve, google }) => {
    const limner = await serve({ LIMNER_MAX_REPEATS: '2' });
    for (let time = 0; time < 4; time += 1) expect((await limner.call('generate_image', { prompt: 'A fox', ...dry })).text).toContain(done);
    for (let time = 0; time < 2; time += 1) expect((await limner.call('generate_image', { prompt: 'A fox' })).isError).toBe(false);
    const { text, plan } = await limner.call('generate_image', { prompt: 'A fox', ...dry });
    expect(text).toMatch(/^Would be refused: This very call was made 2 times/m);
    expect(text).not.toContain(done);
    expect(plan.overBudget).toBeNull();
    expect((await limner.call('generate_image', { prompt: 'A fox' })).code).toBe('repeated');
    expect(google.requests).toHaveLength(2);
  });

  test('of the stand-in says that nothing is AI and nothing costs', async ({ start }) => {
    const limner = await start({ env: { LIMNER_BACKEND: 'standin', LIMNER_BUDGET_USD_PER_DAY: '0' } });
    const { text, plan } = await limner.call('generate_image', { prompt: 'A fox', ...dry });
    expect(text).toContain('Requests: 1 to the stand-in, which draws without AI (gemini-nano-banana-2.1 was asked), 1:1, 1K.');
    expect(text).toContain('Cost: $0; today $0 in all.');
    expect(plan).toMatchObject({ backend: 'standin', cost: { dollars: 0, atMost: 0 }, overBudget: null });
  });
});
