import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test as base, describe, expect, test as unit } from 'vitest';
import { loadConfig } from '../src/config.ts';
import { toSentence } from '../src/fault.ts';
import { createGemini } from '../src/model/gemini.ts';
import { isSpared } from '../src/settings/proxy.ts';
import { test as withServers } from './fixtures.ts';
import { answers, type Google, startGoogle, testKey } from './google/index.ts';
import { type CompanyOptions, startCompany } from './google/network.ts';
import { runCli, small } from './raw.ts';

const load = (env: Record<string, string>) =>
  loadConfig({
    env: { GEMINI_API_KEY: testKey, ...env },
    ...{ userFile: undefined, cwd: '/home/ada/work', cwdWritable: true, home: '/home/ada', platform: 'linux' },
  });

const fox = {
  model: 'gemini-nano-banana-2.1',
  prompt: 'A red fox',
  images: [],
  aspectRatio: '1:1',
  resolution: '1K',
  webSearch: false,
  variation: 1,
} as const;

/** Asks for a picture under these settings, in this process, which trusts no company; what became of money as well. */
async function ask(env: Record<string, string>) {
  const { apiKey, redactor, baseUrl, proxy } = load(env);
  const model = createGemini({ apiKey: apiKey ?? { reveal: () => '' }, redactor, baseUrl, proxy });
  const never = new AbortController().signal;
  const billed: boolean[] = [];
  const failed = async (maybeBilled: boolean) => void billed.push(maybeBilled);
  const call = {
    cancelled: never,
    deadline: never,
    remainingMs: () => 10_000,
    onWait: () => undefined,
    beforeSending: async () => ({ failed }),
  };
  const error: unknown = await model.generate(fox, call).catch((thrown: unknown) => thrown);
  return { error, billed, said: redactor.redact(String(error)) };
}

const test = base.extend<{ google: Google; company: (options?: Partial<CompanyOptions>) => ReturnType<typeof startCompany> }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the pattern
  google: async ({}, use) => {
    const google = await startGoogle();
    await use(google);
    await google.close();
  },
  company: async ({ google }, use) => {
    const started: Awaited<ReturnType<typeof startCompany>>[] = [];
    await use(async (options = {}) => {
      const company = await startCompany({ hosts: { 'generativelanguage.googleapis.com': google.url }, ...options });
      started.push(company);
      return company;
    });
    await Promise.all(started.map((company) => company.close()));
  },
});

const password = 'proxy-p@ssw0rd!';
const user = { name: 'ada', password };

describe('a proxy that does not let a request through is said to be it, and nothing was sent', () => {
  test.for([
    [
      'wants a name',
      { user },
      'http://',
      /The proxy "127\.0\.0\.1:\d+" \(HTTPS_PROXY\) wants a name and a password \(407\).*http:\/\/NAME:PASSWORD@/,
    ],
    ['does not know the password', { user }, 'http://ada:proxy-wrong@', /does not take the name and password in HTTPS_PROXY \(407\)/],
    ['forbids Google', { refuses: 403 }, 'http://', /does not let requests through to generativelanguage\.googleapis\.com:443 \(403\)/],
  ] as const)('one that %s', async ([, options, scheme, says], { company, google }) => {
    const { url, connects } = await company(options);
    const { error, billed, said } = await ask({ HTTPS_PROXY: `${scheme}${new URL(url).host}` });
    expect(error).toMatchObject({ code: 'unreachable' });
    expect(said).toMatch(says);
    expect(said).toContain('Nothing was sent or billed.');
    expect(said).not.toContain('proxy-wrong');
    expect([billed, google.requests, connects.length]).toEqual([[false], [], 1]);
  });

  unit('one that is not there', async () => {
    const { said, billed } = await ask({ https_proxy: 'http://127.0.0.1:1' });
    expect(said).toMatch(/The proxy "127\.0\.0\.1:1" \(https_proxy\) cannot be reached \(ECONNREFUSED\)\. Nothing was sent or billed/);
    expect(new Set(billed)).toEqual(new Set([false]));
  });

  test('one that opens encrypted connections, where its authority is not known', async ({ company, google }) => {
    const { url } = await company();
    const { said, billed } = await ask({ HTTPS_PROXY: url });
    expect(said).toMatch(
      /cannot be reached \((UNABLE_TO|SELF_SIGNED)\w*\)\. Nothing was sent or billed\..*NODE_EXTRA_CA_CERTS to the file \(PEM\)/,
    );
    expect([billed, google.requests]).toEqual([[false], []]);
  });
});

describe('which proxy', () => {
  unit.for([
    [{ HTTPS_PROXY: 'http://a.example:1', https_proxy: 'http://b.example:2' }, 'http://b.example:2', 'https_proxy'],
    [{ HTTP_PROXY: 'http://a.example:1' }, 'http://a.example:1', 'HTTP_PROXY'],
    [{ HTTPS_PROXY: 'a.example:3128' }, 'http://a.example:3128', 'HTTPS_PROXY'],
    [{ HTTPS_PROXY: 'https://ada:secret-secret@a.example' }, 'https://a.example', 'HTTPS_PROXY'],
  ] as const)('%o', ([env, url, name]) => {
    const { proxy, problems } = load(env);
    expect([proxy?.url, proxy?.name, problems]).toEqual([url, name, []]);
    expect(JSON.stringify(proxy)).not.toContain('secret');
  });

  unit('a password is kept out of what leaves, however it is written', () => {
    const { redactor } = load({ HTTPS_PROXY: `http://ada:${encodeURIComponent(password)}@a.example:3128` });
    for (const text of [password, encodeURIComponent(password), Buffer.from(`ada:${password}`).toString('base64')])
      expect(redactor.redact(`It is ${text}.`)).toMatch(/^It is \[redacted\](Q==)?\.$/);
  });

  unit.for(['socks5://a.example:1080', 'http://', 'http://a b.example'])('one that cannot be used stops every call: %s', (value) => {
    expect(load({ HTTPS_PROXY: value }).problems.map(toSentence)).toEqual([
      expect.stringMatching(/^HTTPS_PROXY .*; it must be the address of an HTTP proxy/),
    ]);
    expect(load({ HTTPS_PROXY: value, LIMNER_BACKEND: 'standin' }).problems).toEqual([]);
  });

  unit.for([
    ['generativelanguage.googleapis.com', true],
    ['googleapis.com', true],
    ['.googleapis.com', true],
    ['*.googleapis.com, example.com', true],
    ['generativelanguage.googleapis.com:443', true],
    ['generativelanguage.googleapis.com:8443', false],
    ['apis.com', false],
    ['*', true],
    ['localhost 127.0.0.1', false],
  ] as const)('NO_PROXY=%s', ([list, spared]) => {
    const { proxy } = load({ HTTPS_PROXY: 'http://a.example:3128', NO_PROXY: list });
    expect(proxy && isSpared(new URL('https://generativelanguage.googleapis.com/v1beta'), proxy)).toBe(spared);
    expect(proxy && isSpared(new URL('http://127.0.0.1:8080/'), proxy)).toBe(true);
  });
});

withServers(
  'any address that speaks the Gemini API, a path before it and a proxy with a password on the way: both are shown nowhere',
  async ({ computer }) => {
    const google = await startGoogle({ prefix: '/gemini' });
    google.always(answers.picture(small));
    const company = await startCompany({ hosts: { 'gateway.example': google.url }, user });
    const env = {
      ...company.env,
      GEMINI_API_KEY: testKey,
      GOOGLE_GEMINI_BASE_URL: 'https://gateway.example/gemini/',
      DEBUG: '*',
      NODE_DEBUG: 'http,https',
    };
    const made = await runCli(computer, ['generate', 'A red fox', '-q', '-o', 'fox.jpg'], env);
    expect([made.code, made.stdout]).toEqual([0, expect.stringMatching(/fox\.jpg\n$/)]);
    const looked = await runCli(computer, ['doctor'], { ...env, DEBUG: '', NODE_DEBUG: '' });
    expect(looked.stdout).toMatch(/Google's API at https:\/\/gateway\.example\/gemini \(GOOGLE_GEMINI_BASE_URL\): reached/);
    expect(looked.stdout).toMatch(/used for gateway\.example, with a name and a password/);
    expect(google.requests.map(({ apiKey, refused }) => [apiKey, refused])).toEqual([[testKey, undefined]]);
    expect(new Set(company.connects)).toEqual(new Set(['gateway.example:443']));
    const names = (await readdir(computer.state, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    const files = await Promise.all(names.map(({ parentPath, name }) => readFile(join(parentPath, name), 'latin1')));
    const secrets = [password, encodeURIComponent(password), Buffer.from(`ada:${password}`).toString('base64').slice(0, 20)];
    for (const secret of secrets)
      for (const text of [made.stdout + made.stderr + looked.stdout + looked.stderr, ...files]) expect(text).not.toContain(secret);
    await Promise.all([company.close(), google.close()]);
  },
);
