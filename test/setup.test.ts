import { chmod, cp, lstat, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parse } from 'jsonc-parser';
import { describe, expect } from 'vitest';
import { hosts } from '../src/hosts.ts';
import { built } from './fixtures.ts';
import { runCli, test } from './raw.ts';
import { all, entry, fileOf, isThere, put, read, readAll, readEntry, setUp } from './setup/run.ts';

const fixtures = join(import.meta.dirname, 'setup', 'before');
const extension = (id: string) => (id === 'codex' ? 'toml' : 'json');
const readFixture = (id: string) => readFile(join(fixtures, `${id}.${extension(id)}`), 'utf8');

describe('configurations as their hosts write them', () => {
  const variants = {
    'as they are': (text: string) => text,
    'with Windows line breaks': (text: string) => text.replaceAll('\n', '\r\n'),
    'with a byte order mark': (text: string) => `\uFEFF${text}`,
    'without a line break at the end': (text: string) => text.trimEnd(),
    'indented by tabs': (text: string) => text.replace(/^ +/gm, (spaces) => '\t'.repeat(Math.ceil(spaces.length / 2))),
    'with nothing but an empty object, where that can be': (text: string) => (text.startsWith('#') ? '' : '{}'),
    empty: () => '',
  };

  for (const [name, vary] of Object.entries(variants)) {
    test(`${name} get limner, nothing else, and are the same bytes again without it`, async ({ computer }) => {
      for (const { id } of hosts) await put(computer, id, vary(await readFixture(id)));
      const before = await readAll(computer);
      await setUp(computer, ['--host', all, '--yes', '--no-key']);
      const after = await readAll(computer);
      for (const { id } of hosts) {
        const text = after[id]
          ?.replaceAll(JSON.stringify(process.execPath), '"/usr/bin/node"')
          .replaceAll(JSON.stringify(built), '"/opt/limner/dist/index.js"');
        if (name === 'as they are') await expect(text).toMatchFileSnapshot(`setup/after/${id}.${extension(id)}`);
        expect(await read(`${fileOf(computer, id)}.limner-backup`)).toBe(before[id]);
        // What stands there in a way of its own is what was there before.
        if (before[id]?.includes('\r\n')) expect(text?.replaceAll('\r\n', '')).not.toContain('\n');
      }

      const again = await setUp(computer, ['--host', all, '--yes', '--no-key']);
      expect(again.stdout.match(/already set up/g)).toHaveLength(hosts.length);
      expect(await readAll(computer)).toEqual(after);

      await setUp(computer, ['--host', all, '--remove', '--yes']);
      expect(await readAll(computer)).toEqual(before);
      expect((await readdir(computer.home, { recursive: true })).filter((path) => /limner/.test(path))).toEqual([]);
    });
  }

  test('are the same bytes again also without the backup', async ({ computer }) => {
    for (const { id } of hosts) await put(computer, id, await readFixture(id));
    const before = await readAll(computer);
    await setUp(computer, ['--host', all, '--yes', '--no-key']);
    for (const { id } of hosts) await rm(`${fileOf(computer, id)}.limner-backup`);
    await setUp(computer, ['--host', all, '--remove', '--yes']);
    expect(await readAll(computer)).toEqual(before);
  });

  test('that are not there are made, for this person alone, and are gone again', async ({ computer }) => {
    const { stdout } = await setUp(computer, ['--host', all, '--yes', '--no-key']);
    expect(stdout).toContain('Zed: ~/.config/zed/settings.json (new; Zed does not seem to be on this computer)\n');
    for (const { id } of hosts) expect((await stat(fileOf(computer, id))).mode & 0o777).toBe(0o600);
    expect(await readEntry(computer, 'claude-desktop')).toEqual(entry);
    expect(await readEntry(computer, 'claude-code')).toEqual({ type: 'stdio', ...entry });
    expect(await readEntry(computer, 'copilot-cli')).toEqual({ type: 'local', ...entry, tools: ['*'] });
    expect(await readEntry(computer, 'gemini-cli')).toEqual({ ...entry, timeout: 300_000 });
    expect(await readEntry(computer, 'opencode', 'mcp')).toEqual({ type: 'local', command: [process.execPath, built], timeout: 300_000 });
    expect(await readEntry(computer, 'vscode', 'servers')).toEqual({ type: 'stdio', ...entry });
    expect(await readEntry(computer, 'zed', 'context_servers')).toEqual(entry);
    expect(await read(fileOf(computer, 'codex'))).toBe(
      `[mcp_servers.limner]\ncommand = ${JSON.stringify(process.execPath)}\nargs = [${JSON.stringify(built)}]\nstartup_timeout_sec = 20\ntool_timeout_sec = 300\n`,
    );
    await setUp(computer, ['--host', all, '--remove', '--yes']);
    expect(Object.values(await readAll(computer))).toEqual(hosts.map(() => undefined));
  });

  test('keep what came in the meantime, and lose the list that came with limner', async ({ computer }) => {
    const file = await put(computer, 'claude-code', '{\n  "numStartups": 1\n}\n');
    await setUp(computer, ['--host', 'claude-code', '--yes', '--no-key']);
    await writeFile(file, (await read(file)).replace('"numStartups": 1', '"numStartups": 2'));
    const { stdout } = await setUp(computer, ['--host', 'claude-code', '--remove', '--yes']);
    expect(await read(file)).toBe('{\n  "numStartups": 2\n}\n');
    expect(await read(`${file}.limner-backup`)).toBe('{\n  "numStartups": 1\n}\n');
    expect(stdout).toContain('~/.claude.json.limner-backup');
  });

  test('of OpenCode are those that are there, and in the layout they have', async ({ computer }) => {
    const file = fileOf(computer, 'opencode').replace(/json$/, 'jsonc');
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, '{ "mcp": { "servers": {} } }');
    await setUp(computer, ['--host', 'opencode', '--yes', '--no-key']);
    const limner = { type: 'local', command: [process.execPath, built], timeout: { request: 300_000 } };
    expect(parse(await read(file))).toEqual({ mcp: { servers: { limner } } });
    expect(await isThere(fileOf(computer, 'opencode'))).toBe(false);
  });
});

describe('an entry that is there', () => {
  test('is brought up to date, and keeps what the person put into it', async ({ computer }) => {
    const old =
      '"limner": { "command": "node", "args": ["/old/limner/dist/index.js"], "disabled": false, "env": { "LIMNER_MODEL": "pro" } } // mine';
    const file = await put(computer, 'cursor', `{\n  "mcpServers": {\n    ${old}\n  }\n}\n`);
    const { stdout } = await setUp(computer, ['--host', 'cursor', '--yes', '--no-key']);
    expect(await readEntry(computer, 'cursor')).toEqual({ ...entry, disabled: false, env: { LIMNER_MODEL: 'pro' } });
    expect(await read(file)).toContain('"disabled": false, "env": { "LIMNER_MODEL": "pro" } } // mine\n  }\n}\n');
    expect(stdout).toContain('@@ mcpServers.limner @@\n- "command": "node"\n+ "command": ');
  });

  test('of Codex is brought up to date in each way TOML has', async ({ computer }) => {
    const [command, args] = [JSON.stringify(process.execPath), `[${JSON.stringify(built)}]`];
    const ways = [
      [
        '[mcp_servers.limner]\ncommand = "limner" # mine\nargs = []\n\n[mcp_servers.limner.env]\nLIMNER_MODEL = "pro"\n',
        `[mcp_servers.limner]\ncommand = ${command} # mine\nargs = ${args}\nstartup_timeout_sec = 20\ntool_timeout_sec = 300\n\n[mcp_servers.limner.env]\nLIMNER_MODEL = "pro"\n`,
      ],
      [
        '[mcp_servers]\nlimner = { command = "limner", tool_timeout_sec = 60 }\n',
        `[mcp_servers]\nlimner = { command = ${command}, tool_timeout_sec = 60, args = ${args}, startup_timeout_sec = 20 }\n`,
      ],
      [
        'mcp_servers = { limner = { command = "limner" } }',
        `mcp_servers = { limner = { command = ${command}, args = ${args}, startup_timeout_sec = 20, tool_timeout_sec = 300 } }`,
      ],
    ] as const;
    for (const [before, after] of ways) {
      const file = await put(computer, 'codex', before);
      await setUp(computer, ['--host', 'codex', '--yes', '--no-key']);
      expect(await read(file)).toBe(after);
      await setUp(computer, ['--host', 'codex', '--remove', '--yes']);
      expect(await read(file)).not.toContain('limner');
      await rm(`${file}.limner-backup`);
    }
  });

  test('draws stand-ins with --standin, and no more without it', async ({ computer }) => {
    await setUp(computer, ['--host', 'cursor,codex,opencode', '--yes', '--standin']);
    const plain = await readAll(computer);
    expect(await readEntry(computer, 'cursor')).toEqual({ ...entry, env: { LIMNER_BACKEND: 'standin' } });
    expect(await readEntry(computer, 'opencode', 'mcp')).toMatchObject({ environment: { LIMNER_BACKEND: 'standin' } });
    expect(plain.codex).toContain('env = { LIMNER_BACKEND = "standin" }');
    await setUp(computer, ['--host', 'cursor,codex,opencode', '--yes', '--no-key']);
    expect(await readEntry(computer, 'cursor')).toEqual(entry);
    expect(Object.values(await readAll(computer)).join()).not.toContain('standin');
    await setUp(computer, ['--host', 'cursor,codex,opencode', '--yes', '--standin']);
    expect(await readEntry(computer, 'cursor')).toEqual({ ...entry, env: { LIMNER_BACKEND: 'standin' } });
  });

  test('with a key of its own is told to win, and the key is not shown', async ({ computer }) => {
    const key = 'AIzaSyOther-key-of-somebody-000000000000';
    const old = { command: 'node', args: ['/old/limner/dist/index.js'], env: { GEMINI_API_KEY: key } };
    await put(computer, 'windsurf', JSON.stringify({ mcpServers: { limner: old } }));
    const { stdout } = await setUp(computer, ['--host', 'windsurf', '--yes', '--no-key']);
    expect(stdout).toContain('a key of its own, which wins');
    const removed = await setUp(computer, ['--host', 'windsurf', '--remove', '--yes']);
    expect(removed.stdout).toContain('"GEMINI_API_KEY": "…"');
    expect(stdout + removed.stdout).not.toContain(key);
  });

  test('of another program is not replaced or removed by --yes, and its arguments are not shown', async ({ computer }) => {
    const text = '{"mcpServers":{"limner":{"command":"uvx","args":["limner-of-others","--token=ghp_secret"]}}}';
    const file = await put(computer, 'cursor', text);
    for (const way of [['--no-key'], ['--remove']]) {
      const { stdout, stderr } = await setUp(computer, ['--host', 'cursor', '--yes', ...way], { code: 1 });
      expect(stdout).toContain('"command": "uvx"');
      expect(stderr).toContain('another program is called limner there');
      expect(await read(file)).toBe(text);
    }
  });
});

describe('a configuration is left alone', () => {
  test.for([
    ['claude-code', '{\n  "mcpServers": {\n    "a": {},\n  }\n}', /plain JSON.*line 4, column 3/],
    ['claude-desktop', '{ // mine\n}', /plain JSON.*line 1, column 3/],
    ['cursor', '{"mcpServers": {"a": {}}', /not valid JSON: close brace expected \(line 1, column 25\)/],
    ['vscode', '{\r\n  "servers": {\r\n    "a" {}\r\n  }\r\n}', /colon expected \(line 3, column 9\)/],
    ['codex', 'model = "x"\nnonsense\n', /not valid TOML.*line 2/],
    ['zed', '[]', /no JSON object/],
    ['gemini-cli', '{"mcpServers": ["a"]}', /"mcpServers" in it is no list of servers/],
    ['codex', 'mcp_servers = 3\n', /"mcp_servers" in it is no list of servers/],
    ['windsurf', '{"mcpServers": {}, "mcpServers": {"a": {}}}', /cannot change without touching more/],
  ] as const)('%s: that cannot be read safely, with the place and the entry: %j', async ([id, text, says], { computer }) => {
    const file = await put(computer, id, text);
    const { stderr } = await setUp(computer, ['--host', id, '--yes', '--no-key'], { code: 1 });
    expect(stderr).toMatch(says);
    expect(stderr).toContain('was not touched');
    expect(stderr).toContain(built);
    expect(await read(file)).toBe(text);
    expect(await isThere(`${file}.limner-backup`)).toBe(false);
  });

  test('that is read-only, no UTF-8, a link that leads nowhere or a folder', async ({ computer }) => {
    const readOnly = await put(computer, 'cursor', '{}');
    await chmod(readOnly, 0o444);
    await put(computer, 'zed', '');
    await writeFile(fileOf(computer, 'zed'), Buffer.from('fffe7b007d00', 'hex'));
    await mkdir(fileOf(computer, 'windsurf'), { recursive: true });
    await symlink(join(computer.home, 'nowhere'), fileOf(computer, 'claude-code'));
    const { stderr } = await setUp(computer, ['--host', 'cursor,zed,windsurf,claude-code,codex', '--yes', '--no-key'], { code: 1 });
    expect(stderr).toMatch(/Cursor: .*read-only/);
    expect(stderr).toMatch(/Zed: .*no UTF-8/);
    expect(stderr).toMatch(/Windsurf: .*no file/);
    expect(stderr).toMatch(/Claude Code: .*link that leads nowhere/);
    expect(await read(readOnly)).toBe('{}');
    expect(await isThere(`${readOnly}.limner-backup`)).toBe(false);
    // The others are set up all the same.
    expect(await read(fileOf(computer, 'codex'))).toContain('[mcp_servers.limner]');
  });

  test('without --yes and a person to ask, after the change was shown', async ({ computer }) => {
    const file = await put(computer, 'cursor', '{}');
    const { stdout, stderr } = await setUp(computer, ['--host', 'cursor'], { code: 2 });
    expect(stdout).toContain('+ "limner": {');
    expect(stderr).toContain('add --yes');
    expect(await read(file)).toBe('{}');
  });
});

test('a configuration that is a link is written through, and keeps its mode', async ({ computer }) => {
  const target = await computer.write('dotfiles/zed.json', '{}\n');
  await chmod(target, 0o640);
  const file = fileOf(computer, 'zed');
  await mkdir(dirname(file), { recursive: true });
  await symlink(target, file);
  await setUp(computer, ['--host', 'zed', '--yes', '--no-key']);
  expect((await lstat(file)).isSymbolicLink()).toBe(true);
  expect((await stat(target)).mode & 0o777).toBe(0o640);
  expect((await stat(`${file}.limner-backup`)).mode & 0o777).toBe(0o640);
  expect(await readEntry(computer, 'zed', 'context_servers')).toEqual(entry);
});

test('the variables of hosts and systems move their configurations', async ({ computer }) => {
  const { home } = computer;
  const env = Object.fromEntries(
    ['CODEX_HOME', 'CLAUDE_CONFIG_DIR', 'XDG_CONFIG_HOME', 'COPILOT_HOME', 'GEMINI_CLI_HOME'].map((name) => [name, join(home, name)]),
  );
  await setUp(computer, ['--host', all, '--yes', '--no-key'], { env });
  for (const path of [
    'CODEX_HOME/config.toml',
    'CLAUDE_CONFIG_DIR/.claude.json',
    'COPILOT_HOME/mcp-config.json',
    'GEMINI_CLI_HOME/.gemini/settings.json',
  ])
    expect(await read(join(home, path))).toContain(built);
  expect(await readdir(join(home, 'XDG_CONFIG_HOME'))).toEqual(['Claude', 'Code', 'opencode', 'zed']);

  const windows = { env: { APPDATA: 'D:\\Roaming', LOCALAPPDATA: 'relative' }, home: 'C:\\Users\\ada', platform: 'win32' } as const;
  const mac = { env: { XDG_CONFIG_HOME: '/Users/ada/xdg' }, home: '/Users/ada', platform: 'darwin' } as const;
  const places = hosts.map(({ id, files }) => [id, ...files(windows), ...files(mac)]);
  expect(places).toEqual([
    ['claude-code', 'C:\\Users\\ada\\.claude.json', '/Users/ada/.claude.json'],
    [
      'claude-desktop',
      'D:\\Roaming\\Claude\\claude_desktop_config.json',
      'C:\\Users\\ada\\AppData\\Local\\Packages\\Claude_pzs8sxrjxfjjc\\LocalCache\\Roaming\\Claude\\claude_desktop_config.json',
      '/Users/ada/Library/Application Support/Claude/claude_desktop_config.json',
    ],
    ['codex', 'C:\\Users\\ada\\.codex\\config.toml', '/Users/ada/.codex/config.toml'],
    ['cursor', 'C:\\Users\\ada\\.cursor\\mcp.json', '/Users/ada/.cursor/mcp.json'],
    [
      'vscode',
      'D:\\Roaming\\Code\\User\\mcp.json',
      'D:\\Roaming\\Code - Insiders\\User\\mcp.json',
      '/Users/ada/Library/Application Support/Code/User/mcp.json',
      '/Users/ada/Library/Application Support/Code - Insiders/User/mcp.json',
    ],
    ['gemini-cli', 'C:\\Users\\ada\\.gemini\\settings.json', '/Users/ada/.gemini/settings.json'],
    [
      'opencode',
      'C:\\Users\\ada\\.config\\opencode\\opencode.json',
      'C:\\Users\\ada\\.config\\opencode\\opencode.jsonc',
      '/Users/ada/xdg/opencode/opencode.json',
      '/Users/ada/xdg/opencode/opencode.jsonc',
    ],
    ['copilot-cli', 'C:\\Users\\ada\\.copilot\\mcp-config.json', '/Users/ada/.copilot/mcp-config.json'],
    ['windsurf', 'C:\\Users\\ada\\.codeium\\windsurf\\mcp_config.json', '/Users/ada/.codeium/windsurf/mcp_config.json'],
    ['zed', 'D:\\Roaming\\Zed\\settings.json', '/Users/ada/xdg/zed/settings.json'],
  ]);
});

test('limner out of npx’s cache is started by npx again', async ({ computer }) => {
  const folder = join(computer.home, '.npm', '_npx', 'abc', 'node_modules', 'limner');
  await cp(join(built, '..'), join(folder, 'dist'), { recursive: true });
  await cp(join(built, '..', '..', 'package.json'), join(folder, 'package.json'));
  const { stdout } = await runCli(computer, ['setup', '--print', 'claude-desktop'], {}, { program: join(folder, 'dist', 'index.js') });
  expect(JSON.parse(stdout)).toEqual({ mcpServers: { limner: { command: 'npx', args: ['-y', 'limner'] } } });
});

test('--print shows each entry and where it belongs, and writes nothing', async ({ computer }) => {
  for (const { id } of hosts) {
    const { stdout, stderr } = await setUp(computer, ['--print', id]);
    expect(stderr).toContain(fileOf(computer, id).replace(computer.home, '~'));
    await put(computer, id, '');
    await setUp(computer, ['--host', id, '--yes', '--no-key']);
    expect(await read(fileOf(computer, id))).toBe(stdout);
  }
});
