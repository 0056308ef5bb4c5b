import fc from 'fast-check';
import { expect, test } from 'vitest';
import { scanForPictures } from '../../src/model/picture-scan.ts';
import { createSetAside, type SetAside } from '../../src/model/set-aside.ts';
import { createRedactor } from '../../src/redactor.ts';
import { amount, figure } from './form.ts';

/** Give a seed to run the same bodies again: `FUZZ_SEED=1234 npx vitest run test/security/streaming.test.ts`. */
const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);

/** JSON with everything its text may have and a value has not: names that come twice, in their order. */
type Json = string | number | boolean | null | readonly Json[] | { members: readonly (readonly [name: string, value: Json])[] };

const standard = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

/** Texts where a picture's base64 stands: as it should be, as it has been seen, and as nobody should send it. */
const base64 = fc
  .tuple(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.uint8Array({ minLength: 700, maxLength: 1100 }),
      fc.uint8Array({ minLength: 2000, maxLength: 2600 }),
    ),
    fc.constantFrom(
      standard,
      standard,
      standard,
      (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url'),
      (bytes: Uint8Array) => standard(bytes).replace(/=+$/, ''),
      (bytes: Uint8Array) => standard(bytes).replace(/.{76}/g, '$&\r\n'),
      (bytes: Uint8Array) => standard(bytes).replace(/.{5}/g, '$& '),
      (bytes: Uint8Array) => `#${standard(bytes).slice(1)}`,
      (bytes: Uint8Array) => `data:image/png;base64,${standard(bytes)}`,
      (bytes: Uint8Array) => `${standard(bytes)}==${standard(bytes)}`,
      (bytes: Uint8Array) => standard(bytes).replace(/.{90}/g, '$&=é"\\\0田🦊'),
      (bytes: Uint8Array) => ' '.repeat(bytes.length + 1),
    ),
  )
  .map(([bytes, encode]) => encode(bytes));

const name = fc.constantFrom(
  'candidates',
  'content',
  'parts',
  'inlineData',
  'data',
  'mimeType',
  'text',
  'inline_data',
  '__proto__',
  '',
  'ключ',
  'x'.repeat(80),
);
const scalar = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
  base64,
);

/** Values that look like an answer here and there. */
const { anything } = fc.letrec<{ anything: Json }>((tie) => ({
  anything: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    scalar,
    fc.array(tie('anything'), { maxLength: 3 }),
    fc.array(fc.tuple(name, tie('anything')), { maxLength: 4 }).map((members) => ({ members })),
  ),
}));

const object = (...members: readonly (readonly [string, Json])[]): Json => ({ members });
const inline = base64.chain((data) =>
  fc.constantFrom<Json>(
    object(['inlineData', object(['mimeType', 'image/png'], ['data', data])]),
    object(['inlineData', object(['data', data], ['mimeType', 'image/png'])], ['thoughtSignature', data]),
    object(['thought', true], ['inlineData', object(['data', data])]),
    object(['inlineData', object(['data', data], ['data', 'short'])], ['text', '"inlineData":{"data":"']),
    object(['inlineData', object(['data', 'short'], ['data', data])], ['inlineData', object(['data', data])]),
    object(['inlineData', object(['more', object(['data', data])], ['data', data])]),
    object(['inlineData', [object(['data', data])]]),
    object(['inlineData', data], ['data', data]),
    object(['text', `{"candidates":[{"content":{"parts":[{"inlineData":{"data":"${data}"}}]}}]}`]),
    object(['inlineData', object([data, data])]),
  ),
);
const answer = fc
  .array(fc.oneof({ weight: 3, arbitrary: inline }, { weight: 1, arbitrary: anything }), { maxLength: 4 })
  .chain((parts) =>
    fc.constantFrom<Json>(
      object(
        ['candidates', [object(['content', object(['parts', parts], ['role', 'model'])], ['finishReason', 'STOP'])]],
        ['modelVersion', 'x'],
      ),
      object([
        'candidates',
        [object(['index', 0], ['content', object(['role', 'model'], ['parts', parts])]), object(['content', object(['parts', parts])])],
      ]),
      object(
        ['usageMetadata', object(['n', 1.5e3])],
        ['candidates', [null, [], object(['content', object(['parts', parts], ['parts', parts])])]],
      ),
      object(['candidates', object(['content', object(['parts', parts])])]),
      [object(['candidates', [object(['content', object(['parts', parts])])]])],
    ),
  );

/** How a text is written down: what stands between its signs, and which characters are escaped. */
const style = fc.record({
  space: fc.constantFrom('', '', ' ', '\n  ', '\t\r\n'),
  escapes: fc.constantFrom('none', 'none', 'usual', 'some', 'all'),
});
type Style = typeof style extends fc.Arbitrary<infer Value> ? Value : never;

function write(value: Json, { space, escapes }: Style): string {
  const unit = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  const text = (words: string) => {
    if (escapes === 'all') return `"${words.replace(/[\s\S]/g, unit)}"`;
    const usual = JSON.stringify(words);
    if (escapes === 'none') return usual;
    const proto = usual.replaceAll('/', '\\/').replaceAll('=', '\\u003d');
    return escapes === 'usual'
      ? proto
      : proto.replace(/(?<=^"|[a-z]{2})[a-z](?=\w)/gi, (letter, at: number) =>
          at % 7 === 1 ? unit(letter).toUpperCase().replace('U', 'u') : letter,
        );
  };
  const list = (items: readonly string[], [open, close]: readonly [string, string]) =>
    `${open}${space}${items.join(`${space},${space}`)}${space}${close}`;
  const one = (inner: Json): string => {
    if (typeof inner === 'string') return text(inner);
    if (typeof inner !== 'object' || inner === null) return JSON.stringify(inner);
    if ('members' in inner)
      return list(
        inner.members.map(([key, each]) => `${text(key)}${space}:${space}${one(each)}`),
        ['{', '}'],
      );
    return list(inner.map(one), ['[', ']']);
  };
  return space + one(value) + space;
}

const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const damage = fc.oneof(
  { weight: 12, arbitrary: fc.constant((bytes: Buffer) => bytes) },
  { weight: 1, arbitrary: place.map((at) => (bytes: Buffer) => bytes.subarray(0, Math.floor(at * bytes.length))) },
  {
    weight: 2,
    arbitrary: fc.tuple(place, fc.nat(7)).map(([at, bit]) => (bytes: Buffer) => {
      const copy = Buffer.from(bytes);
      const index = Math.floor(at * bytes.length);
      copy[index] = (copy[index] ?? 0) ^ (1 << bit);
      return copy;
    }),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        place,
        fc.constantFrom(
          '"',
          '\\',
          '\n',
          '\0',
          '{',
          '}',
          ']',
          ',',
          ':',
          '\\x',
          '\\u12',
          '\\u003d',
          '\\"',
          '\ud800',
          '\ufeff',
          '""',
          '=',
          ' ',
        ),
      )
      .map(([at, words]) => (bytes: Buffer) => {
        const index = Math.floor(at * bytes.length);
        return Buffer.concat([bytes.subarray(0, index), Buffer.from(words), bytes.subarray(index)]);
      }),
  },
  { weight: 1, arbitrary: fc.constant((bytes: Buffer) => Buffer.concat([Buffer.from('\ufeff'), bytes])) },
  { weight: 1, arbitrary: fc.constant((bytes: Buffer) => Buffer.concat([Buffer.from('data: '), bytes, Buffer.from('\n\n')])) },
  { weight: 1, arbitrary: fc.constant((bytes: Buffer) => Buffer.concat([bytes, bytes])) },
);

/** Lengths of the pieces a body comes in, over and over. */
const pieces = fc.oneof(
  { weight: 1, arbitrary: fc.constant([1]) },
  { weight: 3, arbitrary: fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 }) },
  { weight: 3, arbitrary: fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 5 }) },
  { weight: 2, arbitrary: fc.constant([2 ** 30]) },
);

const body = fc
  .tuple(fc.oneof({ weight: 5, arbitrary: answer }, { weight: 1, arbitrary: anything }), style, damage)
  .map(([value, how, bend]) => bend(Buffer.from(write(value, how))));

/** As `Response.json` reads a body; undefined for what is none. */
function parse(bytes: Buffer): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(new TextDecoder().decode(bytes)) };
  } catch {
    return undefined;
  }
}

function scan(bytes: Buffer, lengths: readonly number[], aside: SetAside): Buffer {
  const handed: Uint8Array[] = [];
  const scanning = scanForPictures(aside, (some) => void handed.push(some));
  for (let [at, turn] = [0, 0]; at < bytes.length; turn += 1) {
    const length = lengths[turn % lengths.length] ?? 1;
    scanning.push(bytes.subarray(at, at + length));
    at += length;
  }
  scanning.end();
  return Buffer.concat(handed);
}

/** Base64 as Node decodes it, where no character is wider than a byte. */
const decode = (text: string) => Buffer.from(text.replace(/[^\0-\x7f]/g, ' '), 'base64');
const picturePlace = /^candidates\.\d+\.content\.parts\.\d+\.inlineData\.data$/;

/** Where two values differ, a word in the first standing for the picture that is base64 in the second; and how many pictures there were. */
function compare(handed: unknown, wanted: unknown, aside: SetAside, path: readonly string[] = []): { faults: string[]; pictures: number } {
  const where = path.join('.');
  if (typeof handed === 'string' && typeof wanted === 'string') {
    const picture = aside.find(handed);
    if (picture === undefined && wanted.length >= 1024 && picturePlace.test(where))
      return { faults: [`${where} was left in`], pictures: 0 };
    if (picture === undefined) return { faults: handed === wanted ? [] : [`${where} is another text`], pictures: 0 };
    const isRight = picturePlace.test(where) && decode(wanted).equals(picture);
    return { faults: isRight ? [] : [`${where} is another picture`], pictures: 1 };
  }
  if (typeof handed !== 'object' || typeof wanted !== 'object' || handed === null || wanted === null) {
    return { faults: Object.is(handed, wanted) ? [] : [`${where} is another value`], pictures: 0 };
  }
  const [ours, theirs] = [Object.entries(handed), Object.entries(wanted)];
  if (Array.isArray(handed) !== Array.isArray(wanted) || ours.map(([key]) => key).join('\0') !== theirs.map(([key]) => key).join('\0')) {
    return { faults: [`${where} has other properties`], pictures: 0 };
  }
  const inner = ours.map(([key, value], index) => compare(value, theirs[index]?.[1], aside, [...path, key]));
  return { faults: inner.flatMap(({ faults }) => faults), pictures: inner.reduce((sum, { pictures }) => sum + pictures, 0) };
}

test('what is handed on of any body is the same JSON but for its pictures, or none when the body is none', { timeout: 1_800_000 }, () => {
  const bodies = amount(400, 20_000);
  const redactor = createRedactor([]);
  let [pictures, refused] = [0, 0];
  const faults: string[] = [];
  for (const [bytes, lengths] of fc.sample(fc.tuple(body, pieces), { seed, numRuns: bodies })) {
    const aside = createSetAside(redactor);
    const [handed, wanted] = [parse(scan(bytes, lengths, aside)), parse(bytes)];
    if (wanted === undefined) refused += 1;
    const found =
      handed && wanted
        ? compare(handed.value, wanted.value, aside)
        : { faults: handed || wanted ? [handed ? 'it was taken for JSON' : 'it was refused'] : [], pictures: 0 };
    pictures += found.pictures;
    faults.push(...found.faults.map((fault) => `${fault}: ${lengths.join()} of ${bytes.toString('latin1')}`));
  }
  figure(
    'answers read while they stream',
    `${bodies} bodies against JSON.parse: ${pictures} pictures taken out, ${refused} bodies refused by both, ${faults.length} faults (FUZZ_SEED=${seed})`,
  );
  expect(faults.slice(0, 3), `FUZZ_SEED=${seed}`).toEqual([]);
  expect(Math.min(pictures, refused)).toBeGreaterThan(bodies / 20);
});
