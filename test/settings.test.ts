import { mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test as unit } from 'vitest';
import { loadConfig } from '../src/config.ts';
import type { Surroundings } from '../src/settings/source.ts';
import { toUserFile } from '../src/system-folders.ts';
import { type Computer, test, withKey } from './fixtures.ts';
import { testKey } from './google/index.ts';

async function writeUserFile(computer: Computer, content: string): Promise<string> {
  const path = join(computer.home, '.config', 'limner', 'config.json');
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, content);
  return path;
}

describe('the key', () => {
  test('may stand in the per-user file, since hosts strip environments', async ({ start, computer, google }) => {
    await writeUserFile(computer, JSON.stringify({ GEMINI_API_KEY: testKey, GOOGLE_GEMINI_BASE_URL: google.url }));
    const limner = await start();
    expect((await limner.call('generate_image', { prompt: 'A fox' })).isError).toBe(false);
    expect(google.requests[0]?.apiKey).toBe(testKey);
  });

  test('in the environment wins over the file', async ({ start, computer, google }) => {
    await writeUserFile(computer, JSON.stringify({ GEMINI_API_KEY: 'another-key' }));
    const limner = await start({ env: withKey(google) });
    await limner.call('generate_image', { prompt: 'A fox' });
    expect(google.requests[0]?.apiKey).toBe(testKey);
  });

  test('GOOGLE_API_KEY works too; when both differ the first wins, with a warning', async ({ start, google }) => {
    const only = await start({ env: { GOOGLE_API_KEY: testKey, GOOGLE_GEMINI_BASE_URL: google.url } });
    expect((await only.call('generate_image', { prompt: 'A fox' })).isError).toBe(false);
    const both = await start({ env: { ...withKey(google), GOOGLE_API_KEY: 'another-key' } });
    const { text } = await both.call('generate_image', { prompt: 'A fox' });
    expect(text).toContain('Settings: GEMINI_API_KEY and GOOGLE_API_KEY are both set and differ: GEMINI_API_KEY is used.');
    expect(google.requests.map((request) => request.apiKey)).toEqual([testKey, testKey]);
  });

  test('is trimmed and unquoted', async ({ start, google }) => {
    const limner = await start({ env: { ...withKey(google), GEMINI_API_KEY: ` "${testKey}"\n` } });
    expect((await limner.call('generate_image', { prompt: 'A fox' })).isError).toBe(false);
  });

  for (const [name, key] of [
    ['a line break inside', 'abcd1234efgh\n5678ijkl'],
    ['a space inside', 'abcd1234efgh 5678ijkl'],
    ['letters no key has', 'abcd1234éfgh5678'],
  ] as const) {
    test(`with ${name} is refused, and never shown`, async ({ start, google }) => {
      const limner = await start({ env: { ...withKey(google), GEMINI_API_KEY: key } });
      const { code, text } = await limner.call('generate_image', { prompt: 'A fox' });
      expect(code).toBe('settings');
      expect(text).toMatch(/GEMINI_API_KEY holds characters no key has/);
      expect(text + limner.log()).not.toMatch(/abcd1234|5678/);
      expect(google.requests).toEqual([]);
    });
  }

  test('that is a placeholder nobody filled in is refused as such', async ({ start, google }) => {
    const limner = await start({ env: { ...withKey(google), GEMINI_API_KEY: '${GEMINI_API_KEY}' } });
    expect((await limner.call('generate_image', { prompt: 'A fox' })).text).toMatch(
      /GEMINI_API_KEY holds a variable that nobody filled in/,
    );
  });

  for (const [client, says] of [
    ['claude-code', /In Claude Code: .*\.mcp\.json/],
    ['claude-ai', /In Claude Desktop: .*claude_desktop_config\.json/],
    ['codex-mcp-client', /In Codex: .*config\.toml.*env_vars/],
    ['gemini-cli-mcp-client', /In Gemini CLI: .*settings\.json.*\$GEMINI_API_KEY/],
    ['opencode', /In OpenCode: .*opencode\.json.*environment/],
    ['Visual Studio Code', /In VS Code: .*\.vscode\/mcp\.json/],
    ['cursor-vscode', /In Cursor: .*\.cursor\/mcp\.json/],
    ['github-copilot-developer', /In Copilot CLI: /],
    ['Windsurf', /In Windsurf: /],
    ['Zed', /In Zed: /],
    ['a program of my own', /Set GEMINI_API_KEY in the environment of this server/],
  ] as const) {
    test(`missing under ${client} says what to write where, and stops nothing else`, async ({ start, computer }) => {
      const limner = await start({ client: { name: client, version: '1' } });
      expect((await limner.client.listTools()).tools).toHaveLength(4);
      const { code, text } = await limner.call('generate_image', { prompt: 'A fox' });
      expect(code).toBe('no_key');
      expect(text).toMatch(says);
      expect(text).toContain(join(computer.home, '.config', 'limner', 'config.json'));
      expect(text).toContain('Do not ask for the key in the chat');
      expect(text).toContain('LIMNER_BACKEND=standin');
    });
  }

  test('missing is told to a client of 2026-07-28 by its own name as well', async ({ start }) => {
    const limner = await start({
      client: { name: 'claude-code', version: '2' },
      options: { versionNegotiation: { mode: { pin: '2026-07-28' } } },
    });
    expect((await limner.call('generate_image', { prompt: 'A fox' })).text).toMatch(/In Claude Code:/);
  });
});

describe('a field of the extension that was left empty in Claude Desktop', () => {
  // What Claude Desktop hands over then, for each.
  const leftEmpty = {
    GEMINI_API_KEY: '${user_config.api_key}',
    LIMNER_OUTPUT_DIR: '${user_config.output_folder}',
    LIMNER_BUDGET_USD_PER_DAY: '${user_config.budget_per_day}',
  };

  test('is no setting: the per-user file has its say', async ({ start, computer, google }) => {
    const output = join(computer.project, 'art');
    await writeUserFile(
      computer,
      JSON.stringify({
        GEMINI_API_KEY: testKey,
        GOOGLE_GEMINI_BASE_URL: google.url,
        LIMNER_OUTPUT_DIR: output,
        LIMNER_BUDGET_USD_PER_DAY: 0.05,
      }),
    );
    const limner = await start({ env: leftEmpty });
    const made = await limner.call('generate_image', { prompt: 'A fox' });
    expect(made.isError).toBe(false);
    expect(join(made.file.path, '..')).toBe(output);
    expect((await limner.call('generate_image', { prompt: 'A hare' })).code).toBe('over_budget');
    expect(google.requests.map(({ apiKey }) => apiKey)).toEqual([testKey]);
  });

  test('leaves no key: the answer says how to give one, not that it is wrong', async ({ start, google }) => {
    const limner = await start({ env: { ...leftEmpty, GOOGLE_GEMINI_BASE_URL: google.url } });
    const { code, text } = await limner.call('generate_image', { prompt: 'A fox' });
    expect(code).not.toBe('settings');
    expect(text).toContain('No Gemini API key is set');
    expect(limner.log()).toBe('');
  });

  test('is told from every other variable that nobody filled in', async ({ start }) => {
    const limner = await start({
      env: { LIMNER_BACKEND: 'standin', LIMNER_BUDGET_USD_PER_DAY: '${BUDGET}', LIMNER_OUTPUT_DIR: '${user_config.a}/b' },
    });
    const { code, text } = await limner.call('generate_image', { prompt: 'A fox' });
    expect(code).toBe('settings');
    expect(text).toMatch(/LIMNER_BUDGET_USD_PER_DAY is .*must be a number/);
    expect(text).toMatch(/LIMNER_OUTPUT_DIR holds .*a variable that nobody filled in/);
  });
});

describe('where files go', () => {
  test('LIMNER_OUTPUT_DIR is the place when a call names none', async ({ start, computer, google }) => {
    const limner = await start({ env: { ...withKey(google), LIMNER_OUTPUT_DIR: '~/art' } });
    expect((await limner.call('generate_image', { prompt: 'A fox' })).file.path).toBe(join(computer.home, 'art', 'fox.jpg'));
    expect((await limner.call('generate_image', { prompt: 'A fox', output: 'here.jpg' })).file.path).toBe(
      join(computer.project, 'here.jpg'),
    );
  });

  for (const folder of ['home', 'root'] as const) {
    test(`a server started in ${folder === 'home' ? 'a home' : '/'} has no project folder: Pictures/limner, also for relative paths`, async ({
      start,
      computer,
      google,
    }) => {
      const limner = await start({ env: withKey(google), cwd: folder === 'home' ? computer.home : '/' });
      const pictures = join(computer.home, 'Pictures', 'limner');
      expect((await limner.call('generate_image', { prompt: 'A fox' })).file.path).toBe(join(pictures, 'fox.jpg'));
      expect((await limner.call('generate_image', { prompt: 'A fox', output: 'sub/a.jpg' })).file.path).toBe(
        join(pictures, 'sub', 'a.jpg'),
      );
      expect((await limner.call('edit_image', { prompt: 'Blue', image: 'sub/a.jpg' })).isError).toBe(false);
      expect((await limner.call('generate_image', { prompt: 'A fox', output: join(computer.home, 'a.jpg') })).code).toBe('not_allowed');
    });
  }

  test('LIMNER_ALLOWED_DIRS opens further folders for reading and writing', async ({ start, computer, google }) => {
    const [a, b] = [join(computer.home, 'a'), join(computer.home, 'b')];
    const limner = await start({ env: { ...withKey(google), LIMNER_ALLOWED_DIRS: `${a}:~/b` } });
    const { file } = await limner.call('generate_image', { prompt: 'A fox', output: join(a, 'fox.jpg') });
    expect((await limner.call('edit_image', { prompt: 'Blue', image: file.path, output: join(b, 'fox.jpg') })).file.path).toBe(
      join(b, 'fox.jpg'),
    );
  });

  test('a folder of LIMNER_ALLOWED_DIRS that is not there is told, and allowed once it is', async ({ start, computer, google }) => {
    const [here, missing, file] = [join(computer.home, 'Pictures'), join(computer.home, 'Pictrues'), await computer.write('file', 'x')];
    await mkdir(here);
    await symlink(join(computer.home, 'nowhere'), join(computer.project, 'link'));
    const limner = await start({
      env: { ...withKey(google), LIMNER_ALLOWED_DIRS: `${here}:${missing}:generated-images:link:${file}` },
    });
    const { text } = await limner.call('generate_image', { prompt: 'A fox' });
    for (const says of [text, limner.log()]) {
      expect(says).toContain(`LIMNER_ALLOWED_DIRS: "${missing}" does not exist.`);
      expect(says).toContain(`LIMNER_ALLOWED_DIRS: "${join(computer.project, 'link')}" does not exist.`);
      expect(says.match(/does not exist/g)).toHaveLength(2);
    }
    await mkdir(missing);
    expect((await limner.call('generate_image', { prompt: 'A fox', output: join(missing, 'fox.jpg') })).isError).toBe(false);
  });

  test('a relative path without a project folder is told where it starts', async ({ start, computer, google }) => {
    const limner = await start({ env: withKey(google), cwd: '/' });
    const { facts } = await limner.call('generate_image', { prompt: 'A fox', output: 'a.jpg' });
    expect(facts.warnings).toEqual([
      `limner was not started in a project folder, so relative paths start at ${join(computer.home, 'Pictures', 'limner')}.`,
    ]);
  });

  test('a home that is a link is still a home', async ({ start, computer, google }) => {
    const link = join(computer.home, '..', 'link');
    await symlink(computer.home, link);
    const limner = await start({ env: { ...withKey(google), HOME: link }, cwd: computer.home });
    expect((await limner.call('generate_image', { prompt: 'A fox' })).file.path).toBe(join(computer.home, 'Pictures', 'limner', 'fox.jpg'));
  });

  test('an allowed folder that is a link to too much opens nothing', async ({ start, computer, google }) => {
    const wide = join(computer.project, 'wide');
    await symlink('/', wide);
    const limner = await start({ env: { ...withKey(google), LIMNER_ALLOWED_DIRS: wide } });
    const answer = await limner.call('generate_image', { prompt: 'A fox', output: join(computer.home, 'fox.jpg') });
    expect(answer.code).toBe('not_allowed');
  });

  test('LIMNER_MODEL is the model when a call names none', async ({ start, google }) => {
    const limner = await start({ env: { ...withKey(google), LIMNER_MODEL: 'pro' } });
    await limner.call('generate_image', { prompt: 'A fox' });
    await limner.call('generate_image', { prompt: 'A fox', model: 'lite' });
    expect(google.requests.map((request) => request.model)).toEqual(['gemini-3-pro-image', 'gemini-3.1-flash-lite-image']);
  });

  test('state files are for their owner only', async ({ limner, computer }) => {
    const { file } = await limner.call('generate_image', { prompt: 'A fox' });
    const everything = await readdir(computer.state, { recursive: true, withFileTypes: true });
    expect(everything.length).toBeGreaterThan(7);
    for (const entry of everything) {
      const { mode } = await stat(join(entry.parentPath, entry.name));
      expect([entry.name, mode & 0o777]).toEqual([entry.name, entry.isDirectory() ? 0o700 : 0o600]);
    }
    expect((await stat(computer.state)).mode & 0o777).toBe(0o700);
    expect((await stat(file.path)).mode & 0o400).toBe(0o400);
  });
});

describe('settings that are wrong', () => {
  test('are all told at once, on stderr and in the first result only, and replaced by safe defaults', async ({ start, google }) => {
    const wrong = { LIMNER_PREVIEW: 'big', LIMNER_TIMEOUT_MS: 'soon', LIMNER_ALLOWED_DIRS: '/:~:/etc', LIMNER_OUTPUTDIR: '/tmp/x' };
    const limner = await start({ env: { ...withKey(google), ...wrong } });
    const first = await limner.call('generate_image', { prompt: 'A fox' });
    for (const text of [first.text, limner.log()]) {
      for (const says of [
        /LIMNER_PREVIEW is "big"/,
        /LIMNER_TIMEOUT_MS is "soon"/,
        /LIMNER_ALLOWED_DIRS is "\/"/,
        /LIMNER_ALLOWED_DIRS is "~"/,
        /LIMNER_ALLOWED_DIRS is "\/etc"/,
        /LIMNER_OUTPUTDIR is not a setting/,
      ]) {
        expect(text).toMatch(says);
      }
    }
    expect((await limner.call('generate_image', { prompt: 'A fox' })).text).not.toContain('Settings:');
    expect((await limner.call('generate_image', { prompt: 'A fox', output: '/etc/fox.jpg' })).code).toBe('not_allowed');
  });

  for (const [name, value, says] of [
    ['LIMNER_BACKEND', 'stand-in', /LIMNER_BACKEND is "stand-in"; it must be gemini, vertex or standin/],
    ['LIMNER_OUTPUT_DIR', '/', /LIMNER_OUTPUT_DIR is "\/".*too wide/],
    ['LIMNER_OUTPUT_DIR', '${workspaceFolder}/art', /a variable that nobody filled in/],
    ['GOOGLE_GEMINI_BASE_URL', 'my proxy', /GOOGLE_GEMINI_BASE_URL is "my proxy"; it must be an address/],
  ] as const) {
    test(`${name}=${value} has no safe default, so calls are refused until it is mended`, async ({ start, google }) => {
      const limner = await start({ env: { ...withKey(google), [name]: value } });
      const { code, text } = await limner.call('generate_image', { prompt: 'A fox' });
      expect(code).toBe('settings');
      expect(text).toMatch(says);
      expect(google.requests).toEqual([]);
    });
  }

  test('a settings file that is no JSON object is named', async ({ start, computer, google }) => {
    const path = await writeUserFile(computer, '{ "GEMINI_API_KEY": ');
    const limner = await start({ env: withKey(google) });
    expect((await limner.call('generate_image', { prompt: 'A fox' })).text).toContain(`${path} is not a readable JSON object`);
  });

  test('an output folder that cannot be written is found before paying', async ({ start, computer, google }) => {
    await computer.write('file', 'not a folder');
    const limner = await start({ env: { ...withKey(google), LIMNER_OUTPUT_DIR: join(computer.project, 'file', 'art') } });
    expect((await limner.call('generate_image', { prompt: 'A fox' })).code).toBe('cannot_write');
    expect(google.requests).toEqual([]);
  });
});

describe('each system has its own places', () => {
  const linux: Surroundings = {
    env: {},
    userFile: undefined,
    cwd: '/home/ada/work',
    cwdWritable: true,
    home: '/home/ada',
    platform: 'linux',
  };
  unit('the per-user file', () => {
    expect(toUserFile(linux)).toBe('/home/ada/.config/limner/config.json');
    expect(toUserFile({ ...linux, env: { XDG_CONFIG_HOME: '/x' } })).toBe('/x/limner/config.json');
    expect(toUserFile({ ...linux, platform: 'darwin', home: '/Users/ada' })).toBe(
      '/Users/ada/Library/Application Support/limner/config.json',
    );
    expect(toUserFile({ ...linux, platform: 'win32', home: 'C:\\Users\\ada', env: { APPDATA: 'C:\\Users\\ada\\AppData\\Roaming' } })).toBe(
      'C:\\Users\\ada\\AppData\\Roaming\\limner\\config.json',
    );
  });

  unit('the state folder', () => {
    expect(loadConfig(linux).stateDir).toBe('/home/ada/.local/state/limner');
    expect(loadConfig({ ...linux, env: { XDG_STATE_HOME: '/s' } }).stateDir).toBe('/s/limner');
    expect(loadConfig({ ...linux, platform: 'darwin' }).stateDir).toBe('/home/ada/Library/Application Support/limner');
  });

  for (const cwd of [
    '/',
    '/home',
    '/home/ada',
    '/home/bob',
    '/Users/bob',
    '/usr/lib/node',
    '/usr/src',
    '/etc',
    '/Applications/Claude.app',
    '/var',
    '/private',
    '/private/etc',
    '/private/etc/ssl',
    '/private/var',
  ]) {
    unit(`${cwd} is no project folder`, () => {
      expect(loadConfig({ ...linux, cwd })).toMatchObject({
        projectDir: undefined,
        outputDir: '/home/ada/Pictures/limner',
        allowedDirs: ['/home/ada/Pictures/limner'],
      });
    });
  }

  for (const cwd of [
    '/usr/src/app',
    '/opt/app',
    '/home/ada/work',
    '/srv/site',
    '/Volumes/disk/site',
    '/private/tmp/site',
    '/private/var/www',
  ]) {
    unit(`${cwd} is a project folder`, () => {
      expect(loadConfig({ ...linux, cwd }).projectDir).toBe(cwd);
    });
  }

  unit('a folder that cannot be written is no project folder', () => {
    expect(loadConfig({ ...linux, cwdWritable: false }).projectDir).toBeUndefined();
  });

  unit('a relative folder in a setting starts at the project, and without one is refused', () => {
    expect(loadConfig({ ...linux, env: { LIMNER_OUTPUT_DIR: 'art' } }).outputDir).toBe('/home/ada/work/art');
    expect(loadConfig({ ...linux, cwd: '/', env: { LIMNER_OUTPUT_DIR: 'art' } }).problems).toHaveLength(1);
  });

  unit('a list in the settings file is a list of folders, null is nothing, and an object is a problem', () => {
    const file = (value: unknown) => loadConfig({ ...linux, userFile: JSON.stringify(value) });
    expect(file({ LIMNER_ALLOWED_DIRS: ['/srv/a', '/srv/b'] }).allowedDirs).toEqual(expect.arrayContaining(['/srv/a', '/srv/b']));
    expect(file({ LIMNER_MODEL: null, LIMNER_TIMEOUT_MS: 5000 })).toMatchObject({ model: 'flash', timeoutMs: 5000, problems: [] });
    expect(file({ LIMNER_MODEL: { name: 'pro' } }).problems).toHaveLength(1);
    expect(loadConfig({ ...linux, userFile: new Error('EISDIR') }).problems).toHaveLength(1);
  });

  unit('JSON of a configuration never shows the key', () => {
    const config = loadConfig({ ...linux, env: { GEMINI_API_KEY: testKey } });
    expect(config.apiKey?.reveal()).toBe(testKey);
    expect(JSON.stringify(config)).not.toContain(testKey);
  });
});
