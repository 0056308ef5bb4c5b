import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ToolError } from '../src/errors.ts';
import { fits, presets } from '../src/export/wish.ts';
import { repairArguments } from '../src/repair/arguments.ts';
import { explainIssues } from '../src/repair/explain.ts';
import { toToolShape } from '../src/repair/shape.ts';
import { bentCalls } from './bent-arguments.ts';
import type { BentTool } from './bent-row.ts';

const edge = z.int().min(1).max(16_383).optional();
const file = {
  width: edge,
  height: edge,
  format: z.enum(['auto', 'png', 'jpeg', 'webp', 'avif']).optional(),
  background: z.enum(['auto', 'transparent']).optional(),
  max_kb: z.int().min(1).max(100_000).optional(),
  alt: z.string().max(2000).optional(),
  output: z.string().min(1).max(4096).optional(),
  overwrite: z.boolean().optional(),
};
const shared = {
  count: z.int().min(1).max(8).optional(),
  aspect_ratio: z
    .string()
    .regex(/^(?!0+(\.0+)?:)\d+(\.\d+)?:(?!0+(\.0+)?$)\d+(\.\d+)?$/)
    .optional(),
  resolution: z.enum(['1K', '2K', '4K']).optional(),
  ...file,
  model: z.string().min(1).optional(),
  web_search: z.boolean().optional(),
  dry_run: z.boolean().optional(),
};
const prompt = z.string().min(1).max(16_000);
const picture = z.string().min(1);

const schemas = {
  generate_image: z.object({ prompt, ...shared }),
  edit_image: z.object({
    prompt,
    image: picture,
    references: z.array(picture).max(13).optional(),
    region: z.string().min(1).max(200).optional(),
    mask: picture.optional(),
    ...shared,
  }),
  compose_images: z.object({ prompt, images: z.array(picture).min(1).max(14), ...shared }),
  export_image: z.object({
    images: z.array(picture).min(1).max(200),
    preset: z.enum(presets).optional(),
    ...file,
    fit: z.enum(fits).optional(),
    trim: z.boolean().optional(),
    widths: z.string().max(200).optional(),
  }),
};

const shapes = {
  generate_image: toToolShape(z.toJSONSchema(schemas.generate_image)),
  edit_image: toToolShape(z.toJSONSchema(schemas.edit_image)),
  compose_images: toToolShape(z.toJSONSchema(schemas.compose_images)),
  export_image: toToolShape(z.toJSONSchema(schemas.export_image)),
};

/** What a call comes to: valid arguments, or the sentence it is refused with. */
function settle(tool: BentTool, raw: unknown): { becomes: unknown } | { code: string; message: string } {
  try {
    const args = repairArguments(tool, shapes[tool], raw);
    const parsed = schemas[tool].safeParse(args);
    if (parsed.success) return { becomes: parsed.data };
    return { code: 'invalid_argument', message: explainIssues(tool, parsed.error.issues, args) };
  } catch (error) {
    if (error instanceof ToolError) return { code: error.code, message: error.message };
    throw error;
  }
}

describe('bent arguments', () => {
  test.for(bentCalls)('$name', (call) => {
    const outcome = settle(call.tool, call.arguments);
    if ('becomes' in call) return expect(outcome).toStrictEqual({ becomes: call.becomes });
    expect(outcome).toMatchObject({ message: expect.stringMatching(call.refused) });
  });

  test('the table has many rows, each with a name and an output of its own', () => {
    expect(bentCalls.length).toBeGreaterThanOrEqual(700);
    expect(new Set(bentCalls.map(({ name }) => name)).size).toBe(bentCalls.length);
    const files = bentCalls
      .flatMap((call) => ('becomes' in call ? [call.becomes.output] : []))
      .filter((output) => /\.\w+$/.test(String(output)));
    expect(files.length).toBe(new Set(files).size);
  });

  test('what was repaired is right: a second repair changes nothing', () => {
    for (const call of bentCalls) {
      if ('becomes' in call) expect(repairArguments(call.tool, shapes[call.tool], call.becomes), call.name).toStrictEqual(call.becomes);
    }
  });

  test('the arguments that came are left alone', () => {
    for (const call of bentCalls) {
      const before = structuredClone(call.arguments);
      settle(call.tool, call.arguments);
      expect(call.arguments, call.name).toStrictEqual(before);
    }
  });

  test('wishes are unsupported, other mistakes invalid', () => {
    expect(settle('generate_image', { prompt: 'a', seed: 1 })).toMatchObject({ code: 'unsupported' });
    expect(settle('generate_image', { prompt: 'a', size: 'large' })).toMatchObject({ code: 'unsupported' });
    expect(settle('generate_image', { prompt: 'a', sead: 1 })).toMatchObject({ code: 'invalid_argument' });
    expect(settle('generate_image', { prompt: 'a', n: 1, count: 2 })).toMatchObject({ code: 'invalid_argument' });
  });

  test('what came is quoted short and clean', () => {
    const outcome = settle('edit_image', { prompt: 'a', image: ['a.png'], aspect_ratio: `\u001b[31m${'long'.repeat(1000)}` });
    expect(outcome).toMatchObject({ message: expect.stringMatching(/^[^\p{Cc}]{1,300}$/u) });
  });
});

describe('the shape of a tool', () => {
  test('is read from its JSON schema', () => {
    expect(shapes.edit_image).toMatchObject({
      prompt: { type: 'string', required: true },
      references: { type: 'strings', required: false },
      count: { type: 'integer', required: false },
      resolution: { type: 'string', required: false, values: ['1K', '2K', '4K'] },
      overwrite: { type: 'boolean', required: false },
    });
  });

  test('what is no schema has no arguments', () => {
    expect(toToolShape(undefined)).toEqual({});
    expect(toToolShape({ properties: { a: true } })).toEqual({ a: { type: 'string', required: false } });
  });
});

describe('any arguments at all', () => {
  const tools: readonly BentTool[] = ['generate_image', 'edit_image', 'compose_images', 'export_image'];
  const words = bentCalls.flatMap(({ arguments: bent }) => (typeof bent === 'object' && bent !== null ? Object.entries(bent) : []));
  const oddKeys = ['', ' ', '__proto__', 'constructor', 'prototype', 'toString', 'valueOf', '_x', 'é', '\u0000', '💥', 'length', '0'];
  const nested: unknown = JSON.parse('['.repeat(20_000) + ']'.repeat(20_000));
  const oddValues: readonly unknown[] = [
    nested,
    ...[null, undefined, true, false, 0, -0, -1, 2.5, 1e21, Number.NaN, Number.POSITIVE_INFINITY],
    ...['', ' ', '[', '{', '"', '[]', '{}', '[[]]', '"a', '["a', '\ud800', '0:0', '1x', 'x'.repeat(100_000), '['.repeat(1000)],
    ...[[], {}, [[]], [null], [{}], { path: {} }, { path: '' }, { length: 2 }, [1, 2], { width: 'a', height: 1 }, { toString: null }],
  ];

  test('never throw anything but a ToolError', () => {
    const random = createRandom(20_260_101);
    const pick = <Item>(items: readonly Item[]): Item | undefined => items[Math.floor(random() * items.length)];
    for (let round = 0; round < 20_000; round++) {
      const entries = Array.from({ length: Math.floor(random() * 6) }, () => {
        const key = random() < 0.7 ? pick(words)?.[0] : pick(oddKeys);
        return [key ?? '', random() < 0.5 ? pick(words)?.[1] : pick(oddValues)];
      });
      const tool = pick(tools) ?? 'edit_image';
      const bent: unknown = random() < 0.05 ? pick(oddValues) : Object.fromEntries(entries);
      const outcome = settle(tool, random() < 0.1 ? toJson(bent) : bent);
      if ('message' in outcome) expect(outcome.message).toMatch(/^\P{Cc}{1,2000}$/u);
    }
  });
});

function toJson(value: unknown): unknown {
  try {
    return JSON.stringify(value);
  } catch {
    return value;
  }
}

/** Numbers from 0 to 1, the same every time (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
