import { createCipheriv } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { inspect } from 'node:util';
import sharp from 'sharp';
import { describe, expect, test as unit, vi } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { toSentence } from '../../src/fault.ts';
import { createGemini } from '../../src/model/gemini.ts';
import { textsIn } from '../../src/outgoing.ts';
import { createRedactor } from '../../src/redactor.ts';
import { answers, type Answer as GoogleAnswer, startGoogle } from '../google/index.ts';
import { type Raw, runCli, test } from '../raw.ts';
import { amount, figure } from './form.ts';
import { canary, disguises, leaked, readAll, tapWire } from './leaks.ts';
import { selfSigned } from './self-signed.ts';

const { error, json } = answers;
const light = { width: 64, height: 64, signatureBytes: 40 } as const;

/** A picture with a text in its metadata, where decoders do not look at it. */
async function pictureWith(text: string, format: 'png' | 'jpeg'): Promise<Buffer> {
  const picture = sharp({ create: { width: 64, height: 64, channels: 3, background: '#406080' } });
  return (format === 'png' ? picture.png() : picture.jpeg()).withExif({ IFD0: { ImageDescription: text, Copyright: text } }).toBuffer();
}

/** The answer, with further parts among its own. */
function withParts(...parts: readonly unknown[]): GoogleAnswer {
  return async (request) => {
    const reply = await answers.picture(light)(request);
    const body: { candidates: { content: { parts: unknown[] } }[] } = JSON.parse(String(reply.body));
    body.candidates[0]?.content.parts.unshift(...parts);
    return { ...reply, body: JSON.stringify(body) };
  };
}

/** The answer, with further fields around it. */
function withFields(fields: (text: string) => Record<string, unknown>, text: string): GoogleAnswer {
  return async (request) => {
    const reply = await answers.picture(light)(request);
    return { ...reply, body: JSON.stringify({ ...JSON.parse(String(reply.body)), ...fields(text) }) };
  };
}

const info = (text: string) => [
  { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'CONSUMER_SUSPENDED', metadata: { containerInfo: text, [text]: text } },
  { '@type': 'type.googleapis.com/google.rpc.Help', links: [{ description: text, url: `https://x.example/?key=${text}` }] },
];

/** Where an answer of Google's, or of whoever stands before it, may repeat the key. */
const places: readonly (readonly [name: string, answer: (text: string, elsewhere: string) => GoogleAnswer])[] = [
  ['the words before a picture', (text) => answers.picture({ ...light, text: `Your key is ${text}.` })],
  ['the words after a picture', (text) => answers.picture({ ...light, textAfter: text })],
  ['words without a picture', (text) => answers.textOnly(`I cannot: ${text}`)],
  ['the reason of a refusal', (text) => answers.refusal(text)],
  ['the message of a refusal', (text) => answers.refusal('IMAGE_SAFETY', `Blocked for ${text}`)],
  ['the reason of a block', (text) => answers.blocked(text)],
  ['a 400', (text) => error(400, 'INVALID_ARGUMENT', `Invalid value: ${text}`, info(text))],
  ['a 400 about the key', (text) => error(400, 'INVALID_ARGUMENT', `API key not valid: ${text}`, info(text))],
  ['a 401', (text) => error(401, 'UNAUTHENTICATED', `Who is ${text}?`, info(text))],
  [
    'a 403 of a suspended key',
    (text) => error(403, 'PERMISSION_DENIED', `Permission denied: Consumer 'api_key:${text}' has been suspended.`, info(text)),
  ],
  ['a 404', (text) => error(404, 'NOT_FOUND', `models/${text} is not found`, info(text))],
  ['a 418', (text) => error(418, text, text, info(text))],
  ['a 429', (text) => error(429, 'RESOURCE_EXHAUSTED', `Quota of ${text}`, info(text))],
  ['a page of a proxy', (text) => () => ({ status: 403, headers: { 'content-type': 'text/html' }, body: `<h1>${text}</h1>` })],
  ['JSON that is none', (text) => () => ({ status: 200, body: `{"candidates": [${text}` })],
  ['an answer of another shape', (text) => json({ [text]: text, candidates: { [text]: text } })],
  [
    'the headers',
    (text) => async (request) => ({
      ...(await answers.picture(light)(request)),
      headers: { 'x-echo': encodeURI(text), 'set-cookie': `k=${encodeURIComponent(text)}` },
    }),
  ],
  [
    'the address of a redirect',
    (text, elsewhere) => () => ({
      status: 307,
      headers: { location: `${elsewhere}/${encodeURIComponent(text)}?key=${encodeURIComponent(text)}` },
      body: text,
    }),
  ],
  [
    'the pages it searched',
    (text) =>
      answers.picture({
        ...light,
        grounding: {
          queries: [text],
          chunks: [{ title: text, uri: `https://page.example/${encodeURIComponent(text)}?key=${encodeURIComponent(text)}` }],
        },
      }),
  ],
  ['the name of the model', (text) => withFields((said) => ({ modelVersion: said, responseId: said }), text)],
  ['a thought', (text) => withParts({ text, thought: true })],
  ['a signature', (text) => withParts({ text: 'ok', thoughtSignature: Buffer.from(text).toString('base64') + text })],
  ['a part nobody knows', (text) => withParts({ functionCall: { name: text, args: { [text]: text } } })],
  ['the type of a picture', (text) => answers.picture({ ...light, mimeType: text })],
  [
    'the bytes of a PNG',
    (text) => async (request) => answers.picture({ signatureBytes: 0, bytes: await pictureWith(text, 'png') })(request),
  ],
  [
    'the bytes of a JPEG',
    (text) => async (request) => answers.picture({ signatureBytes: 0, bytes: await pictureWith(text, 'jpeg') })(request),
  ],
  ['bytes that are no picture', (text) => answers.picture({ signatureBytes: 0, bytes: Buffer.from(text.repeat(9)) })],
];

/** Whether a disguise means anything in bytes: of a picture's only the key itself is looked for, whole. */
const standsInBytes = (place: string, disguise: string) => !/bytes/.test(place) || /plain|base64|hexadecimal/.test(disguise);

const rows = places.flatMap(([place, answer], number) =>
  disguises.flatMap(([disguise, write], index) => {
    if (!standsInBytes(place, disguise)) return [];
    // The short form takes each place once, and over the places each disguise.
    const isShort = /bytes/.test(place) ? index === 0 : index === number % disguises.length;
    return amount(isShort ? 1 : 0, 1) === 1 ? [{ place, disguise, answer, text: write(canary) }] : [];
  }),
);

/** All that leaves a server and the commands that look at what it left behind, searched for the key. */
async function search(exits: Record<string, readonly string[]>): Promise<void> {
  const counted = Object.entries(exits).map(([name, texts]) => ({
    name,
    searched: texts.length,
    leaks: texts.filter((text) => leaked(text) > 0).map((text) => text.slice(0, 300)),
  }));
  expect(counted.filter(({ leaks }) => leaks.length > 0)).toEqual([]);
  const all = counted.map(({ name, searched }) => `${name} ${searched}`).join(', ');
  figure('the key at the exits', `0 bytes in ${all}`);
}

describe('a key that an answer repeats', () => {
  test('is in no result, message, log, file, request or command, wherever and however it is repeated', async ({ raw, computer }) => {
    const [google, elsewhere] = [await startGoogle({ key: canary }), await startGoogle({ key: canary })];
    const wire = await tapWire(google.url);
    const script = new Map(rows.map((row, index) => [`A red fox, number ${index}.`, row]));
    google.always((request) => {
      const row = [...script].find(([prompt]) => request.texts.some((text) => text.includes(prompt)))?.[1];
      return (row ? row.answer(row.text, elsewhere.url) : answers.picture(light))(request);
    });
    const server = raw({ GEMINI_API_KEY: canary, GOOGLE_GEMINI_BASE_URL: wire.url, LIMNER_MAX_REPEATS: '0' });
    await server.initialize();
    const prompts = [...script.keys()];
    const ask = (prompt: string) =>
      server.request('tools/call', {
        name: 'generate_image',
        arguments: { prompt, output: 'out/', web_search: true },
        _meta: { progressToken: prompt },
      });
    for (let start = 0; start < prompts.length; start += 8) await Promise.all(prompts.slice(start, start + 8).map(ask));
    const { text, isError } = await server.call('generate_image', { prompt: 'A good fox', output: 'good.jpg' });
    expect(isError, text).toBe(false);
    // An edit sends back what was said before.
    await server.call('edit_image', { prompt: 'Blue', image: 'good.jpg', output: 'blue.jpg' });
    const resources = await server.request('resources/list');
    await server.request('resources/read', { uri: 'limner://images' });
    const listed: unknown = resources.result?.resources;
    expect(listed).toBeInstanceOf(Array);
    for (const uri of textsIn(listed).filter((each) => each.startsWith('limner://images/img_')))
      await server.request('resources/read', { uri });
    server.end();
    await server.exit;
    const env = { GEMINI_API_KEY: canary };
    const commands = [
      ['history', '-n', '999'],
      ['history', '--json', '-n', '999'],
      ['spend'],
      ['spend', '--json'],
      ['export', 'good.jpg', '--width', '32', '--output', 'small/'],
    ];
    const shown = await Promise.all(commands.map((command) => runCli(computer, command, env)));
    const files = await readAll(join(computer.state, '..'));
    await search({
      'lines of stdout': server.output().split('\n'),
      'texts in messages': server.messages.flatMap(textsIn),
      logs: [server.log()],
      files: files.map((file) => file.text),
      'outputs of commands': shown.flatMap(({ stdout, stderr }) => [stdout, stderr]),
      'wires to Google': [wire.sent()],
    });
    expect(script.size).toBe(rows.length);
    expect([...elsewhere.requests, ...elsewhere.others]).toEqual([]);
    expect(google.requests.every(({ apiKey }) => apiKey === canary)).toBe(true);
    figure(
      'answers that repeat the key',
      `${google.requests.length} answers to ${rows.length} calls, ${places.length} places × ${disguises.length} disguises, 0 bytes leaked, 0 requests to another origin`,
    );
    await Promise.all([google.close(), elsewhere.close(), wire.close()]);
  });
});

/** A server that is asked once for a picture, and everything it wrote. */
async function askOnce(server: Raw, args: Record<string, unknown> = { prompt: 'A red fox' }, tool = 'generate_image') {
  await server.initialize();
  const { tools }: { tools?: unknown } = (await server.request('tools/list')).result ?? {};
  const answer = await server.call(tool, args);
  server.end();
  await server.exit;
  return { answer, tools, all: server.output() + server.log() };
}

describe('a key in the settings', () => {
  const spoilt: readonly (readonly [name: string, key: string, says: RegExp])[] = [
    ['a line break inside', `${canary.slice(0, 20)}\n${canary.slice(20)}`, /GEMINI_API_KEY holds characters no key has/],
    ['quotation marks inside', `${canary.slice(0, 20)}"${canary.slice(20)}`, /GEMINI_API_KEY holds characters no key has/],
    ['spaces inside', `${canary.slice(0, 20)} ${canary.slice(20)}`, /GEMINI_API_KEY holds characters no key has/],
    ['letters no key has', `${canary}é`, /GEMINI_API_KEY holds characters no key has/],
    ['nothing but spaces', '   ', /No Gemini API key is set/],
    ['a placeholder', 'YOUR_API_KEY', /GEMINI_API_KEY holds a placeholder/],
    ['Bearer before it', `Bearer ${canary}`, /GEMINI_API_KEY begins with a word such as Bearer/],
    ['a variable', '${GEMINI_API_KEY}', /GEMINI_API_KEY holds a variable that nobody filled in/],
    ['a zero-width space', `${canary.slice(0, 20)}\u200b${canary.slice(20)}`, /GEMINI_API_KEY holds characters no key has/],
    ['a carriage return inside', `${canary.slice(0, 20)}\r${canary.slice(20)}`, /GEMINI_API_KEY holds characters no key has/],
    ['one quotation mark', `"${canary}`, /GEMINI_API_KEY holds characters no key has/],
    ['a semicolon and another', `${canary};${canary}`, /GEMINI_API_KEY holds characters no key has/],
    ['its header before it', `key: ${canary}`, /GEMINI_API_KEY begins with a word such as Bearer/],
    ['nothing but quotation marks', '""', /No Gemini API key is set/],
    ['another placeholder', '<your key here>', /GEMINI_API_KEY holds a placeholder/],
    ['a variable of Windows', '%GEMINI_API_KEY%', /GEMINI_API_KEY holds a variable that nobody filled in/],
    ['a variable of OpenCode', '{env:GEMINI_API_KEY}', /GEMINI_API_KEY holds a variable that nobody filled in/],
    ['three letters', 'abc', /GEMINI_API_KEY has fewer than 8 characters/],
    ['a path', '/run/secrets/gemini-key-0123456789', /GEMINI_API_KEY holds a path: put the key itself/],
  ];
  test.for(spoilt.slice(0, amount(9, spoilt.length)))(
    'with %s stops nothing but the call, and is never shown',
    async ([, key, says], { raw }) => {
      const google = await startGoogle({ key: canary });
      const { answer, tools, all } = await askOnce(raw({ GEMINI_API_KEY: key, GOOGLE_GEMINI_BASE_URL: google.url }));
      expect(tools).toHaveLength(4);
      expect(answer.isError).toBe(true);
      expect(answer.text).toMatch(says);
      expect(leaked(all)).toBe(0);
      expect(google.requests).toEqual([]);
      await google.close();
    },
  );

  /** What is found wrong in settings, and what is done to texts under them. */
  const loadWith = (env: Record<string, string>) =>
    loadConfig({ env, userFile: undefined, cwd: '/home/ada/work', cwdWritable: true, home: '/home/ada', platform: 'linux' });

  unit.for([
    '/home/ada/.secrets/gemini-2.key',
    '~/.secrets/gemini-2.key',
    '~ada/.secrets/gemini-2.key',
    './secrets/gemini-2.key',
    '../secrets/gemini-2.key',
    '"/home/ada/My Secrets/gemini-2.key"',
    'C:\\Users\\ada\\gemini-2.key',
    'd:/secrets/gemini-2.key',
    'C:\\Users\\Ada Lovelace\\.secrets\\gemini-2.key',
  ])('that is a path is refused as one, and no other path is taken for it: %s', (key) => {
    const { apiKey, problems, redactor } = loadWith({ GEMINI_API_KEY: key });
    expect([apiKey, problems.map(toSentence)]).toEqual([
      undefined,
      [expect.stringMatching(/^GEMINI_API_KEY holds a path: put the key itself/)],
    ]);
    for (const path of ['/usr/bin:/home/ada/.secrets/bin', '/home/ada/.secrets/fox-2.key', 'C:\\Users\\Ada Lovelace\\.secrets\\fox.png'])
      expect([redactor.finds(path), redactor.redact(path)]).toEqual([false, path]);
  });

  unit.for(['file:///home/ada/.secrets/gemini-2.key', 'cat /home/ada/.secrets/gemini-2.key', `${canary} /home/ada/.secrets/gemini-2.key`])(
    'with a path in it is refused, and only what is no path is kept out: %s',
    (key) => {
      const { apiKey, redactor } = loadWith({ GEMINI_API_KEY: key });
      expect([apiKey, redactor.finds('/home/ada/.secrets/fox-2.key')]).toEqual([undefined, false]);
      expect(redactor.finds(canary)).toBe(key.includes(canary));
    },
  );

  unit('goes in clear to this computer alone, which no name below localhost has to be', () => {
    for (const [url, problems] of [
      ['http://anything.localhost:8080', 1],
      ['http://a.b.localhost', 1],
      ['http://localhost:8080', 0],
      ['http://127.8.9.10', 0],
      ['http://[::1]:1', 0],
    ] as const)
      expect([url, loadWith({ GEMINI_API_KEY: canary, GOOGLE_GEMINI_BASE_URL: url }).problems.length]).toEqual([url, problems]);
  });

  test('is trimmed and freed of quotation marks all around', async ({ raw }) => {
    const google = await startGoogle({ key: canary });
    for (const key of [` "${canary}"\n`, `' ${canary} '`]) {
      const { answer } = await askOnce(raw({ GEMINI_API_KEY: key, GOOGLE_GEMINI_BASE_URL: google.url }));
      expect(answer.isError, answer.text).toBe(false);
    }
    expect(google.requests.map(({ apiKey }) => apiKey)).toEqual([canary, canary]);
    await google.close();
  });

  test('is shown by no way of printing what holds it', () => {
    const config = loadConfig({
      env: { GEMINI_API_KEY: canary },
      userFile: undefined,
      cwd: '/home/ada/work',
      cwdWritable: true,
      home: '/home/ada',
      platform: 'linux',
    });
    expect(config.apiKey?.reveal()).toBe(canary);
    const { apiKey, redactor, baseUrl } = config;
    const model = apiKey && createGemini({ apiKey, redactor, baseUrl });
    const error = new Error('ours', { cause: Object.assign(new Error('theirs', { cause: apiKey }), { config, model }) });
    for (const value of [config, apiKey, redactor, model, error]) {
      const printed = [
        JSON.stringify(value),
        inspect(value, { depth: null, showHidden: true, getters: true }),
        String(value),
        Object.entries(value ?? {})
          .flat()
          .map(String)
          .join(),
        cloneOf(value),
      ];
      expect(printed.map((text) => leaked(text ?? ''))).toEqual([0, 0, 0, 0, 0]);
    }
  });

  test('is gone from the environment, as an error report shows', async ({ raw, computer }) => {
    await mkdir(computer.project, { recursive: true });
    const report = join(computer.project, 'report.json');
    const server = raw({
      GEMINI_API_KEY: canary,
      GOOGLE_API_KEY: canary,
      MY_OWN_COPY: `Bearer ${canary}`,
      NODE_OPTIONS: `--report-on-signal --report-directory=${computer.project} --report-filename=report.json`,
    });
    await server.initialize();
    server.kill('SIGUSR2');
    const written = await vi.waitFor(async () => {
      const parsed: { environmentVariables: Record<string, string> } = JSON.parse(await readFile(report, 'utf8'));
      return parsed;
    });
    expect(Object.keys(written.environmentVariables)).toContain('PATH');
    expect(leaked(JSON.stringify(written))).toBe(0);
  });
});

/** The text of a structured clone, or of the refusal to make one. */
function cloneOf(value: unknown): string {
  try {
    return inspect(structuredClone(value), { depth: null });
  } catch (error) {
    return inspect(error, { depth: null });
  }
}

/** Calls with a text in each argument it could stand in. */
function callsWith(secret: string) {
  return [
    ['generate_image', { prompt: `A fox that says ${secret}` }],
    ['generate_image', { prompt: 'A fox', output: `${secret}.jpg` }],
    ['generate_image', { prompt: 'A fox', output: `${secret}/`, dry_run: true }],
    ['edit_image', { prompt: secret, image: 'fox.jpg' }],
    ['edit_image', { prompt: 'Blue', image: `${secret}.jpg` }],
    ['compose_images', { prompt: 'Both', images: [secret, secret] }],
    ['export_image', { images: [`${secret}.png`], output: secret }],
    ['generate_image', { prompt: 'A fox', [secret]: secret, aspect_ratio: secret }],
  ] as const;
}

describe('a key in the arguments', () => {
  test('is refused before anything is sent or written, however it is written', async ({ raw, computer }) => {
    const google = await startGoogle({ key: canary });
    const server = raw({ GEMINI_API_KEY: canary, GOOGLE_GEMINI_BASE_URL: google.url, LIMNER_MAX_REPEATS: '0' });
    await server.initialize();
    const all = disguises.flatMap(([, write]) => callsWith(write(canary)));
    for (const [tool, args] of all) {
      const answer = await server.call(tool, args);
      expect([answer.isError, answer.text]).toEqual([true, expect.anything()]);
    }
    for (const [disguise, write] of disguises) {
      const { code, text } = await server.call('generate_image', { prompt: write(canary) });
      expect([disguise, code, text]).toEqual([disguise, 'invalid_argument', expect.stringMatching(/An argument holds the API key/)]);
    }
    expect(google.requests).toEqual([]);
    const files = await readAll(join(computer.state, '..'));
    expect(
      [...server.messages.flatMap(textsIn), server.log(), ...files.map(({ text }) => text)].filter((text) => leaked(text) > 0),
    ).toEqual([]);
    figure(
      'calls that hold the key',
      `${all.length + disguises.length} of ${all.length + disguises.length} refused with 0 requests, 0 bytes leaked`,
    );
    await google.close();
  });

  test('that an earlier turn holds is not sent either', async ({ raw }) => {
    const others = 'a-key-from-before-0123456789';
    const [before, now] = [await startGoogle({ key: others }), await startGoogle({ key: canary })];
    before.always(answers.picture(light));
    const first = raw({ GEMINI_API_KEY: others, GOOGLE_GEMINI_BASE_URL: before.url });
    await first.initialize();
    const { facts } = await first.call('generate_image', { prompt: `A sign that says ${canary}`, output: 'sign.jpg' });
    const second = raw({ GEMINI_API_KEY: canary, GOOGLE_GEMINI_BASE_URL: now.url });
    await second.initialize();
    const answer = await second.call('edit_image', { prompt: 'Blue', image: facts.images[0]?.id });
    expect([answer.code, answer.text]).toEqual(['invalid_argument', expect.stringMatching(/The request holds the API key.*history/)]);
    expect(now.requests).toEqual([]);
    expect([...second.messages.flatMap(textsIn), second.log()].filter((text) => leaked(text) > 0)).toEqual([]);
    await Promise.all([before.close(), now.close()]);
  });
});

describe('a request with the key', () => {
  test('follows no redirect, elsewhere or back to the same place', async ({ raw }) => {
    const [google, elsewhere] = [await startGoogle({ key: canary }), await startGoogle({ key: canary })];
    const server = raw({ GEMINI_API_KEY: canary, GOOGLE_GEMINI_BASE_URL: google.url });
    await server.initialize();
    const rows = [301, 302, 303, 307, 308].flatMap((status) =>
      [elsewhere.url, google.url, '//127.0.0.1:1', ''].map((to) => ({ status, to })),
    );
    for (const { status, to } of rows) {
      const location = `${to}/v1beta/models/gemini-nano-banana-2.1:generateContent`;
      google.next(() => ({ status, headers: { location }, body: '' }));
      const { code, text } = await server.call('generate_image', { prompt: `A fox, ${status}, ${to}` });
      expect([code, text]).toEqual(['upstream_fault', expect.stringContaining(`redirect (${status})`)]);
    }
    expect(google.requests).toHaveLength(rows.length);
    expect([...elsewhere.requests, ...elsewhere.others, ...google.others]).toEqual([]);
    figure('redirects', `${rows.length} of ${rows.length} not followed`);
    await Promise.all([google.close(), elsewhere.close()]);
  });

  test('goes where the settings say, whatever variables of the SDK and of Node are set, and none of them prints it', async ({
    raw,
    computer,
  }) => {
    const google = await startGoogle({ key: canary });
    const credentials = await computer.write(
      'credentials.json',
      JSON.stringify({ type: 'authorized_user', client_id: 'x', client_secret: 'x', refresh_token: 'x' }),
    );
    const server = raw({
      GEMINI_API_KEY: canary,
      GOOGLE_GEMINI_BASE_URL: google.url,
      GOOGLE_GENAI_USE_VERTEXAI: 'true',
      GOOGLE_GENAI_USE_ENTERPRISE: 'true',
      GOOGLE_GENAI_API_KEY: 'another',
      GOOGLE_CLOUD_PROJECT: 'another',
      GOOGLE_CLOUD_LOCATION: 'another',
      GOOGLE_VERTEX_BASE_URL: 'http://127.0.0.1:1',
      GOOGLE_APPLICATION_CREDENTIALS: credentials,
      GOOGLE_SDK_NODE_LOGGING: '*',
      DEBUG: '*',
      NODE_DEBUG: 'http,https,http2,net,tls,undici,fetch,stream,module,timer',
      NODE_DEBUG_NATIVE: 'none',
      DEBUG_COLORS: '0',
    });
    const { answer, all } = await askOnce(server);
    expect(answer.isError, answer.text).toBe(false);
    expect(google.requests.map(({ apiKey, apiVersion }) => [apiKey, apiVersion])).toEqual([[canary, 'v1beta']]);
    expect(google.others).toEqual([]);
    expect(leaked(all)).toBe(0);
    await google.close();
  });

  test('needs a right certificate, also where the environment says it does not', async ({ raw }) => {
    const server = createServer(selfSigned, (_, response) => void response.end('{}'));
    let requests = 0;
    server.on('request', () => {
      requests += 1;
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const { answer, all } = await askOnce(
      raw({ GEMINI_API_KEY: canary, GOOGLE_GEMINI_BASE_URL: `https://127.0.0.1:${port}`, NODE_TLS_REJECT_UNAUTHORIZED: '0' }),
    );
    expect(answer.code).toBe('unreachable');
    expect(answer.text).toMatch(/NODE_TLS_REJECT_UNAUTHORIZED=0 was ignored.*NODE_EXTRA_CA_CERTS/);
    expect([requests, leaked(all)]).toEqual([0, 0]);
    server.close();
    await once(server, 'close');
  });
});

/** Bytes without a pattern, the same each time. */
function noise(length: number): Buffer {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16));
  return cipher.update(Buffer.alloc(length));
}

describe('looking for keys', () => {
  const { redact, finds } = createRedactor([canary]);
  unit.for([
    'AIzaSyA-1234567890abcdefghijklmnopqrstu',
    'AQ.Ab8RN6K3xYz-1234567890abcdefghij',
    'ya29.a0AfH6SMBx-1234567890abcdefghij',
    'https://x.example/v1?alt=json&key=0123456789abcdef0123',
    'api_key=0123456789abcdef0123',
    '"apiKey": "0123456789abcdef0123"',
    'API key: 0123456789abcdef0123',
    'Authorization: Bearer 0123456789abcdef0123',
    'x-goog-api-key: 0123456789abcdef0123',
    "{'x-goog-api-key': '0123456789abcdef0123'}",
    'access_token=0123456789abcdef0123',
    'authorization bearer 0123456789abcdef0123',
    'header: bearer 0123456789abcdef0123',
    'Bearer ZyX0123456789abcdef0123',
    JSON.stringify('line:\nBearer ZyX0123456789abcdef0123'),
    JSON.stringify('key:\nAIzaSyA-1234567890abcdefghijklmnopqrstu'),
    JSON.stringify('key:\tAQ.Ab8RN6K3xYz-1234567890abcdefghij'),
    JSON.stringify(JSON.stringify('key:\r\nya29.a0AfH6SMBx-1234567890abcdefghij')),
    'key:\\u000aAIzaSyA-1234567890abcdefghijklmnopqrstu',
    'k%3DAIzaSyA-1234567890abcdefghijklmnopqrstu',
    JSON.stringify(JSON.stringify({ apiKey: '0123456789abcdef0123' })),
  ])('takes a key of somebody else out: %s', (text) => {
    expect(redact(`Error: ${text}, see log`)).toMatch(/^Error: .*\[redacted\].*see log$/);
    expect(redact(text)).not.toMatch(/0123456789abcdef|1234567890abcdef/);
  });

  unit.for([
    'A red fox in the snow, 4K',
    'add "env": {"GEMINI_API_KEY": "KEY"} to the entry',
    'The key to the kingdom is generate_image, and the monkey=banana.',
    '/home/ada/work/generated-images/red-fox-2.jpg (1024×1024 jpeg, 18 kB, img_x63jt5ycqfblrwz2)',
    `sha256 ${'0123456789abcdef'.repeat(4)}`,
    '{"env": {"GEMINI_API_KEY": "$GEMINI_API_KEY"}}',
    'Press any key: ESC',
    'A flag-bearer photorealistic-illustration',
    'standard bearer internationalization',
    'A standard-bearer 3d-photorealistic-illustration',
    'API key: photosynthesis-is-great',
    'api_key=1234567890123456',
    'authorization: department-of-health-and',
    '/home/me/AQ.some-long-folder-name-with-words/pic-2.png',
    `1 2 3 4 5 6 7 8, ${[...canary].slice(0, 7).join(' ')}`,
    '👩‍🎨 می‌خواهم 100% C:\\users\\u &#x1F98A; %F0%9F%A6%8A',
  ])('leaves other text as it is: %s', (text) => {
    expect(redact(text)).toBe(text);
    expect(finds(text)).toBe(false);
  });

  const wrap = (text: string, every: number, between: string) =>
    [...text].map((letter, at) => (at > 0 && at % every === 0 ? between + letter : letter)).join('');
  const base64 = Buffer.from(`k=${canary}`).toString('base64');
  unit.for([
    ['line breaks between its characters', wrap(canary, 1, '\n')],
    ['spaces', wrap(canary, 1, ' ')],
    ['spaces no line breaks on', wrap(canary, 2, '\u00a0')],
    ['line breaks of Windows', wrap(canary, 4, '\r\n')],
    ['line breaks as JSON writes them', wrap(canary, 4, '\\n')],
    ['escaped spaces', wrap(canary, 3, '%20')],
    ['spaces, escaped itself', wrap(canary, 1, ' ').replace(/\w/g, (letter) => `&#${letter.charCodeAt(0)};`)],
    ['line breaks in its base64', wrap(base64, 4, '\n')],
    ['tabs in its hexadecimal', wrap(Buffer.from(canary).toString('hex'), 2, '\t')],
  ] as const)('finds this key with %s', ([, text]) => {
    expect(finds(text)).toBe(true);
    const left = redact(`Word one ${text} word two`);
    // Around the base64 of a key stand a few letters of what was encoded with it.
    expect(left).toMatch(/^Word one (\S{1,3})?\[redacted\](\s?\S{1,4})? word two$/);
    expect(finds(left)).toBe(false);
  });

  unit('takes no time to speak of', () => {
    const [answer, signature] = ['a picture of a red fox in the snow\n'.repeat(60), noise(900_000).toString('base64')];
    const started = performance.now();
    for (let run = 0; run < 100; run += 1) redact(answer);
    const text = (performance.now() - started) / 100;
    finds(signature);
    const long = performance.now() - started - text * 100;
    figure('looking for the key', `${text.toFixed(2)} ms in 2 kB of text, ${long.toFixed(0)} ms in a signature of 1.2 million characters`);
    expect(text).toBeLessThan(50);
    expect(long).toBeLessThan(5000);
  });
});
