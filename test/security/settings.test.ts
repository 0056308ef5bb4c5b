import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { built, type Computer, photo, startLimner, test, withKey } from '../fixtures.ts';
import { testKey } from '../google/index.ts';
import { amount, figure } from './form.ts';

/** A computer with things that a wrong setting could open: a neighbour's home, a folder beside the project, links to too much. */
async function furnish(computer: Computer): Promise<void> {
  await mkdir(join(computer.home, 'beside'), { recursive: true });
  await mkdir(join(computer.home, '..', 'bob'), { recursive: true });
  for (const folder of [join(computer.home, 'beside'), join(computer.home, '..', 'bob'), computer.home])
    await writeFile(join(folder, 'private.png'), await photo(64, 64));
  await computer.write('file.txt', 'no folder');
  await symlink('/', join(computer.project, 'to-root'));
  await symlink(computer.home, join(computer.project, 'to-home'));
  await symlink('/etc', join(computer.project, 'to-etc'));
}

/** How a wrong setting ends: nothing works until it is mended, or limner goes on without it; and what is said of it. */
type Row = readonly [name: string, value: string, ends: 'refused' | 'ignored', says: RegExp];

const rows: readonly Row[] = [
  ...[
    '/',
    '~',
    '~/',
    '/home',
    '/etc',
    '/usr',
    '/usr/lib',
    '/root',
    '/proc',
    '/sys/kernel',
    '/var',
    '/dev/shm',
    '//',
    '/./',
    '/tmp/..',
    '/home/..',
    '/home/bob',
    '/home/bob/',
    '/home/bob/.',
  ].map((value): Row => ['LIMNER_ALLOWED_DIRS', value, 'ignored', /LIMNER_ALLOWED_DIRS is ".*too wide: name a folder inside it/]),
  [
    'LIMNER_ALLOWED_DIRS',
    '/:/etc::~: :',
    'ignored',
    /LIMNER_ALLOWED_DIRS is "\/".*\n.*LIMNER_ALLOWED_DIRS is "\/etc".*\n.*LIMNER_ALLOWED_DIRS is "~"/,
  ],
  ['LIMNER_ALLOWED_DIRS', '..', 'ignored', /leads out of the project folder/],
  ['LIMNER_ALLOWED_DIRS', '../beside', 'ignored', /leads out of the project folder/],
  ['LIMNER_ALLOWED_DIRS', 'art/../../beside', 'ignored', /leads out of the project folder/],
  ['LIMNER_ALLOWED_DIRS', '/home/*', 'ignored', /patterns and other people's homes are not expanded/],
  ['LIMNER_ALLOWED_DIRS', '/home/ad?', 'ignored', /patterns and other people's homes/],
  ['LIMNER_ALLOWED_DIRS', '~bob', 'ignored', /patterns and other people's homes/],
  ['LIMNER_ALLOWED_DIRS', '~bob/pictures', 'ignored', /patterns and other people's homes/],
  ['LIMNER_ALLOWED_DIRS', '$HOME', 'ignored', /a variable that nobody filled in/],
  ['LIMNER_ALLOWED_DIRS', '${workspaceFolder}/..', 'ignored', /a variable that nobody filled in/],
  ['LIMNER_ALLOWED_DIRS', '%USERPROFILE%', 'ignored', /a variable that nobody filled in/],
  ['LIMNER_ALLOWED_DIRS', 'file:///home', 'ignored', /.*(must be a path, not an address|too wide)/],
  ['LIMNER_ALLOWED_DIRS', 'to-root', 'ignored', /LIMNER_ALLOWED_DIRS: ".*to-root" leads to "\/", which is too wide.*it was ignored/],
  ['LIMNER_ALLOWED_DIRS', 'to-home', 'ignored', /to-home" leads to ".*ada", which is too wide/],
  ['LIMNER_ALLOWED_DIRS', 'to-etc', 'ignored', /to-etc" leads to "\/etc", which is too wide/],
  ['LIMNER_ALLOWED_DIRS', 'file.txt', 'ignored', /file\.txt" is a file, not a folder; it was ignored/],
  ['LIMNER_ALLOWED_DIRS', '/dev/null', 'ignored', /too wide|is a file/],
  ...['/', '~', '/etc', '/home/bob', '/tmp/..'].map(
    (value): Row => ['LIMNER_OUTPUT_DIR', value, 'refused', /LIMNER_OUTPUT_DIR is ".*too wide/],
  ),
  ['LIMNER_OUTPUT_DIR', '../beside', 'refused', /leads out of the project folder/],
  ['LIMNER_OUTPUT_DIR', '${workspaceFolder}/art', 'refused', /a variable that nobody filled in/],
  ['LIMNER_OUTPUT_DIR', '~bob/art', 'refused', /other people's homes/],
  ['LIMNER_OUTPUT_DIR', '/home/ada/*', 'refused', /patterns/],
  ['LIMNER_OUTPUT_DIR', 'to-home', 'refused', /LIMNER_OUTPUT_DIR: ".*to-home" leads to/],
  ['LIMNER_OUTPUT_DIR', 'file.txt', 'refused', /is a file, not a folder/],
  ...['/', '~', '/etc', '/home/bob'].map((value): Row => ['LIMNER_STATE_DIR', value, 'refused', /LIMNER_STATE_DIR is ".*too wide/]),
  ...['state', '.', './.limner', '../state', 'a/b'].map(
    (value): Row => ['LIMNER_STATE_DIR', value, 'refused', /LIMNER_STATE_DIR is ".*"; it must be an absolute path or begin with ~\//],
  ),
  ['LIMNER_STATE_DIR', '$XDG_STATE_HOME/limner', 'refused', /a variable that nobody filled in/],
  ...['10', '-5', 'NaN', 'Infinity', '1e9', '0x10000', '2000.5', '99999999999', ''.padEnd(400, '9'), 'soon', '1000 ms', 'true'].map(
    (value): Row => ['LIMNER_TIMEOUT_MS', value, 'ignored', /LIMNER_TIMEOUT_MS is ".*240000 was used/],
  ),
  ...['NaN', '-1', 'Infinity', '1e3', 'two', '2,5', '٢', ''.padEnd(400, '9')].map(
    (value): Row => ['LIMNER_ARCHIVE_MAX_GB', value, 'ignored', /LIMNER_ARCHIVE_MAX_GB is ".*2 was used/],
  ),
  ...['NaN', '-1', 'Infinity', 'no', 'off', '1e99', '0,50', '$', '€5', '5 dollars', ''.padEnd(400, '9')].map(
    (value): Row => ['LIMNER_BUDGET_USD_PER_DAY', value, 'refused', /LIMNER_BUDGET_USD_PER_DAY is ".*Nothing is spent until it is mended/],
  ),
  ...['none', '∞', '1.2.3'].map(
    (value): Row => ['LIMNER_BUDGET_USD_PER_CALL', value, 'refused', /LIMNER_BUDGET_USD_PER_CALL is ".*Nothing is spent/],
  ),
  ...['free', '-0.01'].map(
    (value): Row => ['LIMNER_PRICE_USD_PER_IMAGE', value, 'refused', /LIMNER_PRICE_USD_PER_IMAGE is ".*Nothing is spent/],
  ),
  ...['-1', 'NaN', 'many', '1e6', '1000000', 'true'].map(
    (value): Row => ['LIMNER_MAX_REPEATS', value, 'ignored', /LIMNER_MAX_REPEATS is ".*50 was used/],
  ),
  ...['big', '2048', '0', 'true', '1024px'].map((value): Row => ['LIMNER_PREVIEW', value, 'ignored', /LIMNER_PREVIEW is ".*1024 was used/]),
  ...['stand-in', 'true', 'vertex', 'Gemini '].map(
    (value): Row => ['LIMNER_BACKEND', value === 'Gemini ' ? 'GEMINI' : value, 'refused', /LIMNER_BACKEND is ".*must be gemini or standin/],
  ),
  ...['my proxy', 'ftp://127.0.0.1', 'generativelanguage.googleapis.com', 'https:', 'http:/127.0.0.1'].map(
    (value): Row => ['GOOGLE_GEMINI_BASE_URL', value, 'refused', /GOOGLE_GEMINI_BASE_URL is ".*must be an address/],
  ),
  ...[
    'http://evil.example',
    'http://10.0.0.1:8080',
    'http://127.0.0.1.evil.example',
    'http://localhost.evil.example',
    'http://evil.localhost',
    'http://[::ffff:10.0.0.1]',
    'http://0.0.0.0',
    'HTTP://EVIL.example',
  ].map((value): Row => ['GOOGLE_GEMINI_BASE_URL', value, 'refused', /the key would travel in clear/]),
  ...['https://ada:secret@127.0.0.1', 'http://token@localhost:1'].map(
    (value): Row => ['GOOGLE_GEMINI_BASE_URL', value, 'refused', /a name or a password before the @/],
  ),
  ...['http://127.0.0.1/?key=1', 'http://127.0.0.1/#x', 'http://127.0.0.1?'].map(
    (value): Row => ['GOOGLE_GEMINI_BASE_URL', value, 'refused', /holds a \? or a #/],
  ),
  ['LIMNER_OUTPUTDIR', '/tmp/x', 'ignored', /LIMNER_OUTPUTDIR is not a setting of limner and was ignored/],
  ['LIMNER_ALLOW_ALL', '1', 'ignored', /LIMNER_ALLOW_ALL is not a setting/],
  ['limner_allowed_dirs', '/', 'ignored', /limner_allowed_dirs is not a setting/],
  ['LIMNER_\u202eDIR', '/', 'ignored', /LIMNER_DIR is not a setting/],
  ['LIMNER_BUDGET_PER_DAY', '1', 'refused', /LIMNER_BUDGET_PER_DAY is not a setting of limner. The budgets are/],
  ['LIMNER_MAX_USD', '1', 'refused', /LIMNER_MAX_USD is not a setting/],
];

describe('a setting that is wrong', () => {
  test('is told on stderr and with the first answer, and opens nothing', async ({ computer, google }) => {
    await furnish(computer);
    expect(rows.length).toBeGreaterThanOrEqual(60);
    const before = await listAll(join(computer.home, '..'), computer);
    const some = rows.filter((_, index) => index % amount(9, 1) === 0);
    const counts = { refused: 0, ignored: 0 };
    for (let start = 0; start < some.length; start += 4)
      await Promise.all(
        some.slice(start, start + 4).map(async ([name, value, ends, says]) => {
          const row = `${name}=${value.slice(0, 60)}`;
          const limner = await startLimner(computer, { env: { ...withKey(google), LIMNER_PREVIEW: 'none', [name]: value } });
          const sent = google.requests.length;
          const first = await limner.call('generate_image', { prompt: `A fox for ${row}`, dry_run: true });
          expect(first.text, row).toMatch(says);
          expect(limner.log(), row).toMatch(says);
          expect([row, first.isError && first.code], first.text).toEqual([row, ends === 'refused' && 'settings']);
          for (const path of [
            '/etc/hostname',
            '/etc/passwd',
            join(computer.home, 'private.png'),
            join(computer.home, 'beside', 'private.png'),
            '/home/bob/private.png',
            join(computer.home, '..', 'bob', 'private.png'),
            'to-root/etc/passwd',
            'to-home/private.png',
          ]) {
            const edit = await limner.call('edit_image', { prompt: 'Blue', image: path });
            expect([row, path, edit.code]).toEqual([
              row,
              path,
              expect.stringMatching(ends === 'refused' ? /^settings$/ : /^(not_allowed|not_found)$/),
            ]);
            const output = await limner.call('generate_image', { prompt: 'A fox', output: join(path, '..', 'new.png') });
            expect([row, path, output.code]).toEqual([row, path, ends === 'refused' ? 'settings' : 'not_allowed']);
          }
          expect(google.requests.length, row).toBe(sent);
          counts[ends] += 1;
          await limner.close();
        }),
      );
    expect(google.requests).toEqual([]);
    expect(await listAll(join(computer.home, '..'), computer)).toEqual(before);
    figure(
      'wrong settings',
      `${counts.refused + counts.ignored} of ${some.length} told, ${counts.refused} refuse every call and ${counts.ignored} are passed over, 0 widen a right`,
    );
  });
});

/** Every file there is but limner's own state. */
async function listAll(folder: string, { state }: Computer): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.startsWith(state))
    .sort();
}

describe('what a project brings along', () => {
  test('sets nothing: no .env, no settings of its own, no folder that variables of the system name relatively', async ({
    computer,
    google,
    start,
  }) => {
    const evil = 'http://127.0.0.1:1';
    const settings = JSON.stringify({
      GOOGLE_GEMINI_BASE_URL: evil,
      GEMINI_API_KEY: 'stolen-key-0123',
      LIMNER_ALLOWED_DIRS: '/',
      LIMNER_STATE_DIR: '/tmp/x',
    });
    const dotenv = `GOOGLE_GEMINI_BASE_URL=${evil}\nGEMINI_API_KEY=stolen-key-0123\nLIMNER_BUDGET_USD_PER_DAY=0\nLIMNER_MODEL=pro\n`;
    for (const name of ['.env', '.env.local', '.env.production', '.limnerrc', '.npmrc', 'limner.env']) await computer.write(name, dotenv);
    for (const name of [
      'limner.json',
      '.limner/config.json',
      'limner/config.json',
      '.config/limner/config.json',
      'config/limner/config.json',
      '.mcp.json',
      'config.json',
    ])
      await computer.write(name, settings);
    const limner = await start({
      env: { ...withKey(google), XDG_CONFIG_HOME: '.config', XDG_STATE_HOME: '.', APPDATA: '.', LOCALAPPDATA: '.', LIMNER_STATE_DIR: '' },
    });
    const { isError, text, facts } = await limner.call('generate_image', { prompt: 'A fox', output: 'fox.jpg' });
    expect(isError, text).toBe(false);
    expect(text).not.toContain('Settings:');
    expect(google.requests.map(({ apiKey, model }) => [apiKey, model])).toEqual([[testKey, 'gemini-nano-banana-2.1']]);
    expect(facts.images[0]?.path).toBe(join(computer.project, 'fox.jpg'));
    expect(await readdir(join(computer.home, '.local', 'state', 'limner'))).toContain('images');
    expect((await readdir(computer.project)).filter((name) => /images|ledger|turns/.test(name))).toEqual([]);
  });
});

describe('the settings file', () => {
  const write = async (computer: Computer, settings: object, mode: number) => {
    const path = join(computer.home, '.config', 'limner', 'config.json');
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, JSON.stringify(settings));
    await chmod(path, mode);
  };

  test.for([
    [0o600, undefined],
    [0o400, undefined],
    [0o644, /holds a key and others on this computer may read it: run chmod 600/],
    [0o640, /holds a key and others on this computer may read it/],
    [0o660, /holds a key and others on this computer may read it/],
  ] as const)(
    'with a key and mode %o is used, and others who may read it are told of',
    async ([mode, says], { computer, google, start }) => {
      await write(computer, { GEMINI_API_KEY: testKey }, mode);
      const limner = await start({ env: { GOOGLE_GEMINI_BASE_URL: google.url } });
      const { text, isError } = await limner.call('generate_image', { prompt: 'A fox' });
      expect(isError, text).toBe(false);
      if (says) expect([text, limner.log()]).toEqual([expect.stringMatching(says), expect.stringMatching(says)]);
      else expect(text + limner.log()).not.toContain('chmod');
    },
  );

  test('without a key may be read by all, and is no setting at all when all may change it', async ({ computer, google, start }) => {
    await write(computer, { LIMNER_MODEL: 'pro' }, 0o644);
    const readable = await start({ env: withKey(google) });
    expect((await readable.call('generate_image', { prompt: 'A fox' })).text).not.toContain('Settings:');
    await write(computer, { GOOGLE_GEMINI_BASE_URL: 'http://127.0.0.1:1' }, 0o666);
    const limner = await start({ env: withKey(google) });
    const { code, text } = await limner.call('generate_image', { prompt: 'A fox' });
    expect([code, text]).toEqual([
      'settings',
      expect.stringMatching(/Everybody on this computer may change .*config\.json, and with it where the key is sent/),
    ]);
  });
});

test('under a umask of 000 what limner remembers is its owner’s alone', async ({ computer, google }) => {
  const env = { ...computer.env, ...withKey(google) };
  const call = {
    jsonrpc: '2.0',
    id: 2,
    method: 'tools/call',
    params: { name: 'generate_image', arguments: { prompt: 'A fox', output: 'fox.jpg' } },
  };
  const hello = {
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'x', version: '1' } },
  };
  const server = spawn('/bin/sh', ['-c', 'umask 000; exec "$0" "$1"', process.execPath, built], {
    cwd: computer.project,
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const answered = new Promise((resolve) => {
    let written = '';
    server.stdout.on('data', (chunk) => {
      written += String(chunk);
      if (written.includes('"id":2')) resolve(written);
    });
  });
  const ended = once(server, 'close');
  for (const message of [hello, { jsonrpc: '2.0', method: 'notifications/initialized' }, call])
    server.stdin.write(`${JSON.stringify(message)}\n`);
  await answered;
  server.stdin.end();
  await ended;
  const entries = await readdir(computer.state, { recursive: true, withFileTypes: true });
  expect(entries.length).toBeGreaterThan(7);
  for (const entry of entries) {
    const { mode } = await stat(join(entry.parentPath, entry.name));
    expect([entry.name, mode & 0o777]).toEqual([entry.name, entry.isDirectory() ? 0o700 : 0o600]);
  }
  expect((await stat(computer.state)).mode & 0o777).toBe(0o700);
  figure('files of the state under umask 000', `${entries.length} of ${entries.length} for their owner alone`);
});
