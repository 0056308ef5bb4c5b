import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { describe, expect, vi } from 'vitest';
import { z } from 'zod';
import { chooseModel } from '../src/model/catalog.ts';
import type { Answer as ToolAnswer } from './answer.ts';
import { test as base, type Computer, type Limner, type StartOptions, withKey } from './fixtures.ts';
import { answers, type Google, type GoogleRequest } from './google/index.ts';
import { arrived, held, runCli, small } from './raw.ts';

const perDay = (dollars: number | string) => ({ LIMNER_BUDGET_USD_PER_DAY: String(dollars) });
const perCall = (dollars: number | string) => ({ LIMNER_BUDGET_USD_PER_CALL: String(dollars) });
const free = 'Nothing was generated and nothing was charged.';

const body = z.object({
  usageMetadata: z
    .object({
      promptTokenCount: z.number(),
      candidatesTokenCount: z.number().default(0),
      candidatesTokensDetails: z.array(z.object({ modality: z.string(), tokenCount: z.number() })).default([]),
      thoughtsTokenCount: z.number(),
    })
    .optional(),
});

/** What Google writes on the bill for an answer: pictures alone are charged for. */
function toBill({ model }: GoogleRequest, json: string): number {
  const { price } = chooseModel(model).model;
  const usage = body.parse(JSON.parse(json)).usageMetadata;
  const image = usage?.candidatesTokensDetails.find(({ modality }) => modality === 'IMAGE')?.tokenCount ?? 0;
  if (price === undefined || usage === undefined || image === 0) return 0;
  const words = usage.candidatesTokenCount - image + usage.thoughtsTokenCount;
  return (usage.promptTokenCount * price.input + image * price.image + words * price.text) / 1_000_000;
}

interface Fixtures {
  /** Starts servers with a key and these settings. */
  serve(env?: Record<string, string>, options?: StartOptions): Promise<Limner>;
  /** Small pictures from now on, and what Google charged for them so far. */
  bill: { dollars(): number };
}

const test = base.extend<Fixtures>({
  bill: async ({ google }, use) => {
    let dollars = 0;
    google.always(async (request) => {
      const reply = await answers.picture(small)(request);
      dollars += toBill(request, String(reply.body));
      return reply;
    });
    await use({ dollars: () => dollars });
  },
  // Starting a server is what puts the bill in place.
  serve: async ({ start, google, bill: _bill }, use) => {
    await use((env = {}, options = {}) => start({ ...options, env: { ...withKey(google), LIMNER_PREVIEW: 'none', ...env } }));
  },
});

/** A picture of flash at 1K costs about $0.036, and at most $0.043. */
const paint = (limner: Limner, prompt: string, more: Record<string, unknown> = {}) => limner.call('generate_image', { prompt, ...more });

/** What the ledger says was spent today. */
async function spent(limner: Limner): Promise<number> {
  return (await paint(limner, 'How much so far?', { dry_run: true })).plan.today.dollars;
}

function expectFreeRefusal(answer: ToolAnswer, code: string, says: RegExp): void {
  expect(answer.isError, answer.text).toBe(true);
  expect({ code: answer.code, text: answer.text }).toEqual({ code, text: expect.stringMatching(says) });
  expect(answer.text).toContain(free);
}

describe.concurrent('the budget of a day', () => {
  test('holds two servers that spend side by side, and then nothing is sent', async ({ serve, google, bill }) => {
    const servers = await Promise.all([serve(perDay(0.25)), serve(perDay(0.25))]);
    const prompts = Array.from({ length: 10 }, (_, index) => `Fox number ${index}`);
    const storm = await Promise.all(servers.flatMap((limner, server) => prompts.map((prompt) => paint(limner, `${prompt} of ${server}`))));
    const made = storm.filter(({ isError }) => !isError);
    expect(made.length).toBe(google.requests.length);
    expect(made.length).toBeGreaterThanOrEqual(5);
    for (const answer of storm.filter(({ isError }) => isError)) expectFreeRefusal(answer, 'over_budget', /budget of \$0\.25/);

    const [first, second] = servers;
    if (first === undefined || second === undefined) throw new Error('two servers were started');
    const more = [];
    for (const limner of [first, second, first, second]) more.push(await paint(limner, `Fox number ${more.length} of the rest`));
    expect(bill.dollars()).toBeLessThanOrEqual(0.25);
    expect(bill.dollars() + 0.043).toBeGreaterThan(0.25);
    for (const limner of servers) expect(await spent(limner)).toBeCloseTo(bill.dollars(), 9);

    const sent = google.requests.length;
    for (const limner of servers)
      expectFreeRefusal(await paint(limner, 'One more fox'), 'over_budget', /Nothing of this kind fits any more today/);
    expect(google.requests.length).toBe(sent);
  });

  test('counts what another server has under way', async ({ serve, google }) => {
    const [first, second] = await Promise.all([serve(perDay(0.08)), serve(perDay(0.08))]);
    const gate = held();
    google.next(gate.answer);
    const waiting = paint(first, 'A fox');
    await arrived(google, 1);
    expectFreeRefusal(
      await paint(second, 'An owl'),
      'over_budget',
      /\$0\.037 is left of today's budget of \$0\.080 \(spent or under way: \$0\.043\)/,
    );
    gate.release();
    expect((await waiting).facts.cost.today).toBeCloseTo(0.036, 3);
    expect((await paint(second, 'An owl')).isError).toBe(false);
    expect(google.requests).toHaveLength(2);
  });

  test('is that of the server that asks, against what all have spent', async ({ serve, google }) => {
    const [rich, poor] = await Promise.all([serve(), serve(perDay(0.1))]);
    for (const animal of ['fox', 'owl']) await paint(rich, `An ${animal}`);
    expectFreeRefusal(await paint(poor, 'A cat'), 'over_budget', /spent or under way: \$0\.07\d/);
    expect((await paint(rich, 'A cat')).isError).toBe(false);
    expect(google.requests).toHaveLength(3);
  });

  for (const [name, answer] of [
    ['a picture that was filtered out', answers.refusal('IMAGE_SAFETY')],
    ['a prompt that was blocked', answers.blocked('PROHIBITED_CONTENT')],
    ['a request that was refused', answers.keyInvalid()],
  ] as const) {
    test(`is given back what ${name} would have cost`, async ({ serve, google }) => {
      const limner = await serve(perDay(0.05));
      google.next(answer);
      const refused = await paint(limner, 'A fox');
      expect(refused.isError).toBe(true);
      expect(refused.text).toContain('Billed or perhaps billed today: $0.');
      expect(await spent(limner)).toBe(0);
      expect((await paint(limner, 'A fox')).isError).toBe(false);
    });
  }

  test('is not given back what a broken connection may have cost, and the retry is held to it', async ({ serve, google }) => {
    const limner = await serve(perDay(0.05));
    google.next(answers.reset());
    const broken = await paint(limner, 'A fox');
    expect(broken).toMatchObject({ isError: true, code: 'unreachable' });
    expect(broken.text).toMatch(/may have been billed.*It was not tried again: .*budget of \$0\.050/);
    expect(broken.text).toContain('Billed or perhaps billed today: $0.043.');
    expect(await spent(limner)).toBeCloseTo(0.0426, 3);
    expectFreeRefusal(await paint(limner, 'An owl'), 'over_budget', /\$0\.007 is left/);
    expect(google.requests).toHaveLength(1);
  });

  test('allows the retry of a request that cost nothing', async ({ serve, google, bill }) => {
    const limner = await serve(perDay(0.05));
    google.next(answers.overloaded());
    expect((await paint(limner, 'A fox')).facts.cost).toMatchObject({ today: expect.closeTo(bill.dollars(), 9) });
    expect(google.requests).toHaveLength(2);
  });

  test('refuses a call as a whole before any of it is sent, and says how much would fit', async ({ serve, google }) => {
    const limner = await serve(perDay(0.25));
    expectFreeRefusal(
      await paint(limner, 'A fox', { count: 8 }),
      'over_budget',
      /may cost up to \$0\.34, and \$0\.25 is left.*With count 5 it would fit/,
    );
    expect(google.requests).toEqual([]);
    expect((await paint(limner, 'A fox', { count: 5 })).facts.images).toHaveLength(5);
  });

  test('points to less where less may fit', async ({ serve, google }) => {
    const limner = await serve(perDay(0.1));
    expectFreeRefusal(
      await paint(limner, 'A fox', { model: 'pro', resolution: '4K' }),
      'over_budget',
      /A lower resolution or flash may fit/,
    );
    expect(google.requests).toEqual([]);
  });

  test('of yesterday is not counted today', async ({ serve, computer }) => {
    const [yesterday, today] = [new Date(Date.now() - 24 * 3_600_000), new Date()];
    await writeDay(computer, yesterday, 5);
    const limner = await serve(perDay(0.05));
    expect(await spent(limner)).toBe(0);
    expect((await paint(limner, 'A fox')).facts.cost.today).toBeCloseTo(0.036, 3);
    await writeDay(computer, today, 5);
    expect(await spent(limner)).toBeCloseTo(5.036, 3);
    expectFreeRefusal(await paint(limner, 'An owl'), 'over_budget', /\$0 is left/);
  });

  test('of 0 allows nothing, and of nothing allows everything', async ({ serve, google }) => {
    const [none, any] = await Promise.all([serve(perDay(0)), serve(perDay(''))]);
    expectFreeRefusal(await paint(none, 'A fox'), 'over_budget', /\$0 is left of today's budget of \$0/);
    expect(google.requests).toEqual([]);
    expect((await paint(any, 'A fox', { count: 3 })).isError).toBe(false);
  });

  test('does not hold the stand-in, which costs nothing', async ({ serve }) => {
    const limner = await serve({ ...perDay(0), ...perCall(0), LIMNER_BACKEND: 'standin' });
    expect((await paint(limner, 'A fox')).text).toContain('cost $0; today $0 in all.');
  });
});

/** A ledger of one answered request, written by hand. */
async function writeDay({ state }: Computer, day: Date, dollars: number): Promise<void> {
  const [at, call, request] = [day.toISOString(), 'call_aaaaaaaaaaaaaaaa', 'req_aaaaaaaaaaaaaaaa'];
  const pad = (number: number) => String(number).padStart(2, '0');
  const path = join(state, 'ledger', `${day.getFullYear()}-${pad(day.getMonth() + 1)}-${pad(day.getDate())}.jsonl`);
  const sent = { at, call, event: 'sent', request, image: 'img_aaaaaaaaaaaaaaaa', key: 'k', tool: 'generate_image', backend: 'gemini' };
  const lines = [
    { ...sent, model: 'gemini-nano-banana-2.1', folder: '/', dollars: 1, pid: 1, host: 'elsewhere', until: at },
    { at, call, event: 'arrived', request, images: [], dollars },
    { at, call, event: 'answered', told: [] },
  ];
  await mkdir(join(path, '..'), { recursive: true });
  const before = await readFile(path, 'utf8').catch(() => '');
  await writeFile(path, `${before}${lines.map((line) => `${JSON.stringify(line)}\n`).join('')}`);
}

describe.concurrent('the budget of a call', () => {
  test('refuses what is above it and says what would fit', async ({ serve, google }) => {
    const limner = await serve(perCall(0.1));
    expectFreeRefusal(
      await paint(limner, 'A fox', { count: 4 }),
      'over_call_limit',
      /may cost up to \$0\.17, and one call may cost \$0\.10\. With count 2 it would fit; only the person can raise LIMNER_BUDGET_USD_PER_CALL/,
    );
    expectFreeRefusal(
      await paint(limner, 'A fox', { model: 'pro', resolution: '4K' }),
      'over_call_limit',
      /A lower resolution or flash may fit; only the person/,
    );
    const flash = await serve(perCall(0.01));
    expectFreeRefusal(await paint(flash, 'A fox'), 'over_call_limit', /Nothing of this kind fits that limit/);
    expect(google.requests).toEqual([]);
    expect((await paint(limner, 'A fox', { count: 2 })).isError).toBe(false);
    expect((await paint(limner, 'A fox', { count: 2 })).isError).toBe(false);
  });

  test('holds the retries of the call as well', async ({ serve, google }) => {
    const limner = await serve(perCall(0.05));
    google.next(answers.reset());
    const { text } = await paint(limner, 'A fox');
    expect(text).toMatch(/It was not tried again: with one more request this call may cost up to \$0\.085, and one call may cost \$0\.050/);
    expect(google.requests).toHaveLength(1);
    google.next(answers.reset());
    const enough = await serve(perCall(0.09));
    expect((await paint(enough, 'An owl')).isError).toBe(false);
    expect(google.requests).toHaveLength(3);
  });

  test('and of the day hold together', async ({ serve, google }) => {
    const limner = await serve({ ...perCall(0.05), ...perDay(0.06) });
    expect((await paint(limner, 'A fox')).isError).toBe(false);
    expectFreeRefusal(await paint(limner, 'An owl'), 'over_budget', /today's budget/);
    expect(google.requests).toHaveLength(1);
  });
});

describe.concurrent('no budget is raised', () => {
  test('by an argument', async ({ serve, google }) => {
    const limner = await serve(perDay(0));
    for (const argument of ['budget', 'max_cost', 'LIMNER_BUDGET_USD_PER_DAY', 'budget_usd_per_call', 'approved', 'pay', 'price']) {
      expectFreeRefusal(await paint(limner, 'A fox', { [argument]: 100 }), 'invalid_argument', new RegExp(`no argument "${argument}"`));
    }
    expect(google.requests).toEqual([]);
  });

  for (const value of ['abc', '-1', '1,5', '1e3', 'Infinity', '${BUDGET}']) {
    test(`by writing it as ${value}: everything is refused until it is mended`, async ({ serve, google }) => {
      const names = ['LIMNER_BUDGET_USD_PER_DAY', 'LIMNER_BUDGET_USD_PER_CALL', 'LIMNER_PRICE_USD_PER_IMAGE'];
      const limner = await serve(Object.fromEntries(names.map((name) => [name, value])));
      for (const more of [{}, { dry_run: true }]) {
        const { code, text } = await paint(limner, 'A fox', more);
        expect(code).toBe('settings');
        for (const name of names) {
          const says = `${name} is "${value}"; it must be a number such as 2 or 0.50. Nothing is spent until it is mended.`;
          expect(text).toContain(says);
          expect(limner.log()).toContain(says);
        }
      }
      expect(google.requests).toEqual([]);
    });
  }

  test('by a slip in its name', async ({ serve, google }) => {
    const names = ['LIMNER_BUDGET_PER_DAY', 'LIMNER_DAILY_BUDGET', 'LIMNER_USD_PER_DAY'];
    const answer = await paint(await serve(Object.fromEntries(names.map((name) => [name, '1']))), 'A fox');
    for (const name of names) {
      expectFreeRefusal(answer, 'settings', new RegExp(`${name} is not a setting of limner\\. The budgets are LIMNER_BUDGET_USD_PER_DAY`));
    }
    expect(google.requests).toEqual([]);
  });

  test('by the dollar sign people write before it', async ({ serve, google }) => {
    const limner = await serve(perDay('$0.04'));
    expectFreeRefusal(await paint(limner, 'A fox'), 'over_budget', /budget of \$0\.040/);
    expect(google.requests).toEqual([]);
  });
});

describe.concurrent('a model whose price nobody knows', () => {
  const unknown = { model: 'gemini-9-image' };

  /** Google, which has just published a model that limner does not know. */
  async function publish(google: Google) {
    const server = createServer(async (incoming, response) => {
      const url = `${google.url}${incoming.url ?? ''}`.replace(unknown.model, 'gemini-nano-banana-2.1');
      const headers = { 'content-type': 'application/json', 'x-goog-api-key': String(incoming.headers['x-goog-api-key']) };
      const answer = await fetch(url, { method: 'POST', headers, body: await readAll(incoming) });
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    return { env: { GOOGLE_GEMINI_BASE_URL: `http://127.0.0.1:${port}` }, [Symbol.dispose]: () => void server.close() };
  }

  test('is refused by any budget, and used without one', async ({ serve, google }) => {
    using newer = await publish(google);
    for (const env of [perDay(100), perCall(100)]) {
      const limner = await serve({ ...newer.env, ...env });
      expectFreeRefusal(
        await paint(limner, 'A fox', unknown),
        'over_budget',
        /a picture of gemini-9-image costs is not known.*LIMNER_PRICE_USD_PER_IMAGE/,
      );
    }
    expect(google.requests).toEqual([]);
    const { text, facts } = await paint(await serve(newer.env), 'A fox', unknown);
    expect(facts.cost).toEqual({ dollars: null, estimated: true, today: 0 });
    expect(text).toContain('cost unknown: no price is known for this model; today $0 and 1 of unknown price in all');
  });

  test('costs what LIMNER_PRICE_USD_PER_IMAGE says', async ({ serve, google }) => {
    using newer = await publish(google);
    const limner = await serve({ ...newer.env, ...perDay(0.5), LIMNER_PRICE_USD_PER_IMAGE: '0.2' });
    const { facts, text } = await paint(limner, 'A fox', { ...unknown, count: 2 });
    expect(facts.cost).toEqual({ dollars: 0.4, estimated: true, today: 0.4 });
    expect(text).toContain('cost about $0.40; today $0.40 in all');
    expectFreeRefusal(await paint(limner, 'An owl', unknown), 'over_budget', /may cost up to \$0\.20, and \$0\.10\d? is left/);
    expect(google.requests).toHaveLength(2);
  });
});

describe.concurrent('a state folder that cannot be written', () => {
  const below = async (computer: Computer) => ({ LIMNER_STATE_DIR: join(await computer.write('file', 'no folder'), 'state') });

  for (const [name, budget] of [
    ['of a day', perDay(100)],
    ['of a call', perCall(100)],
  ] as const) {
    test(`with a budget ${name} stops everything`, async ({ serve, google, computer }) => {
      const limner = await serve({ ...(await below(computer)), ...budget });
      const says = /There is a budget, and .*file\/state, where what is spent is written down, cannot be written.*LIMNER_STATE_DIR/;
      expectFreeRefusal(await paint(limner, 'A fox'), 'cannot_write', says);
      expect((await paint(limner, 'A fox', { dry_run: true })).plan.overBudget).toMatch(says);
      expect(google.requests).toEqual([]);
    });
  }

  test('without a budget is a warning, and today is counted all the same', async ({ serve, computer }) => {
    const limner = await serve(await below(computer));
    const first = await paint(limner, 'A fox');
    expect(first.facts.warnings.join()).toMatch(/file\/state cannot be written/);
    expect((await paint(limner, 'An owl')).facts.cost.today).toBeCloseTo(2 * first.facts.cost.today, 3);
  });
});

describe.concurrent('each result says what it cost and what today has come to', () => {
  const written = /cost (?:about )?\$(\d+\.\d+)(?:, and \d search\w* [^;]*)?; today \$(\d+\.\d+) in all/;

  test('as Google counted it and as the ledger has it', async ({ serve, bill, computer }) => {
    const limner = await serve();
    const calls = [{}, { count: 3 }, { model: 'pro' }, { model: 'lite' }, { resolution: '4K' }] as const;
    let total = 0;
    for (const [index, more] of calls.entries()) {
      const { text, facts } = await paint(limner, `Fox ${index}`, more);
      total += facts.cost.dollars ?? 0;
      const [, cost, today] = written.exec(text) ?? [];
      expect(Number(cost)).toBeCloseTo(facts.cost.dollars ?? 0, 2);
      expect(Number(today)).toBeCloseTo(total, 2);
      expect(facts.cost.today).toBeCloseTo(total, 9);
    }
    expect(total).toBeCloseTo(bill.dollars(), 9);
    expect(await spent(limner)).toBeCloseTo(total, 9);
    const { stdout } = await runCli(computer, ['spend', '--json']);
    expect(z.object({ today: z.object({ dollars: z.number() }) }).parse(JSON.parse(stdout)).today.dollars).toBeCloseTo(total, 5);
  });

  test('with searches, which a budget counts', async ({ serve }) => {
    const { text, facts } = await paint(await serve(), 'The weather in Oslo', { web_search: true });
    expect(text).toMatch(written);
    expect(facts.cost.today).toBeCloseTo((facts.cost.dollars ?? 0) + 0.014, 9);
  });
});

describe.concurrent('identical calls', () => {
  const threeTimes = { LIMNER_MAX_REPEATS: '3' };

  test('are let through as often as LIMNER_MAX_REPEATS says, by all servers together; another is not one of them', async ({
    serve,
    google,
  }) => {
    const [first, second] = await Promise.all([serve(threeTimes), serve(threeTimes)]);
    for (const limner of [first, second, first]) expect((await paint(limner, 'A fox')).isError).toBe(false);
    for (const limner of [first, second]) {
      expectFreeRefusal(
        await paint(limner, 'A fox'),
        'repeated',
        /made 3 times in the last 10 minutes.*loop.*change the prompt.*LIMNER_MAX_REPEATS|made 3 times/,
      );
    }
    expect(google.requests).toHaveLength(3);
    const others = [
      { prompt: 'A fox!' },
      { prompt: 'A fox', count: 2 },
      { prompt: 'A fox', resolution: '2K' },
      { prompt: 'A fox', output: 'a.png' },
    ];
    for (const args of others) expect((await first.call('generate_image', args)).isError).toBe(false);
  });

  test('count when Google refused them, and not when limner did', async ({ serve, google, computer }) => {
    const limner = await serve(threeTimes);
    await computer.write('taken.png', 'taken');
    for (let time = 0; time < 5; time += 1) expect((await paint(limner, 'A fox', { output: 'taken.png' })).code).toBe('file_exists');
    google.always(answers.refusal('IMAGE_SAFETY'));
    for (const code of ['refused', 'refused', 'refused', 'repeated']) expect((await paint(limner, 'A fox')).code).toBe(code);
    expect(google.requests).toHaveLength(3);
  });

  test('are any number with 0, and 50 by default', async ({ serve, google }) => {
    const limner = await serve({ LIMNER_MAX_REPEATS: '0' });
    google.always(answers.refusal('IMAGE_SAFETY'));
    const codes = new Set<string>();
    for (let time = 0; time < 51; time += 1) codes.add((await paint(limner, 'A fox')).code);
    expect([...codes]).toEqual(['refused']);
    expectFreeRefusal(await paint(await serve(), 'A fox'), 'repeated', /made 51 times/);
    expect(google.requests).toHaveLength(51);
  });

  test('with a limit that cannot be read are held to the default, with a warning', async ({ serve }) => {
    const limner = await serve({ LIMNER_MAX_REPEATS: '-1' });
    expect((await paint(limner, 'A fox')).text).toContain(
      'Settings: LIMNER_MAX_REPEATS is "-1"; it must be a whole number, 0 for no limit. 50 was used.',
    );
  });
});

describe.concurrent('a call above the limit, where the host can ask the person', () => {
  const eras = [
    { era: 'of 2025-11-25', negotiation: {} },
    { era: 'of 2026-07-28', negotiation: { versionNegotiation: { mode: { pin: '2026-07-28' } } } },
  ] as const;
  const dear = { count: 2, model: 'pro' };

  interface Asked {
    message: string;
    schema: unknown;
  }

  type Reply = { action: 'accept'; content: { pay: boolean } } | { action: 'decline' | 'cancel' };

  /** A host that puts questions to a person, who agrees until told otherwise. */
  async function serveAsking(serve: Fixtures['serve'], negotiation: object, env: Record<string, string> = {}) {
    let said: Reply = { action: 'accept', content: { pay: true } };
    const limner = await serve({ ...perCall(0.05), ...env }, { options: { capabilities: { elicitation: {} }, ...negotiation } });
    const asked: Asked[] = [];
    limner.client.setRequestHandler('elicitation/create', ({ params }) => {
      asked.push({ message: params.message, schema: 'requestedSchema' in params ? params.requestedSchema : undefined });
      return said;
    });
    const reply = (next: Reply) => {
      said = next;
    };
    return { limner, asked, reply };
  }

  for (const { era, negotiation } of eras) {
    test(`${era} is made when the person agrees`, async ({ serve, google }) => {
      const { limner, asked } = await serveAsking(serve, negotiation);
      expect((await paint(limner, 'A red fox', dear)).facts.images).toHaveLength(2);
      expect(google.requests).toHaveLength(2);
      expect(asked).toEqual([
        {
          message:
            'limner is asked for 2 pictures: "A red fox" (gemini-3-pro-image, 1K). This costs about $0.28, at most $0.30; ' +
            'your limit for one call is $0.050 (LIMNER_BUDGET_USD_PER_CALL). Pay for this one call?',
          schema: expect.objectContaining({
            properties: { pay: { type: 'boolean', title: 'Pay for this call', default: false } },
            required: ['pay'],
          }),
        },
      ]);
    });

    test(`${era} is refused, free, when the person does not agree`, async ({ serve, google }) => {
      const { limner, asked, reply } = await serveAsking(serve, negotiation);
      for (const no of [{ action: 'decline' }, { action: 'cancel' }, { action: 'accept', content: { pay: false } }] as const) {
        reply(no);
        expectFreeRefusal(
          await paint(limner, 'A red fox', dear),
          'over_call_limit',
          /^The person was asked to pay for this call and did not agree/,
        );
      }
      expect(asked).toHaveLength(3);
      expect(google.requests).toEqual([]);
    });

    test(`${era} is asked about each time, and nobody is asked about a call within the limit`, async ({ serve, google }) => {
      const { limner, asked } = await serveAsking(serve, negotiation);
      await paint(limner, 'A red fox');
      expect(asked).toEqual([]);
      for (const prompt of ['A red fox', 'An owl']) await paint(limner, prompt, dear);
      expect(asked).toHaveLength(2);
      expect(google.requests).toHaveLength(5);
    });

    test(`${era} that the day does not allow is not asked about`, async ({ serve, google }) => {
      const { limner, asked } = await serveAsking(serve, negotiation, perDay(0.2));
      expectFreeRefusal(await paint(limner, 'A red fox', dear), 'over_budget', /today's budget/);
      expect([asked, google.requests]).toEqual([[], []]);
    });

    test(`${era} that is a dry run asks nobody and says that the person would be asked`, async ({ serve }) => {
      const { limner, asked } = await serveAsking(serve, negotiation);
      const { text, plan } = await paint(limner, 'A red fox', { ...dear, dry_run: true });
      expect(text).toMatch(
        /The person would be asked first: This call may cost up to \$0\.30.*To make it, send the same call without dry_run/s,
      );
      expect(plan.overBudget).toMatch(/one call may cost \$0\.050/);
      expect(asked).toEqual([]);
    });
  }

  test('is refused as by any other host when this one cannot ask after all', async ({ serve, google }) => {
    const { limner } = await serveAsking(serve, {});
    limner.client.setRequestHandler('elicitation/create', () => {
      throw new Error('no person here');
    });
    expectFreeRefusal(await paint(limner, 'A red fox', dear), 'over_call_limit', /^This call may cost up to \$0\.30/);
    expect(google.requests).toEqual([]);
  });

  test('is told as waiting while the person thinks', async ({ serve }) => {
    const { limner } = await serveAsking(serve, {});
    const told: string[] = [];
    let answer: (reply: Reply) => void = () => {};
    const thinking = new Promise<Reply>((resolve) => {
      answer = resolve;
    });
    limner.client.setRequestHandler('elicitation/create', () => thinking);
    const onprogress = ({ message }: { message?: string | undefined }) => void told.push(message ?? '');
    const painting = limner.call('generate_image', { prompt: 'A red fox', ...dear }, { onprogress });
    await vi.waitFor(() => expect(told.at(-1)).toMatch(/^Waiting for the person to agree to the price/), { timeout: 10_000 });
    answer({ action: 'accept', content: { pay: true } });
    expect((await painting).isError).toBe(false);
  });

  test('agreed to is agreed to once: a retry beyond it is not sent', async ({ serve, google }) => {
    const { limner } = await serveAsking(serve, {}, perCall(0.01));
    google.next(answers.reset());
    expect((await paint(limner, 'A fox')).text).toMatch(
      /It was not tried again: with one more request this call may cost up to \$0\.085, and one call may cost \$0\.043/,
    );
    expect(google.requests).toHaveLength(1);
  });

  for (const { name, options } of [
    { name: 'no way to ask', options: {} },
    { name: 'addresses alone to ask with', options: { capabilities: { elicitation: { url: {} } } } },
  ]) {
    for (const { era, negotiation } of eras) {
      test(`is refused at once by a host ${era} with ${name}`, async ({ serve, google }) => {
        const limner = await serve(perCall(0.05), { options: { ...options, ...negotiation } });
        expectFreeRefusal(
          await paint(limner, 'A fox', dear),
          'over_call_limit',
          /^This call may cost up to \$0\.30, and one call may cost \$0\.050/,
        );
        expect(google.requests).toEqual([]);
      });
    }
  }
});
