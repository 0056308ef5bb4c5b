import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { z } from 'zod';

/** Numbers that look random and are the same every time: xorshift32. */
export type Dice = (sides: number) => number;

export function rollFrom(seed: number): Dice {
  let state = seed * 2654435761 || 1;
  return (sides) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % sides;
  };
}

/** What lies outside the archive and must neither be read nor changed: files that damaged ones point at. */
export interface Outside {
  folder: string;
  picture: string;
  record: string;
  words: string;
}

const object = z.record(z.string(), z.unknown());
const json = z.unknown();

/** One way to damage a file: what it leaves in its place is written or made by itself. */
type Damage = (path: string, dice: Dice, outside: Outside) => void;

function change(path: string, to: (bytes: Buffer) => Buffer): void {
  writeFileSync(path, to(readFileSync(path)));
}

/** Two places in a file, in order. */
function cut(bytes: Buffer, dice: Dice): [number, number] {
  const [a, b] = [dice(bytes.length + 1), dice(bytes.length + 1)];
  return [Math.min(a, b), Math.max(a, b)];
}

function replaceBy(path: string, make: () => void): void {
  rmSync(path, { recursive: true, force: true });
  make();
}

/** Damage any file may come to. */
const anywhere: Record<string, Damage> = {
  'flipped bits': (path, dice) =>
    change(path, (bytes) => {
      for (let flips = 1 + dice(8); flips > 0 && bytes.length > 0; flips -= 1) {
        const at = dice(bytes.length);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << dice(8));
      }
      return bytes;
    }),
  'a torn end': (path, dice) => change(path, (bytes) => bytes.subarray(0, dice(bytes.length + 1))),
  'a lost middle': (path, dice) =>
    change(path, (bytes) => {
      const [from, to] = cut(bytes, dice);
      return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
    }),
  'a part twice': (path, dice) =>
    change(path, (bytes) => {
      const [from, to] = cut(bytes, dice);
      return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
    }),
  'something in between': (path, dice) =>
    change(path, (bytes) => {
      const [from] = cut(bytes, dice);
      return Buffer.concat([bytes.subarray(0, from), Buffer.from('}{"\n\u202e\u0000'), bytes.subarray(from)]);
    }),
  zeros: (path, dice) =>
    change(path, (bytes) => {
      const [from, to] = cut(bytes, dice);
      return bytes.fill(0, from, to);
    }),
  'no UTF-8': (path, dice) =>
    change(path, (bytes) => {
      const [from] = cut(bytes, dice);
      return Buffer.concat([bytes.subarray(0, from), Buffer.from([0xff, 0xc0, 0xed, 0xa0, 0x80]), bytes.subarray(from)]);
    }),
  nothing: (path) => writeFileSync(path, ''),
  'no file': (path) => rmSync(path),
  'a hundred megabytes': (path) => truncateSync(path, 100_000_000),
  'a folder': (path) => replaceBy(path, () => void mkdirSync(path)),
  'a pipe nobody writes to': (path) => replaceBy(path, () => void execFileSync('mkfifo', [path])),
  'a link to a picture elsewhere': (path, _dice, { picture }) => replaceBy(path, () => symlinkSync(picture, path)),
  'a link to a record elsewhere': (path, _dice, { record }) => replaceBy(path, () => symlinkSync(record, path)),
  'a link to itself': (path) => replaceBy(path, () => symlinkSync(path, path)),
  'no rights': (path) => chmodSync(path, 0),
};

const strange: readonly unknown[] = [null, -1, 1e308, 0.5, '', '../../../..', [], {}, true, 'x'.repeat(100_000), { toString: 1 }];

/** Puts something strange in the place of one value, however deep. */
function bend(value: unknown, dice: Dice): unknown {
  const { data } = object.safeParse(value);
  const keys = Object.keys(data ?? {});
  const key = keys[dice(Math.max(1, keys.length))];
  if (data === undefined || key === undefined || dice(4) === 0) return strange[dice(strange.length)];
  return { ...data, [key]: bend(data[key], dice) };
}

function toObject(text: string): Record<string, unknown> {
  return object.catch({}).parse(json.parse(JSON.parse(text)));
}

function rewrite(path: string, to: (value: Record<string, unknown>) => unknown): void {
  change(path, (bytes) => Buffer.from(JSON.stringify(to(toObject(bytes.toString())))));
}

/** A record that leads elsewhere, in one of the places where it holds a path. */
function point(record: Record<string, unknown>, dice: Dice, { folder, picture, words }: Outside): unknown {
  const target = [picture, words, `${folder}/../${folder.split('/').at(-1)}/private.png`, '/dev/zero', '/proc/self/environ'][dice(5)];
  const [original, delivered] = [object.catch({}).parse(record.original), object.catch({}).parse(record.delivered)];
  const ways = [
    { ...record, original: { ...original, path: target }, delivered: undefined },
    { ...record, original: { ...original, path: target }, delivered: { ...delivered, path: target } },
    { ...record, delivered: { ...delivered, path: target, bytes: 0 } },
    { ...record, id: '../../outside/private', turn: { ...object.catch({}).parse(record.turn), sent: '../../outside/private' } },
    { ...record, inputs: [{ path: target, sha256: '0'.repeat(64) }], parents: ['../../outside/private'] },
  ];
  return ways[dice(ways.length)];
}

/** Damage of records, which are JSON. */
export const ofRecords: Record<string, Damage> = {
  ...anywhere,
  'a strange value': (path, dice) => rewrite(path, (record) => bend(record, dice)),
  'nesting without end': (path, dice) =>
    change(path, (bytes) =>
      Buffer.from(bytes.toString().replace(/"plan": \{/, `"plan": {"deep": ${'['.repeat(200_000)}${']'.repeat(200_000 - dice(2))},`)),
    ),
  __proto__: (path) =>
    change(path, (bytes) => Buffer.from(bytes.toString().replace('{', '{"__proto__": {"id": "img_aaaaaaaaaaaaaaaa", "isFree": true},'))),
  'another version': (path) => rewrite(path, ({ prompt, id, ...rest }) => ({ version: 99, name: id, words: prompt, data: rest })),
  'paths that lead elsewhere': (path, dice, outside) => rewrite(path, (record) => point(record, dice, outside)),
  'a conversation with itself': (path) =>
    rewrite(path, (record) => ({ ...record, turn: { ...object.catch({}).parse(record.turn), after: record.id } })),
};

/** Originals and conversations are bytes to whoever damages them. */
export const ofBytes = anywhere;

/** A line of the ledger that leads elsewhere, or says what cannot be. */
function bendLine(line: Record<string, unknown>, dice: Dice, { picture }: Outside): unknown {
  const id = '../../outside/private';
  const ways = [
    { ...line, image: id, images: [id] },
    { ...line, event: 'finished', unclaimed: true, files: [{ id, path: picture }] },
    { ...line, at: 'yesterday', until: 'tomorrow' },
    { ...line, dollars: -1000 },
    { ...line, until: '9999-12-31T00:00:00.000Z', pid: -1 },
    { ...line, call: '__proto__', request: 'constructor' },
    bend(line, dice),
  ];
  return ways[dice(ways.length)];
}

function bendSomeLine(path: string, dice: Dice, outside: Outside): void {
  change(path, (bytes) => {
    const lines = bytes.toString().split('\n');
    const at = dice(Math.max(1, lines.length - 1));
    return Buffer.from(
      lines.map((line, index) => (index === at ? JSON.stringify(bendLine(toObject(line), dice, outside)) : line)).join('\n'),
    );
  });
}

/** Damage of the files that grow by lines. */
export const ofLines: Record<string, Damage> = {
  ...anywhere,
  'a strange line': bendSomeLine,
  'several strange lines': (path, dice, outside) => {
    for (let count = 0; count < 5; count += 1) bendSomeLine(path, dice, outside);
  },
};

/** Damages a file in one of the ways; resolves with the name of the way. */
export function damage(path: string, ways: Record<string, Damage>, dice: Dice, outside: Outside): string {
  const names = Object.keys(ways);
  const name = names[dice(names.length)] ?? '';
  ways[name]?.(path, dice, outside);
  return name;
}
