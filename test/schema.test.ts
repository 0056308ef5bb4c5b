import { describe, expect } from 'vitest';
import { z } from 'zod';
import { withKey } from './fixtures.ts';
import { modern, test } from './raw.ts';

const name = z.string().regex(/^[a-z_]{1,64}$/);
const description = z.string().min(1).max(4095);

const text = z.strictObject({ type: z.literal('string'), description });
const choice = z.strictObject({ type: z.literal('string'), description, enum: z.array(z.string()).min(2) });
const whole = z.strictObject({ type: z.literal('integer'), description });
const flag = z.strictObject({ type: z.literal('boolean'), description });
const texts = z.strictObject({ type: z.literal('array'), description, items: text });

/** What every host digests, and nothing else: bounds are said in words, and whatever is not listed here (unions, references, patterns, formats, `$schema` …) fails. */
const arguments_ = z.strictObject({
  type: z.literal('object'),
  properties: z.record(name, z.union([choice, text, whole, flag, texts])),
  required: z.array(name).min(1),
});

const tool = z.strictObject({
  name,
  title: z.string().min(1),
  description,
  inputSchema: arguments_,
  annotations: z.strictObject({
    title: z.string().min(1),
    readOnlyHint: z.boolean(),
    destructiveHint: z.boolean(),
    idempotentHint: z.boolean(),
    openWorldHint: z.boolean(),
  }),
  _meta: z.strictObject({ 'anthropic/alwaysLoad': z.literal(true), ui: z.strictObject({ resourceUri: z.string() }).optional() }),
});

const list = z.looseObject({ tools: z.array(tool) });

/** Bounds that a caller could meet, as the descriptions say them. */
const ranges = [
  ['generate_image', 'alt', 'up to 2,000 characters'],
  ['export_image', 'alt', 'up to 2,000 characters'],
  ['generate_image', 'count', '1 to 8'],
  ['edit_image', 'count', '1 to 8'],
  ['edit_image', 'references', 'Up to 13'],
  ['compose_images', 'images', '1 to 14'],
  ['export_image', 'images', 'up to 100'],
  ['generate_image', 'prompt', '16,000 characters'],
] as const;

/** What is not done unless it is asked. */
const withoutDefault = new Set(['width', 'height', 'max_kb', 'region', 'mask', 'widths']);

describe('tools/list', () => {
  test('holds nothing that some host cannot digest', async ({ raw }) => {
    const server = raw();
    await server.initialize();
    const { tools } = list.parse((await server.request('tools/list')).result);
    expect(tools.map((listed) => listed.name)).toEqual(['generate_image', 'edit_image', 'compose_images', 'export_image']);
    for (const listed of tools) {
      expect(listed.annotations).toEqual({
        title: listed.title,
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: false,
        openWorldHint: listed.name !== 'export_image',
      });
      // The longest name a host makes of it; Gemini CLI cuts at 63.
      expect(`mcp__limner__${listed.name}`.length).toBeLessThan(60);
      const { properties, required } = listed.inputSchema;
      expect(required.filter((argument) => !(argument in properties))).toEqual([]);
    }
  });

  test('says every range and default in words, in fewer tokens than bounds take, and for hosts that drop those', async ({ raw }) => {
    const server = raw();
    await server.initialize();
    const { tools } = list.parse((await server.request('tools/list')).result);
    for (const [tool, argument, words] of ranges)
      expect(tools.find((listed) => listed.name === tool)?.inputSchema.properties[argument]?.description).toContain(words);
    for (const { inputSchema } of tools) {
      for (const [argument, property] of Object.entries(inputSchema.properties)) {
        const { type, description: words } = property;
        if ('enum' in property && argument === 'resolution') for (const value of property.enum) expect(words).toContain(value);
        if (type !== 'array' && !inputSchema.required.includes(argument) && !withoutDefault.has(argument))
          expect(words, argument).toMatch(/default/i);
      }
    }
  });

  test('is the same for every client, key, folder and era, and may be kept for an hour', async ({ raw, google }) => {
    const listed = [];
    for (const env of [{}, withKey(google), { LIMNER_BACKEND: 'standin', LIMNER_MODEL: 'pro' }, { LIMNER_PREVIEW: 'nonsense' }]) {
      const server = raw(env);
      await server.initialize();
      listed.push(await server.request('tools/list'));
    }
    const old = raw();
    await old.initialize('2024-11-05');
    listed.push(await old.request('tools/list'));
    const latest = await raw().request('tools/list', { _meta: modern });
    expect(latest.result).toMatchObject({ ttlMs: 3_600_000, cacheScope: 'public' });
    const texts = [...listed, latest].map(({ result }) => JSON.stringify(result?.tools));
    expect(new Set(texts).size).toBe(1);
  });

  test('comes with instructions that tell the tools apart, in both eras', async ({ raw }) => {
    const before = (await raw().initialize()).result?.instructions;
    const now = (await raw().request('server/discover', { _meta: modern })).result?.instructions;
    expect(now).toBe(before);
    expect(before).toMatch(/generate_image.*edit_image.*compose_images/s);
    expect(String(before).length).toBeLessThan(1000);
  });
});

const missing = /"prompt" is missing/;

describe('arguments that are none', () => {
  test.for([
    ['left out', undefined, missing],
    ['null', null, missing],
    ['empty', {}, missing],
    ['an empty text', '', missing],
    ['an empty list', [], missing],
    ['a text', 'A red fox', /prompt/],
    ['a number', 42, /prompt/],
    ['a list of texts', ['A red fox'], /prompt/],
  ] as const)('are explained: %s', async ([, args, explanation], { raw, google }) => {
    const server = raw(withKey(google));
    await server.initialize();
    const answer = await server.call('generate_image', args);
    expect(answer).toMatchObject({ isError: true, code: 'invalid_argument', blocks: ['text'] });
    expect(answer.text).toMatch(explanation);
    expect(answer.text).toContain('Nothing was generated and nothing was charged.');
    expect(google.requests).toEqual([]);
  });

  test('are read when they are JSON as text', async ({ raw, google }) => {
    const server = raw(withKey(google));
    await server.initialize();
    const answer = await server.call('generate_image', '{"prompt": "A red fox", "aspect_ratio": "16:9"}');
    expect(answer.isError, answer.text).toBe(false);
    expect(google.requests).toMatchObject([{ texts: ['A red fox'], aspectRatio: '16:9' }]);
  });
});

test('what is not listed is validated all the same', async ({ limner, google }) => {
  const wrong = [
    { aspect_ratio: 'rather wide' },
    { aspect_ratio: '16:9:1' },
    { aspect_ratio: '-16:9' },
    { count: -1 },
    { count: 9 },
    { count: 1.5 },
    { resolution: '8K' },
    { format: 'svg' },
    { width: 16_384 },
    { height: 1.5 },
    { max_kb: -1 },
    { background: 'white' },
    { model: 'x'.repeat(101) },
    { output: 'x'.repeat(4097) },
  ];
  for (const args of wrong) {
    const answer = await limner.call('generate_image', { prompt: 'A red fox', ...args });
    expect([JSON.stringify(args), answer.isError, answer.text]).toEqual([
      JSON.stringify(args),
      true,
      expect.stringContaining(`"${Object.keys(args)[0]}"`),
    ]);
  }
  expect(await limner.call('generate_image', { prompt: 'x'.repeat(16_001) })).toMatchObject({ isError: true, code: 'invalid_argument' });
  expect(google.requests).toEqual([]);
});
