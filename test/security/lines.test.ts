import { afterEach, describe, expect } from 'vitest';
import { type Bare, type Message, openBare } from '../bare.ts';
import { test as base, photo } from '../fixtures.ts';
import { amount, figure } from './form.ts';
import { memoryOf } from './processes.ts';

const started: Bare[] = [];
const test = base.extend<{ server: Bare }>({
  server: async ({ computer }, use) => {
    const server = await openBare(computer, { env: { LIMNER_BACKEND: 'standin' } });
    started.push(server);
    await use(server);
    server.kill('SIGKILL');
    await server.exit;
  },
});

afterEach(() => {
  expect(started.flatMap(({ strays }) => strays)).toEqual([]);
});

const line = (message: object | string) => (typeof message === 'string' ? message : JSON.stringify({ jsonrpc: '2.0', ...message }));
const megabyte = Buffer.alloc(1024 * 1024, 'x');

/** Writes a line with so many megabytes in its middle. */
async function writeLong(server: Bare, before: string, megabytes: number, after: string): Promise<void> {
  await server.write(before);
  for (let count = 0; count < megabytes; count += 1) await server.write(megabyte);
  await server.write(after);
}

/** What was answered to what was written so far, and the server lives. */
async function answersSince(server: Bare, before: number): Promise<Message[]> {
  expect((await server.request('ping')).result).toEqual({});
  return server.messages.slice(before, -1);
}

const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const parseError = { error: { code: -32700 } };
const invalid = { error: { code: -32600 } };

/** What is written, and the answers it gets before the next call does. */
const garbage: readonly (readonly [name: string, written: string | Uint8Array, answers: readonly object[]])[] = [
  ['no JSON', 'garbage', [parseError]],
  ['half an object', '{"jsonrpc":"2.0"', [parseError]],
  ['bytes that are no UTF-8', Buffer.from([0xff, 0xfe, 0x00, 0x80]), [parseError]],
  [
    'a request with bytes that are no UTF-8',
    Buffer.from('{"jsonrpc":"2.0","id":7,"method":"ping","params":{"a":"\xe9"}}', 'latin1'),
    [{ id: 7, ...parseError }],
  ],
  ['an empty line', '', []],
  ['blanks and a carriage return', ' \t\r', []],
  ['text', '"ping"', [invalid]],
  ['a number', '42', [invalid]],
  ['null', 'null', [invalid]],
  ['an empty object', '{}', [invalid]],
  ['an empty list', '[]', [invalid]],
  [
    'a list of two requests, as in 2025-03-26',
    `[${line({ id: 1, method: 'ping' })},${line({ id: 2, method: 'ping' })}]`,
    [
      { id: 1, result: {} },
      { id: 2, result: {} },
    ],
  ],
  ['a list of things', '[1,"a",null,[],{}]', [invalid, invalid, invalid, invalid, invalid]],
  ['a list of too many', `[${Array(101).fill('1').join()}]`, [invalid]],
  ['another version of JSON-RPC', '{"jsonrpc":"1.0","id":3,"method":"ping"}', [{ id: 3, ...invalid }]],
  ['no version', '{"id":3,"method":"ping"}', [{ id: 3, ...invalid }]],
  ['a byte order mark', `\uFEFF${line({ id: 4, method: 'ping' })}`, [{ id: 4, result: {} }]],
  ['a carriage return at the end', `${line({ id: 5, method: 'ping' })}\r`, [{ id: 5, result: {} }]],
  ['a member nobody knows', line({ id: 6, method: 'ping', trace: 1 }), [{ id: 6, result: {} }]],
  ['the id null', line({ id: null, method: 'ping' }), [invalid]],
  ['a broken id', line({ id: 1.5, method: 'ping' }), [invalid]],
  ['an object as id', line({ id: {}, method: 'ping' }), [invalid]],
  ['an id beyond counting', '{"jsonrpc":"2.0","id":1e400,"method":"ping"}', [invalid]],
  ['a negative id', line({ id: -1, method: 'ping' }), [{ id: -1, result: {} }]],
  ['an empty text as id', line({ id: '', method: 'ping' }), [{ id: '', result: {} }]],
  ['an id of 10,000 characters', line({ id: 'i'.repeat(10_000), method: 'ping' }), [{ id: 'i'.repeat(10_000), result: {} }]],
  ['a list as params', line({ id: 8, method: 'ping', params: [1] }), [{ id: 8, ...invalid }]],
  ['a number as method', line({ id: 9, method: 9 }), [{ id: 9, ...invalid }]],
  ['an unknown method', line({ id: 10, method: 'images/paint' }), [{ id: 10, error: { code: -32601 } }]],
  ['a method that every object has', line({ id: 11, method: 'constructor' }), [{ id: 11, error: { code: -32601 } }]],
  ['__proto__ as method', line({ id: 12, method: '__proto__' }), [{ id: 12, error: { code: -32601 } }]],
  ['__proto__ as a member', '{"jsonrpc":"2.0","id":13,"method":"ping","__proto__":{"id":99}}', [{ id: 13, result: {} }]],
  [
    '__proto__ and constructor in params',
    '{"jsonrpc":"2.0","id":14,"method":"ping","params":{"__proto__":{"a":1},"constructor":{"prototype":{}}}}',
    [{ id: 14, result: {} }],
  ],
  [
    'a tool that every object has',
    line({ id: 15, method: 'tools/call', params: { name: 'constructor', arguments: {} } }),
    [{ id: 15, error: { code: -32602 } }],
  ],
  ['an answer nobody asked for', line({ id: 16, result: {} }), []],
  ['an error nobody asked for', line({ id: 17, error: { code: 1, message: 'no' } }), []],
  ['an answer that is none', line({ id: 17, result: 5 }), []],
  ['a notification nobody knows', line({ method: 'notifications/unheard_of' }), []],
  ['a notification with wrong params', line({ method: 'notifications/cancelled', params: [] }), []],
  ['a notification with an id', line({ id: 18, method: 'notifications/initialized' }), [{ id: 18, error: { code: -32601 } }]],
  ['a key twice', '{"jsonrpc":"2.0","id":19,"id":20,"method":"ping"}', [{ id: 20, result: {} }]],
  [
    'the same id twice',
    `${line({ id: 21, method: 'ping' })}\n${line({ id: 21, method: 'ping' })}`,
    [
      { id: 21, result: {} },
      { id: 21, result: {} },
    ],
  ],
  ['lone halves of characters', '{"jsonrpc":"2.0","id":22,"method":"ping","params":{"a":"\\ud800","\\udfff":1}}', [{ id: 22, result: {} }]],
  [
    'a number of 100,000 digits',
    `{"jsonrpc":"2.0","id":23,"method":"ping","params":{"a":${'9'.repeat(100_000)}}}`,
    [{ id: 23, result: {} }],
  ],
  [
    '100,000 keys',
    line({ id: 24, method: 'ping', params: Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`k${at}`, at])) }),
    [{ id: 24, result: {} }],
  ],
  ['a million values', `{"jsonrpc":"2.0","id":25,"method":"ping","params":{"a":[${'{},'.repeat(1_000_000)}0]}}`, [{ id: 25, ...invalid }]],
  ['100 levels', `{"jsonrpc":"2.0","id":26,"method":"ping","params":{"a":${deep(98)}}}`, [{ id: 26, result: {} }]],
  ['101 levels', `{"jsonrpc":"2.0","id":27,"method":"ping","params":{"a":${deep(99)}}}`, [{ id: 27, ...invalid }]],
  ['100,000 levels', `{"jsonrpc":"2.0","method":"ping","params":{"id":0,"a":${deep(100_000)}},"id":28}`, [{ id: 28, ...invalid }]],
  ['a list 100,000 levels deep', deep(100_000), [invalid]],
];

describe('what a server can be sent', () => {
  test('is answered as JSON-RPC says or passed over, and the next call works', async ({ server }) => {
    const wrong: string[] = [];
    for (const [name, written, answers] of garbage) {
      const before = server.messages.length;
      await server.write(Buffer.concat([Buffer.from(written), Buffer.from('\n')]));
      const found = await answersSince(server, before);
      try {
        expect(found).toHaveLength(answers.length);
        expect(found).toEqual(answers.map((answer) => expect.objectContaining({ jsonrpc: '2.0', ...withAnyMessage(answer) })));
      } catch {
        wrong.push(`${name}: ${JSON.stringify(found).slice(0, 300)}`);
      }
    }
    expect(wrong).toEqual([]);
    figure(
      'garbage on stdin',
      `${garbage.length - wrong.length} of ${garbage.length} kinds answered as JSON-RPC says or passed over, each followed by a good call`,
    );
  });

  test('may come in pieces of any size, cut inside characters', async ({ server }) => {
    const [bytes, before] = [
      Buffer.from(`${line({ id: 'füchse 🦊', method: 'ping' })}\n${line({ id: 2, method: 'ping' })}\n`),
      server.messages.length,
    ];
    for (const byte of bytes) await server.write(Buffer.from([byte]));
    expect(await answersSince(server, before)).toMatchObject([{ id: 'füchse 🦊' }, { id: 2 }]);
  });

  test('ends without a line feed when stdin ends', async ({ server }) => {
    await server.write(line({ id: 'last', method: 'ping' }));
    server.end();
    expect((await server.next(({ id }) => id === 'last')).result).toEqual({});
    expect(await server.exit).toBe(0);
  });
});

function withAnyMessage(answer: object): object {
  return 'error' in answer ? { ...answer, error: expect.objectContaining(answer.error) } : answer;
}

describe('a line that is too long', () => {
  const sizes = [17, 64, ...(amount(0, 1) === 1 ? [300, 1000] : [])];
  const tooLong = { code: -32600, message: expect.stringMatching(/at most 16\.8 MB \(16777216 bytes\).*pass a path/) };

  test('is answered under its id, wherever that stands, in memory that does not grow', { timeout: 600_000 }, async ({ server }) => {
    // Once before, so that the memory of the first time is not counted.
    await writeLong(server, '{"id":"warm","x":"', 20, '"}\n');
    await server.next(({ id }) => id === 'warm');
    const before = await memoryOf(server.pid);
    const peaks: number[] = [];
    for (const size of sizes) {
      for (const [id, start, end] of [
        [`first ${size}`, `{"jsonrpc":"2.0","id":"first ${size}","method":"tools/call","params":{"id":1,"a":"\\\\\\"}`, '"}}\n'],
        [
          `last ${size}`,
          '{"jsonrpc":"2.0","params":{"id":2,"b":[{"id":3}],"a":"',
          `","c":"\\"id\\":4"},"method":"tools/call","id":"last ${size}"}\n`,
        ],
      ] as const) {
        await writeLong(server, start, size, end);
        expect((await server.next((message) => message.id === id)).error).toEqual(tooLong);
        peaks.push(await memoryOf(server.pid));
      }
      const sent = server.messages.length;
      await writeLong(server, '{"jsonrpc":"2.0","method":"notifications/progress","params":{"id":5,"a":"', size, '"}}\n');
      await writeLong(server, '{"jsonrpc":"2.0","result":{"a":"', size, '"},"id":6}\n');
      await writeLong(server, '', size, '\n');
      expect(await answersSince(server, sent)).toEqual([{ jsonrpc: '2.0', error: tooLong }]);
      peaks.push(await memoryOf(server.pid));
    }
    const growth = Math.max(...peaks) - before;
    figure(
      'lines over the limit',
      `${sizes.join(', ')} MB: answered with the limit, the session goes on, at most ${growth.toFixed(0)} MB more memory`,
    );
    // Up to the limit a line is kept; some such lines wait to be collected.
    expect(growth).toBeLessThan(80);
    expect((await server.request('tools/list')).result).toHaveProperty('tools');
    expect(server.messages.filter(({ id }) => typeof id === 'number')).toEqual([]);
  });

  test('and never ends takes no memory, and the server ends with stdin', { timeout: 300_000 }, async ({ server }) => {
    await writeLong(server, '', 20, '\n');
    const before = await memoryOf(server.pid);
    const megabytes = amount(60, 1000);
    await writeLong(server, '["', megabytes, '');
    const growth = (await memoryOf(server.pid)) - before;
    expect(growth).toBeLessThan(50);
    figure('a line without end', `${megabytes} MB read, ${growth.toFixed(0)} MB more memory`);
    server.end();
    expect(await server.exit).toBe(0);
  });
});

describe('arguments that are absurd', () => {
  test('are refused in less than a second, with what to do instead', async ({ server }) => {
    const data = 'A'.repeat(11 * 1024 * 1024);
    const absurd: readonly (readonly [tool: string, args: unknown, words: RegExp])[] = [
      ['generate_image', { prompt: data }, /more than 1000000 characters/],
      ['generate_image', { prompt: 'x'.repeat(16_001) }, /at most 16000 characters, but 16001 came: shorten it/],
      ['edit_image', { prompt: 'x', image: `data:image/png;base64,${data}` }, /given by its path, never as data/],
      [
        'edit_image',
        { prompt: 'x', image: 'A'.repeat(4097) },
        /at most 4096 characters, but 4097 came: give the path of a file, not its data/,
      ],
      [
        'compose_images',
        {
          prompt: 'x',
          images: Array(15)
            .fill(0)
            .map((_, at) => `${at}.png`),
        },
        /at most 14 entries, but 15 came/,
      ],
      [
        'compose_images',
        {
          prompt: 'x',
          images: Array(100_000)
            .fill(0)
            .map((_, at) => `${at}.png`),
        },
        /more than 2000 values/,
      ],
      ['export_image', { images: JSON.stringify(Array(50_000).fill('a.png')) }, /more than 2000 values/],
      ['export_image', `['${Array(60_000).fill('a.png').join("','")}']`, /more than|must be one object/],
      ['generate_image', Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`k${at}`, at])), /more than 2000 values/],
      ['generate_image', { prompt: 'x', size: `1${' '.repeat(500_000)}x` }, /no such "size"|no "size"/],
      ['edit_image', { prompt: 'x', image: 'a', region: { left: `1${' '.repeat(500_000)}x` } }, /region/],
      ['generate_image', { arguments: deep(400_000) }, /more than 30 levels/],
      ['generate_image', { prompt: JSON.parse(deep(60)) }, /more than 30 levels/],
    ];
    await server.request('tools/call', { name: 'generate_image', arguments: {} });
    const times: number[] = [];
    for (const [name, args, words] of absurd) {
      // Other tests run meanwhile, and stretch all but the best of some times.
      let best = Number.POSITIVE_INFINITY;
      for (let tries = 0; tries < 3 && best >= 500; tries += 1) {
        const start = performance.now();
        const { result } = await server.request('tools/call', { name, arguments: args });
        best = Math.min(best, performance.now() - start);
        expect(result, JSON.stringify(args).slice(0, 80)).toMatchObject({
          isError: true,
          content: [{ text: expect.stringMatching(words) }],
        });
      }
      times.push(best);
    }
    figure('absurd arguments', `${absurd.length} refused, the slowest in ${Math.max(...times).toFixed(0)} ms`);
    // A machine that runs other tests meanwhile is slower, but not by the thousands that a pattern gone wild takes.
    expect(Math.max(...times)).toBeLessThan(amount(5000, 1000));
  });

  test('of a region named as what every object has are refused', async ({ computer, server }) => {
    await computer.write('photo.png', await photo(64, 64));
    for (const region of ['constructor', 'toString', '__proto__', 'top constructor']) {
      const { result } = await server.request('tools/call', { name: 'edit_image', arguments: { prompt: 'x', image: 'photo.png', region } });
      expect(result).toMatchObject({ isError: true, content: [{ text: expect.stringMatching(/is not a place in the picture/) }] });
    }
  });
});
