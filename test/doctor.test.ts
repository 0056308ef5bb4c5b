import { chmod, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import type { CliContext } from '../src/cli/context.ts';
import { doctorCommand } from '../src/cli/doctor.ts';
import { checkRoom } from '../src/doctor/folders.ts';
import { checkNode } from '../src/doctor/node.ts';
import { toCliContext } from './cli-context.ts';
import { built, type Computer, withKey } from './fixtures.ts';
import { answers, type Google, startGoogle, testKey } from './google/index.ts';
import { test as base, held, runCli, small } from './raw.ts';
import { copyWithout } from './security/faults-stage.ts';

const finding = z.strictObject({
  check: z.string(),
  state: z.enum(['ok', 'warning', 'problem']),
  says: z.string(),
  fix: z.string().optional(),
});
const report = z.strictObject({ version: z.string(), node: z.string(), platform: z.string(), findings: z.array(finding) });

interface Examined {
  /** What is not in order, as it is printed. */
  wrong: string[];
  all: z.infer<typeof finding>[];
  code: unknown;
}

/** As it is printed, but for the space between. */
const toLine = ({ state, says, fix }: z.infer<typeof finding>) => `${state} ${says}${fix === undefined ? '' : `. Fix: ${fix}.`}`;

const test = base.extend<{
  google: Google;
  examine: (env?: Record<string, string>, options?: { args?: string[]; program?: string }) => Promise<Examined>;
}>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the pattern
  google: async ({}, use) => {
    const google = await startGoogle();
    google.always(answers.picture(small));
    await use(google);
    await google.close();
  },
  /** Runs the command for programs; the key is nowhere, whatever is wrong with it. */
  examine: async ({ computer, google }, use) => {
    await use(async (env = {}, { args = [], program = built } = {}) => {
      const { code, stdout, stderr } = await runCli(computer, ['doctor', '--json', ...args], { ...withKey(google), ...env }, { program });
      const { findings } = report.parse(JSON.parse(stdout));
      expect(code).toBe(findings.some(({ state }) => state === 'problem') ? 1 : 0);
      expect(stdout + stderr).not.toMatch(/key-0123456789/);
      return { wrong: findings.filter(({ state }) => state !== 'ok').map(toLine), all: findings, code };
    });
  },
});

test('all in order: every line is ok, the exit code 0, nothing is left behind, and one free request is all it takes', async ({
  examine,
  computer,
  google,
}) => {
  const root = dirname(computer.state);
  const before = await readdir(root, { recursive: true });
  const { wrong, all, code } = await examine();
  expect([wrong, code]).toEqual([[], 0]);
  const said = all.map(({ says }) => says).join('\n');
  expect(said).toContain(`Node ${process.versions.node}`);
  expect(said).toMatch(/^sharp \d+\.\d+\.\d+ \(libvips \d+\.\d+\.\d+\): reads and writes png, jpeg, webp, avif$/m);
  expect(said).toMatch(/^key: GEMINI_API_KEY in the environment of this shell/m);
  expect(said).toMatch(/reached in \d+\.\d s; flash, pro and lite are offered to this key$/m);
  expect(said).toContain(`output folder ${join(computer.project, 'generated-images')}: is made when it is needed`);
  expect(said).toContain(`state folder ${computer.state}: is made when it is needed`);
  expect(said).toMatch(/^free space: [\d.]+ GB for project folder, output folder, state folder$/m);
  expect(await readdir(root, { recursive: true })).toEqual(before);
  expect(google.requests).toEqual([]);
  expect(google.others.map(({ path }) => path)).toEqual(['/v1beta/models?pageSize=1000']);
});

test('people read the same in lines, under what runs where, above the count', async ({ computer, google, examine }) => {
  const env = { LIMNER_PREVIEW: 'x', LIMNER_BUDGET_USD_PER_DAY: 'y' };
  const { all } = await examine(env);
  const { code, stdout, stderr } = await runCli(computer, ['doctor'], { ...withKey(google), ...env });
  const [title, ...lines] = stdout.trimEnd().split('\n');
  expect([code, stderr]).toEqual([1, '']);
  expect(title).toMatch(new RegExp(`^limner \\d+\\.\\d+\\.\\d+, Node ${process.versions.node}, ${process.platform} ${process.arch}$`));
  expect(lines.pop()).toBe('1 problem, 1 warning.');
  // How long Google takes, and what is free on the disk, is not the same twice.
  const steady = (text: string) => text.replace(/[\d.]+ (s;|GB for)/g, '$1');
  expect(lines.map(steady)).toEqual(all.map((each) => steady(toLine(each).replace(each.state, each.state.padEnd(8)))));
});

test('offline asks nobody', async ({ examine, google }) => {
  const { wrong, all } = await examine({}, { args: ['--offline'] });
  expect([wrong, google.others, all.filter(({ check }) => check === 'Google' || check === 'clock')]).toEqual([[], [], []]);
});

test('arguments it does not know are refused with 2, and help is no examination', async ({ computer, google }) => {
  expect(await runCli(computer, ['doctor', '--fix'], withKey(google))).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(/--fix.*Usage: limner doctor/s),
  });
  expect(await runCli(computer, ['doctor', 'key'], withKey(google))).toMatchObject({ code: 2, stdout: '' });
  expect(await runCli(computer, ['doctor', '--help'], withKey(google))).toMatchObject({
    code: 0,
    stderr: '',
    stdout: expect.stringMatching(/^Usage: limner doctor/),
  });
  expect(google.others).toEqual([]);
});

describe('the key', () => {
  test('none: where to get one and where to write it; Google is not asked', async ({ examine, computer, google }) => {
    const { wrong } = await examine({ GEMINI_API_KEY: '' });
    const file = join(computer.home, '.config', 'limner', 'config.json');
    expect(wrong).toEqual([
      expect.stringContaining(
        `problem key: none is set in the environment of this shell or in ${file}; one that a host hands on cannot be seen from here. Fix: make one at`,
      ),
    ]);
    expect(wrong[0]).toContain(
      'https://aistudio.google.com/apikey (image models need billing) and run `limner setup`, which stores it in that file',
    );
    expect(google.others).toEqual([]);
  });

  test('of the per-user file is found there, with its mode; one that others may read is a warning', async ({ examine, computer }) => {
    const file = join(computer.home, '.config', 'limner', 'config.json');
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, JSON.stringify({ GOOGLE_API_KEY: testKey }), { mode: 0o600 });
    const good = await examine({ GEMINI_API_KEY: '' });
    expect([good.wrong, good.all.find(({ check }) => check === 'key')?.says]).toEqual([[], `key: GOOGLE_API_KEY in ${file}, mode 0600`]);
    await chmod(file, 0o644);
    expect((await examine({ GEMINI_API_KEY: '' })).wrong).toEqual([
      `warning ${file} holds a key and others on this computer may read it. Fix: run chmod 600 on it.`,
    ]);
    await chmod(file, 0o666);
    expect((await examine({ GEMINI_API_KEY: '' })).wrong).toEqual([
      expect.stringMatching(/^problem Everybody on this computer may change .* Fix: run chmod 600 on it\.$/),
    ]);
  });

  test.for([
    ['a line break', `${testKey}\n${testKey}`, /holds characters no key has .*\. Fix: copy the key again \(in the environment\)\.$/],
    ['a word before it', `Bearer ${testKey}`, /begins with a word such as Bearer\. Fix: write the key alone/],
    ['a placeholder', '<your key>', /holds a placeholder\. Fix: replace it with the key itself/],
    ['a variable', '${GEMINI_API_KEY}', /holds a variable that nobody filled in\. Fix: write the key itself/],
    ['too few characters', '0123', /has fewer than 8 characters, which no key has\. Fix: copy the key again/],
  ] as const)('spoilt by %s is one problem, and shown nowhere', async ([, key, says], { examine, computer, google }) => {
    const { wrong, code } = await examine({ GEMINI_API_KEY: key });
    const { stdout, stderr } = await runCli(computer, ['doctor'], { ...withKey(google), GEMINI_API_KEY: key });
    expect(stdout + stderr).not.toMatch(/key-0123456789/);
    expect(wrong).toEqual([expect.stringMatching(says)]);
    expect([wrong[0]?.startsWith('problem GEMINI_API_KEY '), code]).toEqual([true, 1]);
  });

  test("that looks like none of Google's is told where Google cannot be asked", async ({ examine }) => {
    const offline = { args: ['--offline'] };
    const strange = await examine({ GOOGLE_GEMINI_BASE_URL: '' }, offline);
    expect(strange.wrong).toEqual([expect.stringMatching(/^warning key: .* begin with AQ\. or AIza\. Fix: copy it again/)]);
    expect((await examine({ GOOGLE_GEMINI_BASE_URL: '', GEMINI_API_KEY: `AIza${'0'.repeat(35)}` }, offline)).wrong).toEqual([]);
  });
});

describe('Google', () => {
  test.for([
    [
      'does not know the key',
      answers.keyInvalid(),
      /^problem Google does not accept this API key\. Fix: make a key at .* and set it as GEMINI_API_KEY in the environment\.$/,
    ],
    [
      'repeats the key it has suspended',
      answers.keySuspended(testKey),
      /^problem Google has suspended the owner of this API key\. Fix: make a key/,
    ],
    [
      'keeps the key from this API',
      answers.keyRestricted(),
      /^problem This API key may not use the Gemini API: .*\. Fix: in Google AI Studio, look/,
    ],
    ['is not offered here', answers.locationUnsupported(), /^problem Google's API is not offered in the country .*\. Fix: see where/],
    ['has no quota without billing', answers.quotaZero(), /^problem This key has no quota for image models: .*\. Fix: turn on billing/],
    ['limits the rate', answers.rateLimited(30), /^warning Google's rate limit is reached\. Fix: wait a minute/],
    ['is overloaded', answers.overloaded(), /^warning Google's API is overloaded or down \(503\)\. Fix: wait a minute/],
    ['is a sign-in page', answers.html(200), /^problem What answered \(HTTP 200\) is not Google's API: .*\. Fix: look at the network/],
    [
      'leads elsewhere',
      answers.redirect('https://sign-in.example/'),
      /^problem The API answered with a redirect \(307\).*\. Fix: look at the network/,
    ],
    [
      'breaks off',
      answers.reset(),
      /^problem The connection to Google broke .*\. Fix: look at the network, the proxy and GOOGLE_GEMINI_BASE_URL\.$/,
    ],
  ] as const)('that %s is one finding', async ([, answer, says], { examine, google }) => {
    google.onList(answer);
    const { wrong } = await examine();
    expect(wrong).toEqual([expect.stringMatching(says)]);
  });

  test('that is silent holds nobody up for twenty seconds', { timeout: 60_000 }, async ({ computer, google }) => {
    google.onList(answers.hang());
    const started = performance.now();
    const { code, stdout } = await runCli(computer, ['doctor'], withKey(google));
    expect([code, performance.now() - started < 20_000]).toEqual([1, true]);
    expect(stdout).toMatch(/^problem {2}Google did not answer within 10 s\. Fix: /m);
  });

  test('that cannot be reached, or answers without TLS, is a problem each with its own fix', async ({ examine, google }) => {
    await google.close();
    expect((await examine()).wrong).toEqual([
      expect.stringMatching(/^problem Google's API cannot be reached \(ECONNREFUSED\)\. Fix: look at the network/),
    ]);
    const plain = await startGoogle();
    expect((await examine({ GOOGLE_GEMINI_BASE_URL: plain.url.replace('http', 'https') })).wrong).toEqual([
      expect.stringMatching(
        /^problem Google's API cannot be reached \(\w+\)\. Fix: where a proxy opens encrypted connections, set NODE_EXTRA_CA_CERTS/,
      ),
    ]);
    await plain.close();
    // The fixture closes it at the end.
    Object.assign(google, { close: async () => undefined });
  });

  test('of another clock is a warning from five minutes on', async ({ examine, google }) => {
    const all = ['gemini-nano-banana-2.1', 'gemini-3-pro-image', 'gemini-3.1-flash-lite-image'];
    const at = (minutes: number) => new Date(Date.now() + minutes * 60_000);
    google.onList(answers.models(all, at(-30)));
    expect((await examine()).wrong).toEqual([
      expect.stringMatching(/^warning clock: 30 minutes ahead of Google's; .*\. Fix: set the clock/),
    ]);
    google.onList(answers.models(all, at(60 * 24 * 3)));
    expect((await examine()).wrong).toEqual([expect.stringMatching(/^warning clock: 3 days behind Google's; /)]);
    google.onList(answers.models(all, at(-4)));
    expect((await examine()).wrong).toEqual([]);
  });
});

describe('the model', () => {
  test('that calls use and Google does not offer is a problem, another one a warning', async ({ examine, google }) => {
    google.onList(answers.models(['gemini-3-pro-image', 'gemini-3.1-flash-lite-image']));
    expect((await examine()).wrong).toEqual([
      expect.stringMatching(
        /^problem model flash \(gemini-nano-banana-2\.1\).*does not offer it.*\. Fix: set LIMNER_MODEL to pro or lite\.$/,
      ),
    ]);
    expect((await examine({ LIMNER_MODEL: 'pro' })).wrong).toEqual([
      expect.stringMatching(/^warning flash: Google does not offer it to this key; .*\. Fix: use pro or lite\.$/),
    ]);
  });

  test('that Google has deprecated, switched off or never had is told with what to set', async ({ examine }) => {
    expect((await examine({ LIMNER_MODEL: 'gemini-3.1-flash-image' })).wrong).toEqual([
      expect.stringMatching(
        /^warning model Nano Banana 2 \(gemini-3\.1-flash-image\): Google has deprecated .*\. Fix: set LIMNER_MODEL=flash\.$/,
      ),
    ]);
    expect((await examine({ LIMNER_MODEL: 'gemini-2.5-flash-image' })).wrong).toEqual([
      expect.stringMatching(
        /^warning model flash .*: gemini-2\.5-flash-image has been switched off by Google; .*\. Fix: set LIMNER_MODEL=flash\.$/,
      ),
    ]);
    expect((await examine({ LIMNER_MODEL: 'gemini-9-image' })).wrong).toEqual([
      expect.stringMatching(/^problem model gemini-9-image, .*does not offer it.*LIMNER_MODEL to flash or pro or lite/),
    ]);
  });

  test('of no known price is never used under a budget', async ({ examine }) => {
    const env = { LIMNER_MODEL: 'gemini-9-image', LIMNER_BUDGET_USD_PER_DAY: '2' };
    const offline = { args: ['--offline'] };
    expect((await examine(env, offline)).wrong).toEqual([
      expect.stringMatching(/^problem model gemini-9-image: there is a budget and its price is not known.*LIMNER_PRICE_USD_PER_IMAGE/),
    ]);
  });
});

describe('settings', () => {
  test.for([
    [
      'a value that is none',
      { LIMNER_PREVIEW: '4000' },
      'warning LIMNER_PREVIEW is "4000"; 1024 was used. Fix: make it 1024, 768, 512 or none (in the environment).',
    ],
    [
      'a budget that is none',
      { LIMNER_BUDGET_USD_PER_DAY: 'lots' },
      'problem LIMNER_BUDGET_USD_PER_DAY is "lots"; nothing is spent until it is mended. Fix: make it a number such as 2 or 0.50 (in the environment).',
    ],
    ['a name nobody knows', { LIMNER_MODELL: 'pro' }, 'warning LIMNER_MODELL is not a setting of limner and was ignored'],
    [
      'an address in clear',
      { GOOGLE_GEMINI_BASE_URL: 'http://gateway.example' },
      expect.stringMatching(/^problem GOOGLE_GEMINI_BASE_URL is "http:\/\/gateway\.example": the key would travel in clear/),
    ],
    [
      'a folder too wide',
      { LIMNER_OUTPUT_DIR: '/' },
      expect.stringMatching(/^problem LIMNER_OUTPUT_DIR is "\/", .* too wide\. Fix: name a folder inside it \(in the environment\)\.$/),
    ],
    [
      'a folder that is not there',
      { LIMNER_ALLOWED_DIRS: '/nowhere/art' },
      expect.stringMatching(/^warning LIMNER_ALLOWED_DIRS: "\/nowhere\/art" does not exist\. Fix: mend it in the environment\.$/),
    ],
  ] as const)('%s is told once, with where it is', async ([, env, says], { examine }) => {
    const { wrong } = await examine(env, { args: ['--offline'] });
    expect(wrong.filter((line) => !line.startsWith('warning key'))).toEqual([says]);
  });

  test('a file that cannot be read is one problem, and the rest is looked at all the same', async ({ examine, computer }) => {
    const folder = join(computer.home, '.config', 'limner');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'config.json'), `{"GEMINI_API_KEY": "${testKey}`);
    const { wrong, all } = await examine();
    expect(wrong).toEqual([
      expect.stringMatching(/^problem .*config\.json is not a readable JSON object such as .*\. Fix: mend it or remove it\.$/),
    ]);
    expect(all.length).toBeGreaterThan(10);
  });

  test('every other command says in its log what doctor says in its lines', async ({ computer }) => {
    const env = { LIMNER_PREVIEW: '4000' };
    expect((await runCli(computer, ['history'], env)).stderr).toMatch(/LIMNER_PREVIEW/);
    expect((await runCli(computer, ['doctor', '--offline'], env)).stderr).toBe('');
  });
});

test('the stand-in is a warning: no real pictures; it needs no key and asks nobody', async ({ examine, google }) => {
  const { wrong, code } = await examine({ LIMNER_BACKEND: 'standin', GEMINI_API_KEY: '' });
  expect([wrong, code, google.others]).toEqual([
    [expect.stringMatching(/^warning LIMNER_BACKEND=standin: labelled drawings are made, no real pictures/)],
    0,
    [],
  ]);
});

describe('the proxy', () => {
  const offline = { args: ['--offline'] };
  const way = { GOOGLE_GEMINI_BASE_URL: '', GEMINI_API_KEY: `AIza${'0'.repeat(35)}`, HTTPS_PROXY: 'http://ada:s3cret@proxy.example:3128' };
  const says = ({ all }: Examined) => all.find(({ check }) => check === 'proxy')?.says;

  test('is used, by every Node, and its password is not shown', async ({ examine }) => {
    const found = await examine(way, offline);
    expect([found.wrong, says(found)]).toEqual([
      [],
      'proxy "proxy.example:3128" (HTTPS_PROXY): used for generativelanguage.googleapis.com, with a name and a password',
    ]);
    expect(JSON.stringify(found)).not.toContain('s3cret');
    // As programs write it that need no scheme; the one for http will do.
    const plain = await examine({ ...way, HTTPS_PROXY: '', http_proxy: 'proxy.example:3128' }, offline);
    expect([plain.wrong, says(plain)]).toEqual([[], 'proxy "proxy.example:3128" (http_proxy): used for generativelanguage.googleapis.com']);
  });

  test.for(['generativelanguage.googleapis.com', '.googleapis.com', 'example.com, *.googleapis.com', '*'])(
    'is passed by for NO_PROXY=%s',
    async (list, { examine }) => {
      const { wrong, all } = await examine({ ...way, NO_PROXY: list }, offline);
      expect([wrong, all.find(({ check }) => check === 'proxy')?.says]).toEqual([
        [],
        expect.stringMatching(/passed by for .*, by NO_PROXY$/),
      ]);
    },
  );

  test('of another kind stops every call', async ({ examine }) => {
    expect((await examine({ ...way, HTTPS_PROXY: 'socks5://ada:s3cret-s3cret@proxy.example:1080' }, offline)).wrong).toEqual([
      'problem HTTPS_PROXY begins with "socks5". Fix: make it the address of an HTTP proxy, such as http://proxy.example:3128.',
    ]);
  });

  test('is passed by on this computer, and a problem of its own where it cannot be reached', async ({ examine, google }) => {
    const here = await examine({ HTTP_PROXY: 'http://proxy.example:3128' });
    expect([here.wrong, google.others.length, says(here)]).toEqual([
      [],
      1,
      expect.stringMatching(/passed by for 127\.0\.0\.1, which is this computer$/),
    ]);
    const { wrong } = await examine({ ...way, HTTPS_PROXY: 'http://127.0.0.1:1' });
    expect(wrong).toEqual([
      expect.stringMatching(
        /^problem The proxy "127\.0\.0\.1:1" \(HTTPS_PROXY\) cannot be reached \(ECONNREFUSED\)\. Fix: look at the network and the proxy/,
      ),
    ]);
  });

  test('of a company needs its certificates: a file that is not there, or holds none, is a warning', async ({
    computer,
    examine,
    google,
  }) => {
    const [missing, empty] = [join(computer.home, 'ca.pem'), await computer.write('empty.pem', 'nothing')];
    const good = join(import.meta.dirname, 'security', 'tls', 'authority.pem');
    const lines = (env: Record<string, string>) => examine({ ...withKey(google), ...env });
    expect((await lines({ NODE_EXTRA_CA_CERTS: missing })).wrong).toEqual([
      expect.stringContaining(`warning NODE_EXTRA_CA_CERTS ${missing}: there is no such file. Fix: name the file (PEM)`),
    ]);
    expect((await lines({ NODE_EXTRA_CA_CERTS: empty })).wrong).toEqual([expect.stringContaining('no certificate is in it')]);
    const { wrong, all } = await lines({ NODE_EXTRA_CA_CERTS: good });
    expect([wrong, all.find(({ check }) => check === 'certificates')?.says]).toEqual([
      [],
      `NODE_EXTRA_CA_CERTS ${good}: one more certificate is trusted`,
    ]);
  });
});

describe('folders', () => {
  test('a state folder that is a file, or lies in one, is a problem', async ({ examine, computer }) => {
    await writeFile(computer.state, 'in the way');
    const fix = 'Fix: make it writable for you, or set LIMNER_STATE_DIR to a folder that is.';
    expect((await examine()).wrong).toEqual([
      `problem state folder ${computer.state}: a part of that path is a file, not a folder. ${fix}`,
    ]);
    const below = join(computer.state, 'deep', 'er');
    expect((await examine({ LIMNER_STATE_DIR: below })).wrong).toEqual([
      `problem state folder ${below}, in ${computer.state}: a part of that path is a file, not a folder. ${fix}`,
    ]);
  });

  test('folders that cannot be made are told, each with its setting', async ({ examine, computer }) => {
    const file = await computer.write('in-the-way', 'a file');
    const below = join(file, 'below');
    const why = `${below}, in ${file}: a part of that path is a file, not a folder`;
    expect((await examine({ LIMNER_OUTPUT_DIR: below })).wrong).toEqual([
      `problem output folder ${why}. Fix: make it writable for you, or set LIMNER_OUTPUT_DIR to a folder that is.`,
    ]);
    expect((await examine({ LIMNER_ALLOWED_DIRS: below })).wrong).toContainEqual(
      expect.stringContaining(`warning allowed folder ${why}; its pictures can be read only. Fix: `),
    );
  });

  test('an output folder that a project lets lead elsewhere, or in the archive, is a problem', async ({ examine, computer }) => {
    await symlink(computer.home, join(computer.project, 'generated-images'));
    expect((await examine()).wrong).toEqual([expect.stringMatching(/^problem .*generated-images/)]);
    await rm(join(computer.project, 'generated-images'));
    const inside = join(computer.state, 'art');
    expect((await examine({ LIMNER_OUTPUT_DIR: inside })).wrong).toEqual([
      expect.stringContaining(`problem output folder ${inside}: limner may not write there`),
    ]);
  });

  test('each further folder is looked at', async ({ examine, computer }) => {
    const further = ['art', 'web'].map((name) => join(computer.home, name));
    await Promise.all(further.map((folder) => mkdir(folder)));
    const { wrong, all } = await examine({ LIMNER_ALLOWED_DIRS: further.join(':') });
    expect(wrong).toEqual([]);
    expect(all.filter(({ check }) => check === 'allowed folder').map(({ says }) => says)).toEqual(
      further.map((folder) => `allowed folder ${folder}: can be written`),
    );
  });

  test('little room is a warning below 1 GB and a problem below 100 MB, once for each file system', () => {
    const on = (name: string, disk: string, freeBytes: number | undefined) => ({ name, probe: { isThere: true, disk, freeBytes } });
    const looked = [
      on('output folder', 'a', 99_999_999),
      on('state folder', 'b', 500_000_000),
      on('allowed folder', 'b', 500_000_000),
      on('project folder', 'c', undefined),
    ];
    expect(checkRoom(looked).map(toLine)).toEqual([
      'problem free space: 100.0 MB for output folder. Fix: free some space on that disk, or set other folders.',
      'warning free space: 500.0 MB for state folder, allowed folder. Fix: free some space on that disk, or set other folders.',
    ]);
    expect(checkRoom([on('state folder', 'b', 1_000_000_000)]).map(({ state }) => state)).toEqual(['ok']);
  });
});

describe('what was spent and kept', () => {
  test('an archive above its cap and a budget that is spent are warnings', async ({ examine, google, start }) => {
    const server = await start({ env: withKey(google) });
    await server.call('generate_image', { prompt: 'A fox' });
    await server.close();
    const good = await examine({ LIMNER_BUDGET_USD_PER_DAY: '2' });
    expect(good.wrong).toEqual([]);
    expect(good.all.map(({ says }) => says).join('\n')).toMatch(
      /^budget: \$0\.0\d+ of \$2\.00 spent today, which begins anew at midnight$/m,
    );
    expect((await examine({ LIMNER_BUDGET_USD_PER_DAY: '0.01' })).wrong).toEqual([
      expect.stringMatching(
        /^warning budget: .* of \$0\.010 spent today, .*\. Fix: wait for tomorrow, or raise LIMNER_BUDGET_USD_PER_DAY\.$/,
      ),
    ]);
    expect((await examine({ LIMNER_ARCHIVE_MAX_GB: '0.000001' })).wrong).toEqual([
      expect.stringMatching(/^warning archive: \d+ kB of the 1 kB it may have\. Fix: raise LIMNER_ARCHIVE_MAX_GB/),
    ]);
  });

  test('a picture no host was told of, and a request whose process died, are warnings', async ({ examine, google, raw }) => {
    const late = held();
    google.next(late.answer);
    const leaving = raw(withKey(google));
    await leaving.initialize();
    leaving.send({ id: 'late', method: 'tools/call', params: { name: 'generate_image', arguments: { prompt: 'A fox' } } });
    await expect.poll(() => google.requests.length, { timeout: 10_000 }).toBe(1);
    leaving.end();
    late.release();
    await leaving.exit;
    google.next(answers.hang());
    const dying = raw(withKey(google));
    await dying.initialize();
    dying.send({ id: 'lost', method: 'tools/call', params: { name: 'generate_image', arguments: { prompt: 'An owl' } } });
    await expect.poll(() => google.requests.length, { timeout: 10_000 }).toBe(2);
    dying.kill('SIGKILL');
    await dying.exit;
    expect((await examine()).wrong).toEqual([
      expect.stringMatching(/^warning 1 picture of the last 24 hours, of which no host was told\. Fix: see `limner history`/),
      expect.stringMatching(
        /^warning 1 request of the last 24 hours brought nothing and may have been billed \(\$0\.\d+\)\. Fix: see `limner history`/,
      ),
    ]);
  });
});

describe('the program itself', () => {
  test('a Node outside the range of package.json is a problem', () => {
    expect(['18.20.0', '20.18.9', '21.7.0', '22.11.0'].map((version) => checkNode({ version }).state)).toEqual(Array(4).fill('problem'));
    expect(['20.19.0', '20.100.0', '22.12.0', '23.0.0', '100.0.0'].map((version) => checkNode({ version }).state)).toEqual(
      Array(5).fill('ok'),
    );
    expect(checkNode({ version: '18.20.0' })).toMatchObject({
      says: expect.stringContaining('^20.19.0'),
      fix: expect.stringMatching(/^install Node 24/),
    });
  });

  test('without sharp everything else is looked at, and how to get it is said', async ({ examine, computer }) => {
    const program = await copyWithout(join(dirname(computer.state), 'limner'), 'sharp', '@img');
    const { wrong } = await examine({}, { program });
    expect(wrong).toEqual([
      expect.stringMatching(
        /^problem sharp, which works on pictures, cannot be loaded \(.*\)\. Fix: reinstall .*npm install --include=optional\.$/,
      ),
    ]);
  });

  test('a home that is not there is no reason to fail', async ({ examine, computer }) => {
    const gone = await examine({ HOME: join(computer.home, 'gone') });
    expect([gone.wrong, gone.all.length > 10]).toEqual([[], true]);
  });

  test('with everything broken it still says all of it', async ({ computer, google }) => {
    google.onList(answers.html(200));
    await writeFile(computer.state, 'in the way');
    const env = {
      ...withKey(google),
      HOME: join(computer.home, 'gone'),
      LIMNER_MODEL: 'imagen-3',
      LIMNER_PREVIEW: 'x',
      NODE_EXTRA_CA_CERTS: '/nowhere',
    };
    const { code, stdout } = await runCli(computer, ['doctor'], env);
    expect(code).toBe(1);
    expect(stdout.split('\n').at(-2)).toBe('2 problems, 3 warnings.');
  });
});

describe('in a terminal', () => {
  async function runAt(columns: number | undefined, computer: Computer) {
    const lines: { line: string; colour: string | undefined }[] = [];
    const print: CliContext['print'] = (line, mark) =>
      void lines.push({ line, colour: mark && `${mark.colour} ${line.slice(0, mark.length)}` });
    const env = { ...computer.env, LIMNER_BACKEND: 'standin' };
    await doctorCommand(['--offline'], toCliContext({ ...computer, env }, { columns, print, printError: () => undefined }));
    return lines;
  }

  test('lines end at its width and go on under their text; each state has its colour', async ({ computer }) => {
    const lines = await runAt(60, computer);
    const words = lines.filter(({ line }) => !line.includes('/'));
    expect(words.every(({ line }) => line.length <= 60)).toBe(true);
    const warning = lines.findIndex(({ line }) => line.startsWith('warning  LIMNER_BACKEND'));
    expect(lines[warning]?.colour).toBe('yellow warning');
    expect(lines[warning + 1]).toEqual({ line: expect.stringMatching(/^ {9}\S/), colour: undefined });
    expect(lines[1]?.colour).toBe('green ok');
    const wide = await runAt(undefined, computer);
    expect(wide.some(({ line }) => line.length > 100)).toBe(true);
    expect(stripVTControlCharacters(wide.map(({ line }) => line).join('\n'))).toBe(wide.map(({ line }) => line).join('\n'));
  });
});
