import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { expect } from 'vitest';
import { z } from 'zod';
import { hosts } from '../src/hosts.ts';
import { standinWords } from '../src/model/standin.ts';
import { options } from '../src/options.ts';
import { printEntry } from '../src/setup/change.ts';
import { installLinks } from '../src/setup/links.ts';
import { test } from './fixtures.ts';

const root = join(import.meta.dirname, '..');

const listedTool = z.looseObject({
  name: z.string(),
  description: z.string(),
  inputSchema: z.looseObject({
    properties: z.record(z.string(), z.looseObject({ type: z.string(), description: z.string(), enum: z.array(z.string()).optional() })),
    required: z.array(z.string()),
  }),
});

test('tools/list is the golden', async ({ limner }) => {
  const { tools } = await limner.client.listTools();
  await expect(`${JSON.stringify(tools, null, 2)}\n`).toMatchFileSnapshot('goldens/tools-list.json');
});

test('tools/list costs an agent at most 3,000 tokens', async ({ limner }) => {
  const { tools } = await limner.client.listTools();
  const tokens = encode(JSON.stringify(tools)).length;
  expect(tokens).toBeLessThanOrEqual(3000);
});

/** Replaces what stands between `<!-- name -->` and `<!-- /name -->`. */
function fill(text: string, name: string, content: string): string {
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from === -1 || to === -1) throw new Error(`README.md has no place for ${name}`);
  return `${text.slice(0, from + start.length)}\n${content}\n${text.slice(to)}`;
}

/** Links that add limner to a host. */
const toLinks = () => installLinks.map(({ host, url }) => `[Add limner to ${host}](${url})`).join(' · ');

/** Each kind of entry once, under the hosts that take it and where. */
function toEntries(): string {
  const start = { command: 'node', args: ['/path/to/limner/dist/index.js'] };
  const entries = hosts.map((host) => ({ host, text: printEntry({ host, start, standin: false }) }));
  return [...new Set(entries.map(({ text }) => text))]
    .map((text) => {
      const takers = entries.filter((entry) => entry.text === text).map(({ host }) => `**${host.name}** – ${toPlaces(host)}`);
      const isToml = text.startsWith('[');
      return `${takers.join('<br>\n')}\n\n\`\`\`${isToml ? 'toml' : 'json'}\n${isToml ? text : toOneLine(JSON.parse(text))}\n\`\`\`\n`;
    })
    .join('\n')
    .trimEnd();
}

/** Where a host is configured: one place for all systems, or one each. */
function toPlaces({ files }: (typeof hosts)[number]): string {
  const [linux] = files({ env: {}, home: '~', platform: 'linux' });
  const [mac] = files({ env: {}, home: '~', platform: 'darwin' });
  const [windows] = files({ env: { APPDATA: 'X:\\' }, home: '~', platform: 'win32' });
  if (mac !== linux) return `Linux \`${linux}\`, macOS \`${mac}\`, Windows \`${windows.replace('X:', '%APPDATA%')}\``;
  return windows.startsWith('X:') ? `\`${linux}\`, Windows \`${windows.replace('X:', '%APPDATA%')}\`` : `\`${linux}\``;
}

/** JSON on one line, with the spaces a person writes. */
function toOneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toOneLine).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{ ${Object.entries(value)
    .map(([key, inner]) => `${JSON.stringify(key)}: ${toOneLine(inner)}`)
    .join(', ')} }`;
}

const cell = (text: string) => text.replaceAll('|', '\\|');

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** One row an argument; a tool that has it says so in its own column. */
function toolTable(tools: readonly z.infer<typeof listedTool>[]): string {
  const names = [...new Set(tools.flatMap((tool) => Object.keys(tool.inputSchema.properties)))];
  const rows = names.map((name) => {
    const owners = tools.filter((tool) => name in tool.inputSchema.properties);
    const describe = (tool: z.infer<typeof listedTool>) => tool.inputSchema.properties[name]?.description ?? '';
    const meanings = [...new Set(owners.map(describe))].map((meaning) => {
      const sharing = owners.filter((tool) => describe(tool) === meaning).map((tool) => tool.name.replace(/_.*/, ''));
      return sharing.length === owners.length ? meaning : `*${sharing.join(', ')}:* ${meaning}`;
    });
    const marks = tools.map((tool) => (!owners.includes(tool) ? '' : tool.inputSchema.required.includes(name) ? 'required' : 'yes'));
    return [`\`${name}\``, ...marks, cell(meanings.join('<br>'))];
  });
  return table(['Argument', ...tools.map((tool) => `\`${tool.name}\``), 'Meaning'], rows);
}

test('the README’s tables say what the code says', async ({ limner }) => {
  const tools = z.array(listedTool).parse((await limner.client.listTools()).tools);
  const settings = table(
    ['Setting', 'Values', 'Default', 'Meaning'],
    options.map((option) => [`\`${option.name}\``, option.values, option.default, cell(option.meaning)]),
  );
  const words = table(
    ['In the prompt', 'What happens'],
    Object.entries(standinWords).map(([word, meaning]) => [`\`standin:${word}\``, cell(meaning)]),
  );
  const listed = (await limner.client.listPrompts()).prompts;
  const promptTable = table(
    ['Prompt', 'What it asks for', 'Arguments'],
    listed.map(({ name, description = '', arguments: taken = [] }) => {
      const names = taken.map((argument) => (argument.required ? `**${argument.name}**` : argument.name));
      return [`\`${name}\``, cell(description), names.join(', ')];
    }),
  );
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const tokens = `${encode(JSON.stringify(tools)).length.toLocaleString('en')} tokens (o200k) is what listing all four costs an agent's context.`;
  const parts = {
    tools: toolTable(tools),
    tokens: tokens,
    prompts: promptTable,
    settings: settings,
    'stand-in words': words,
    'install links': toLinks(),
    entries: toEntries(),
  };
  const filled = Object.entries(parts).reduce((text, [name, content]) => fill(text, name, content), readme);
  await expect(filled).toMatchFileSnapshot('../README.md');
});

test('the README’s links hand their hosts the entry that starts the published package', async () => {
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const links = [...readme.matchAll(/\[Add limner to ([^\]]+)\]\(([^)]+)\)/g)].map(([, host = '', url = '']) => {
    const { origin, pathname, searchParams } = new URL(url);
    const config = searchParams.get('config') ?? '';
    const json = config.startsWith('{') ? config : Buffer.from(config, 'base64').toString('utf8');
    return [host, origin + pathname, searchParams.get('name'), JSON.parse(json)];
  });
  const published = { command: 'npx', args: ['-y', 'limner'] };
  expect(links).toEqual([
    ['Cursor', 'https://cursor.com/en/install-mcp', 'limner', published],
    ['VS Code', 'https://vscode.dev/redirect/mcp/install', 'limner', { type: 'stdio', ...published }],
    ['VS Code Insiders', 'https://insiders.vscode.dev/redirect/mcp/install', 'limner', { type: 'stdio', ...published }],
  ]);
  const { name } = z.object({ name: z.string() }).parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')));
  expect(published.args).toContain(name);
});
