import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { type Bare, type Message, openBare } from '../bare.ts';
import { type Computer, photo, test, withKey } from '../fixtures.ts';
import { answers, type Google } from '../google/index.ts';
import { small } from '../raw.ts';
import { amount, figure } from './form.ts';
import { leastMemoryOf } from './processes.ts';

/** Give a seed to run the same inputs again: `FUZZ_SEED=1234 npx vitest run test/security/fuzz.test.ts`. */
const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);

/** The words of errors are checked for what no error may show. */
const stack = /\bat (?:\S+ \()?(?:file:|node:|\/)\S+:\d+:\d+|TypeError|RangeError|\[object Object\]/;

const answer = z.object({
  content: z.array(z.looseObject({ type: z.string(), text: z.string().optional() })),
  isError: z.boolean().optional(),
});
const error = z.object({ 'limner/result': z.object({ error: z.object({ code: z.string() }) }) });

/** What is wrong with an answer to a tool call; undefined when nothing is. */
function findFault({ result, error: refused }: Message): string | undefined {
  if (refused !== undefined)
    return refused.code === -32603 || stack.test(refused.message) ? `protocol error: ${refused.message}` : undefined;
  const { data } = answer.safeParse(result);
  if (data === undefined) return `no tool result: ${JSON.stringify(result).slice(0, 200)}`;
  const words = data.content.map(({ text }) => text ?? '').join('\n');
  if (data.isError === true && error.safeParse(result?._meta).data?.['limner/result'].error.code === 'internal')
    return `internal: ${words}`;
  return stack.test(words) ? `a stack or a raw value: ${words}` : undefined;
}

/** Texts that have broken other programs; our own, by kind. */
const naughty = [
  '',
  ' ',
  '\0',
  '\n',
  '\t\r\n',
  '\uFEFF',
  '\u200B',
  '\u202Eevil',
  '\uD800',
  '\uDFFF\uD800',
  '🦊',
  'ﷺ',
  'Ω≈ç',
  'Z̴̧͝ą̵l̷g̸o̶',
  '田中さん',
  'ثم نفس',
  'null',
  'undefined',
  'NaN',
  'Infinity',
  '-0',
  '1e400',
  '0x10',
  '١٢٣',
  '999999999999999999999',
  'true',
  'False',
  '[]',
  '{}',
  '[[]]',
  '["a"',
  '{"a":',
  "'",
  '"',
  '`',
  '\\',
  '../../../../etc/passwd',
  '/',
  '//',
  '.',
  '..',
  '~',
  '~root',
  'C:\\con',
  'file:///etc/passwd',
  'http://127.0.0.1/',
  '%2e%2e%2f',
  'a/'.repeat(2000),
  'x'.repeat(5000),
  '/dev/zero',
  '/proc/self/environ',
  '$(id)',
  '`id`',
  '; rm -rf /',
  '${jndi:ldap://x}',
  '<script>',
  '%s%s%n',
  '{{7*7}}',
  'constructor',
  '__proto__',
  'toString',
  'hasOwnProperty',
  'last',
  'img_0',
  'img_aaaaaaaaaaaaaaaa',
  '16:9',
  '0:0',
  '1:99999',
  '99999:1',
  '1x1',
  '16383x16383',
  '1e3',
  '100%',
  'top left',
  'left 10%, right 20%',
  'left NaN%, top 0%',
  '4K',
  '200 KB',
  'photo.png',
  'photo.png/',
  'folder',
  'folder/',
  'out.webp',
  'out.exe',
] as const;

const text = fc.oneof(fc.constantFrom(...naughty), fc.string({ unit: 'binary', maxLength: 60 }), fc.string({ maxLength: 60 }));
const number = fc.oneof(
  fc.constantFrom(0, -0, -1, 1, 8, 9, 16, 64, 100, 16_383, 16_384, 100_001, 2 ** 31, 2 ** 53, -(2 ** 53), 1e308, 0.1, 1e-300),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const anything = fc.oneof(
  text,
  number,
  fc.boolean(),
  fc.constant(null),
  fc.jsonValue({ maxDepth: 4 }),
  fc.array(text, { maxLength: 20 }),
  fc.dictionary(text, anyLeaf(), { maxKeys: 6 }),
);

function anyLeaf() {
  return fc.oneof(text, number, fc.boolean(), fc.constant(null));
}

const field = z.looseObject({ type: z.string().optional(), enum: z.array(z.string()).optional() });
const listed = z.object({
  tools: z.array(
    z.object({
      name: z.string(),
      inputSchema: z.object({ properties: z.record(z.string(), field), required: z.array(z.string()).optional() }),
    }),
  ),
});

type Field = z.infer<typeof field>;

const places = fc.constantFrom('photo.png', 'small.jpg', './photo.png', 'folder/inner.webp');
/** Small, so that what is really made costs little. */
const sides = fc.integer({ min: 16, max: 64 });

/** Values an argument takes. */
function rightValue(name: string, { type, enum: values }: Field): fc.Arbitrary<unknown> {
  if (values) return fc.constantFrom(...values);
  if (type === 'boolean') return fc.boolean();
  if (type === 'array') return fc.array(places, { minLength: 1, maxLength: 3 });
  if (name === 'width' || name === 'height') return sides;
  if (type === 'integer') return fc.integer({ min: 1, max: name === 'count' ? 2 : 500 });
  if (name === 'image' || name === 'mask') return places;
  if (name === 'aspect_ratio')
    return fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 30 })).map(([w, h]) => `${w}:${h}`);
  if (name === 'region') return fc.constantFrom('top left', 'bottom third', 'left 10%, right 50%', 'center');
  if (name === 'widths') return fc.constant('16,32,48');
  if (name === 'model') return fc.constantFrom('flash', 'pro', 'lite');
  if (name === 'output') return fc.constantFrom('out/', 'out/a.png', 'out/b.jpg', 'deep/er/c.webp', 'd.avif');
  return fc.string({ minLength: 1, maxLength: 40 });
}

/** Arguments from a tool's own schema, and beside it: wrong kinds, other names, unknown keys, wrappings, and what is no object at all. */
function argumentsOf(properties: Record<string, Field>, required: readonly string[]): fc.Arbitrary<unknown> {
  const names = Object.keys(properties);
  const optional = names.filter((name) => !required.includes(name));
  // A few at a time: of many, two rarely go together.
  const right = fc
    .subarray(optional, { maxLength: 3 })
    .chain((some) =>
      fc.record(
        Object.fromEntries(
          Object.entries(properties).flatMap(([name, known]) =>
            [...required, ...some].includes(name) ? [[name, rightValue(name, known)]] : [],
          ),
        ),
      ),
    );
  const near = fc.record(
    Object.fromEntries(
      Object.entries(properties).map(([name, known]) => [
        name,
        fc.oneof({ weight: 3, arbitrary: rightValue(name, known) }, { weight: 1, arbitrary: anything }),
      ]),
    ),
    { requiredKeys: [] },
  );
  const extra = fc.dictionary(
    fc.oneof(
      text,
      fc.constantFrom('size', 'n', 'imageSize', 'input_image', 'filename', 'quality', 'transparent', 'sizes', 'arguments', ...names),
    ),
    anything,
    { maxKeys: 3 },
  );
  return fc.oneof(
    { weight: 4, arbitrary: right },
    { weight: 6, arbitrary: near },
    { weight: 3, arbitrary: fc.tuple(right, extra).map(([some, more]) => ({ ...some, ...more })) },
    { weight: 2, arbitrary: right.map((some) => ({ arguments: JSON.stringify(some) })) },
    { weight: 1, arbitrary: right.map((some) => JSON.stringify(some)) },
    { weight: 1, arbitrary: anything },
  );
}

const isFree = (tool: string) => tool === 'export_image';

/** Most calls of paid tools are dry runs, which go all the way but for the painting; a share paints, small. */
function cheap(tool: string, args: unknown, index: number): unknown {
  if (isFree(tool) || index % 25 === 0 || typeof args !== 'object' || args === null || Array.isArray(args)) return args;
  return { ...args, dry_run: true };
}

/** Sends all, so many at a time, and hands each answer over. */
async function sendAll(
  server: Bare,
  inputs: readonly { line: string; id: string | undefined }[],
  onAnswer: (id: string, message: Message) => void,
): Promise<void> {
  const atOnce = 40;
  for (let start = 0; start < inputs.length; start += atOnce) {
    const batch = inputs.slice(start, start + atOnce);
    await server.write(batch.map(({ line }) => line).join(''));
    for (const { id } of batch) if (id !== undefined) onAnswer(id, await server.next((message) => message.id === id));
    // Answers to what came before have come too, once this is answered.
    expect((await server.request('ping')).result).toEqual({});
    for (const { id } of batch) {
      const count = server.messages.filter((message) => message.id === id).length;
      if (id !== undefined && count !== 1) throw new Error(`${id} was answered ${count} times`);
    }
    server.messages.length = 0;
  }
}

async function openFuzzed(computer: Computer, google: Google): Promise<Bare> {
  google.always(answers.picture(small));
  await computer.write('photo.png', await photo(48, 32));
  await computer.write('small.jpg', await photo(32, 32, 'jpeg'));
  await computer.write('folder/inner.webp', await photo(24, 48, 'webp'));
  return openBare(computer, { env: { ...withKey(google), LIMNER_MAX_REPEATS: '0' } });
}

describe('arguments at random', () => {
  test.for(['generate_image', 'edit_image', 'compose_images', 'export_image'])(
    '%s answers each set once, in words',
    { timeout: 1_800_000 },
    async (tool, { computer, google }) => {
      const server = await openFuzzed(computer, google);
      const { tools } = listed.parse((await server.request('tools/list')).result);
      const schema = tools.find(({ name }) => name === tool)?.inputSchema;
      if (schema === undefined) throw new Error(`no tool ${tool}`);
      const sets = amount(60, 10_000);
      const generated = fc.sample(argumentsOf(schema.properties, schema.required ?? []), { seed, numRuns: sets });
      const [faults, outcomes]: [string[], { isError: boolean }[]] = [[], []];
      const toInput = (args: unknown, index: number) => {
        const id = `set-${index}`;
        const params = { name: tool, arguments: cheap(tool, args, index) };
        return { id, line: `${JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params })}\n` };
      };
      const inputs = generated.map(toInput);
      const onAnswer = (id: string, message: Message) => {
        outcomes.push({ isError: message.error !== undefined || message.result?.isError === true });
        const fault = findFault(message);
        if (fault !== undefined)
          faults.push(`${fault.slice(0, 300)}\n  for ${inputs.find((input) => input.id === id)?.line.slice(0, 600)}`);
      };
      const warm = Math.ceil(sets / 5);
      await sendAll(server, inputs.slice(0, warm), onAnswer);
      const pause = amount(0, 8);
      const before = await leastMemoryOf(server.pid, pause);
      await sendAll(server, inputs.slice(warm), onAnswer);
      const growth = (await leastMemoryOf(server.pid, pause)) - before;
      const refused = outcomes.filter(({ isError }) => isError).length;
      figure(
        `fuzzed ${tool}`,
        `${outcomes.length} of ${sets} sets answered once (${refused} refused in words), ${faults.length} faults, ${server.strays.length} stray lines, ${growth.toFixed(0)} MB more memory after the first ${warm} (FUZZ_SEED=${seed})`,
      );
      expect(faults.slice(0, 5), `FUZZ_SEED=${seed}`).toEqual([]);
      expect({ answered: outcomes.length, strays: server.strays }).toEqual({ answered: sets, strays: [] });
      expect(growth).toBeLessThan(amount(200, 50));
      server.end();
      expect(await server.exit, server.log().slice(-2000)).toBe(0);
      expect(server.log()).not.toMatch(stack);
    },
  );
});

/** What a line may be made from. */
const valid = [
  { method: 'ping' },
  { method: 'tools/list' },
  { method: 'resources/list' },
  { method: 'resources/templates/list' },
  { method: 'tools/call', params: { name: 'generate_image', arguments: { prompt: 'A red fox', dry_run: true } } },
  { method: 'tools/call', params: { name: 'export_image', arguments: { images: ['nothing.png'] }, _meta: { progressToken: 7 } } },
  { method: 'notifications/cancelled', params: { requestId: 'nobody' } },
] as const;

const change = fc.oneof(
  fc.record({ kind: fc.constant('none' as const) }),
  fc.record({ kind: fc.constant('flip' as const), at: fc.double({ min: 0, max: 1, noNaN: true }), bit: fc.nat(7) }),
  fc.record({ kind: fc.constant('cut' as const), at: fc.double({ min: 0, max: 1, noNaN: true }) }),
  fc.record({ kind: fc.constant('double' as const), at: fc.double({ min: 0, max: 1, noNaN: true }), length: fc.nat(40) }),
  fc.record({ kind: fc.constant('insert' as const), at: fc.double({ min: 0, max: 1, noNaN: true }), words: fc.constantFrom(...naughty) }),
);
type Change = typeof change extends fc.Arbitrary<infer Value> ? Value : never;

function mutate(bytes: Buffer, how: Change): Buffer {
  if (how.kind === 'none') return bytes;
  const at = Math.min(bytes.length - 1, Math.floor(how.at * bytes.length));
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  if (how.kind === 'cut') return before;
  if (how.kind === 'double') return Buffer.concat([before, after.subarray(0, how.length), after]);
  if (how.kind === 'insert') return Buffer.concat([before, Buffer.from(how.words), after]);
  return Buffer.concat([before, Buffer.from([(bytes[at] ?? 0) ^ (1 << how.bit)]), after.subarray(1)]);
}

const request = z.object({
  jsonrpc: z.literal('2.0'),
  id: z.union([z.string(), z.int()]),
  method: z.string(),
  params: z.looseObject({}).optional(),
});

/** The ids of the lines that are requests still, whatever happened to them. */
function idsOf(bytes: Buffer): (string | number)[] {
  return bytes
    .toString('utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return [request.parse(JSON.parse(line)).id];
      } catch {
        return [];
      }
    });
}

test('lines at random leave the server alive, and every request that is one still is answered', { timeout: 900_000 }, async ({
  computer,
  google,
}) => {
  const server = await openFuzzed(computer, google);
  const lines = amount(300, 5000);
  const plan = fc.sample(fc.tuple(fc.nat(valid.length - 1), fc.array(change, { minLength: 1, maxLength: 3 })), { seed, numRuns: lines });
  let [requests, answered] = [0, 0];
  const unanswered: string[] = [];
  for (const [index, [which, changes]] of plan.entries()) {
    const whole = valid[which] ?? valid[0];
    const message = { jsonrpc: '2.0', ...(whole.method.startsWith('notifications/') ? {} : { id: `line-${index}` }), ...whole };
    const bytes = changes.reduce(mutate, Buffer.from(JSON.stringify(message)));
    await server.write(Buffer.concat([bytes, Buffer.from('\n')]));
    // A method turned into this one is answered when the connection ends.
    const ids = bytes.includes('subscriptions/listen') ? [] : idsOf(bytes);
    requests += ids.length;
    for (const id of ids) {
      const found = await Promise.race([server.next((sent) => sent.id === id), server.exit]);
      if (typeof found !== 'object' || found === null)
        throw new Error(`the server ended at line ${index}, FUZZ_SEED=${seed}:\n${server.log()}`);
      answered += 1;
      const fault = found.error?.code === -32603 || stack.test(found.error?.message ?? '') ? found.error?.message : undefined;
      if (fault !== undefined) unanswered.push(`${fault} for ${bytes.toString('latin1')}`);
    }
    if (index % 50 === 0) {
      expect((await server.request('ping')).result).toEqual({});
      server.messages.length = 0;
    }
  }
  figure(
    'raw lines',
    `${lines} bent at random: ${answered} of ${requests} that were requests still answered, ${unanswered.length} faults, ${server.strays.length} stray lines (FUZZ_SEED=${seed})`,
  );
  expect({ answered, unanswered, strays: server.strays }, `FUZZ_SEED=${seed}`).toEqual({ answered: requests, unanswered: [], strays: [] });
  server.end();
  expect(await server.exit, server.log().slice(-2000)).toBe(0);
  expect(server.log()).not.toMatch(stack);
});
