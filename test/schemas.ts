import { z } from 'zod';

/** How often a schema that holds itself was looked into. */
let looks = 0;

const category = z.object({
  name: z.string().trim().min(1),
  get inner() {
    looks += 1;
    return z.array(category).optional();
  },
});

const base = z.looseObject({ id: z.union([z.string(), z.number().int()]), at: z.iso.datetime().optional() });

/** Schemas of every kind that limner and the SDK declare. */
const schemas = {
  category,
  base,
  extended: base.extend({ method: z.literal('go'), params: z.record(z.string(), z.unknown()).default({}) }).strict(),
  spread: z.object({ ...base.shape, kind: z.enum(['a', 'b']).catch('a') }),
  chosen: z.discriminatedUnion('event', [
    z.object({ event: z.literal('one'), count: z.int().positive() }),
    z.object({ event: z.literal('two'), list: z.array(z.string().regex(/^x/)).max(2) }),
  ]),
  both: z.object({ a: z.string() }).and(z.object({ b: z.number().nullable() })),
  listed: z.tuple([z.string(), z.boolean()]),
  made: z.preprocess((value) => (typeof value === 'string' ? value.split(',') : value), z.array(z.coerce.number())),
  refined: z.object({ from: z.number(), to: z.number() }).refine(({ from, to }) => from < to, 'from is not below to'),
  changed: z.string().transform((text) => text.length),
  later: z.lazy(() => category),
  pattern: z.templateLiteral([z.number(), ':', z.number()]),
  bytes: z.instanceof(Uint8Array),
  described: z.object({ size: z.enum(['1K', '2K']).optional().describe('How large.') }),
  picked: category.pick({ name: true }).partial().catchall(z.boolean()),
  absent: z.object({
    inner: z.string().default('a').optional(),
    within: z.object({ deep: z.string().default('b') }).optional(),
    after: z.string().optional().default('c'),
    caught: z.number().catch(7).optional(),
    either: z.union([z.string().default('d'), z.number()]).optional(),
    anything: z.unknown().optional(),
    list: z.array(z.string().min(2)).optional().nullable(),
    piped: z
      .string()
      .transform((text) => text.length)
      .optional(),
    own: z.string().optional().optional(),
  }),
};

const values: unknown[] = [
  undefined,
  null,
  7,
  'x',
  '1:2',
  '1,2',
  ['a', true],
  ['1', 'x'],
  new Uint8Array(3),
  { name: ' a ', inner: [{ name: 'b' }, { name: '' }] },
  { name: 'a', other: true },
  { id: 1, at: '2026-01-01T00:00:00Z', more: 1 },
  { id: 'x', method: 'go', params: { a: 1 } },
  { id: 1.5, method: 'stop' },
  { id: 1, kind: 'c' },
  { event: 'one', count: 1 },
  { event: 'two', list: ['x', 'y', 'xx'] },
  { event: 'three' },
  { a: 'a', b: null },
  { from: 1, to: 2 },
  { from: 2, to: 1 },
  { size: '3K' },
  { within: {}, caught: 'x', list: ['x'], piped: 'abc', anything: undefined, own: undefined },
  { within: undefined, after: undefined, list: undefined, piped: 4, own: 5 },
];

export const looksBeforeUse = looks;

/** What each schema says of each value. */
export const answers = Object.entries(schemas).flatMap(([name, schema]) =>
  values.map((value, index) => {
    const { success, data, error } = schema.safeParse(value);
    return { name, index, success, data, issues: error?.issues };
  }),
);

export const described = z.toJSONSchema(schemas.described);

export const optional = [schemas.category, z.string().optional()].map(
  (schema) => '~standard' in schema && 'parse' in schema && schema.safeParse(undefined).success,
);
