import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import about from '../../package.json' with { type: 'json' };
import { type Registry, startRegistry } from './registry.ts';
import { installTool, makeFolder, root, run } from './tools.ts';

let folder: Awaited<ReturnType<typeof makeFolder>>;
let registry: Registry;
/** A person's home, where npm knows the registry that has this limner. */
let env: Record<string, string>;
/** The published package, unpacked: what a store hands out. */
let published: string;

beforeAll(async () => {
  folder = await makeFolder('hosts');
  registry = await startRegistry(root, folder.path);
  await promisify(execFile)('tar', ['-xzf', `limner-${about.version}.tgz`], { cwd: folder.path });
  published = join(folder.path, 'package');
  const home = join(folder.path, 'home');
  await mkdir(home);
  await writeFile(join(home, '.npmrc'), `registry=${registry.url}\n`);
  env = { HOME: home, MCP_TIMEOUT: '120000', GEMINI_CLI_TRUST_WORKSPACE: 'true' };
  // Hosts wait a few seconds for a server; the first start fetches the package.
  const first = await run('npx', ['-y', `limner@${about.version}`, '--version'], folder.path, env);
  expect(first).toMatchObject({ code: 0, output: expect.stringContaining(about.version) });
});
afterAll(async () => {
  await registry.close();
  await folder.remove();
});

/** A folder of its own for a tool. */
async function install(name: string, spec: string, program: string): Promise<string> {
  const path = join(folder.path, name);
  await mkdir(path);
  return installTool(path, spec, program);
}

/** The published package with one of its files changed. */
async function spoil(name: string, path: string, change: (text: string) => string): Promise<string> {
  const copy = join(folder.path, name);
  await cp(published, copy, { recursive: true });
  await writeFile(join(copy, path), change(await readFile(join(copy, path), 'utf8')));
  return copy;
}

/** What a person's shell has set. */
const shell = { GEMINI_API_KEY: 'a-key-of-the-shell', LIMNER_BUDGET_USD_PER_DAY: '5' };

/** The settings a host hands to the server it starts, when its person has these in the shell: an `npx` that notes them stands in front of the real one. */
async function handedOn(host: string, person: Record<string, string>): Promise<Record<string, string>> {
  const [front, note] = [join(folder.path, 'front'), join(folder.path, 'note.json')];
  await mkdir(front, { recursive: true });
  const script = `#!/usr/bin/env node
    const settings = Object.entries(process.env).filter(([name, value]) => value !== '' && /^(LIMNER_|GEMINI_API_KEY|GOOGLE_)/.test(name));
    require('node:fs').writeFileSync(${JSON.stringify(note)}, JSON.stringify(Object.fromEntries(settings)));`;
  await writeFile(join(front, 'npx'), script, { mode: 0o755 });
  await run(host, ['mcp', 'list'], folder.path, { ...env, ...person, PATH: `${front}:${process.env.PATH}` });
  const noted = z.record(z.string(), z.string()).parse(JSON.parse(await readFile(note, 'utf8')));
  await rm(note);
  return noted;
}

describe('Claude Code', () => {
  let claude: string;
  beforeAll(async () => {
    claude = await install('claude', '@anthropic-ai/claude-code@2.1.330', 'claude');
  });

  test('finds nothing wrong with plugin, marketplace and skill, by the rules of its plugin directory', async () => {
    const check = (path: string) => run(claude, ['plugin', 'validate', '--strict', '--profile', 'directory', path], folder.path, env);
    const { code, output } = await check(published);
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('Validation passed') });
    expect(output).toContain('skills: limner');
    expect(output).not.toContain('ICON_MISSING');
    expect(
      (await check(await spoil('spoilt-plugin', '.claude-plugin/plugin.json', (text) => text.replace('"sensitive"', '"secret"')))).code,
    ).toBe(1);
  });

  test('installs the plugin from its marketplace and connects to its server', async () => {
    for (const args of [
      ['marketplace', 'add', published],
      ['install', 'limner@limner'],
    ]) {
      const { code, output } = await run(claude, ['plugin', ...args], folder.path, env);
      expect({ code, output }).toMatchObject({ code: 0 });
    }
    const { output } = await run(claude, ['mcp', 'list'], folder.path, env);
    expect(output).toMatch(new RegExp(`plugin:limner:limner: npx -y limner@${about.version} - .*Connected`));
  });

  test('hands on what the shell has set while nobody has answered for the key, and then the answer first', async () => {
    expect(await handedOn(claude, {})).toEqual({});
    const { GEMINI_API_KEY: key, ...others } = shell;
    expect(await handedOn(claude, shell)).toEqual({ GOOGLE_API_KEY: key, ...others });
    await run(claude, ['plugin', 'uninstall', 'limner@limner'], folder.path, env);
    await run(claude, ['plugin', 'install', 'limner@limner', '--config', 'api_key=a-key-that-was-typed'], folder.path, env);
    expect(await handedOn(claude, shell)).toMatchObject({ GEMINI_API_KEY: 'a-key-that-was-typed' });
  });
});

describe('Gemini CLI', () => {
  let gemini: string;
  beforeAll(async () => {
    gemini = await install('gemini', '@google/gemini-cli@0.61.0', 'gemini');
  });

  test('finds nothing wrong with the extension', async () => {
    const check = (path: string) => run(gemini, ['extensions', 'validate', path], folder.path, env);
    const { code, output } = await check(published);
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('successfully validated') });
    expect(
      (await check(await spoil('spoilt-extension', 'gemini-extension.json', (text) => text.replace('"version"', '"versions"')))).code,
    ).toBe(1);
  });

  test('installs it, connects to its server, and finds the skill', async () => {
    const installed = await run(gemini, ['extensions', 'install', published, '--consent', '--skip-settings'], folder.path, env);
    expect(installed).toEqual({ code: 0, output: expect.stringContaining('installed successfully') });
    const { output } = await run(gemini, ['mcp', 'list'], folder.path, env);
    expect(output).toMatch(new RegExp(`limner \\(from limner\\): npx -y limner@${about.version} \\(stdio\\) - Connected`));
    expect((await run(gemini, ['skills', 'list'], folder.path, env)).output).toMatch(/limner.*\[Enabled\]/);
  });

  test('hands on the key that is its own too, and what else the shell has set', async () => {
    expect(await handedOn(gemini, {})).toEqual({});
    expect(await handedOn(gemini, shell)).toEqual(shell);
  });
});
