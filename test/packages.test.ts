import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { describe, expect, test as unit } from 'vitest';
import { z } from 'zod';
import about from '../package.json' with { type: 'json' };
import { toGeminiExtension, toMarketplace, toMcpbManifest, toPlugin, toServerJson } from '../packaging/manifests.ts';
import { options } from '../src/options.ts';
import { composeImages, editImage, exportImage, generateImage } from '../src/tools/index.ts';
import { readStages, toPairs } from './packages/dockerfile.ts';

const root = join(import.meta.dirname, '..');
const readText = (path: string) => readFile(join(root, path), 'utf8');
const toJson = (value: object) => `${JSON.stringify(value, null, 2)}\n`;
const settings = new Set<string>(options.map(({ name }) => name));
const tools = [generateImage, editImage, composeImages, exportImage];

describe('what stores read is made from package.json and the table of settings', () => {
  for (const [path, toManifest] of [
    ['server.json', toServerJson],
    ['.claude-plugin/plugin.json', toPlugin],
    ['.claude-plugin/marketplace.json', toMarketplace],
    ['gemini-extension.json', toGeminiExtension],
  ] as const) {
    unit(path, async () => {
      await expect(toJson(toManifest())).toMatchFileSnapshot(join('..', path));
    });
  }

  unit('the labels of the Dockerfile', async () => {
    const { description, packages, version, name } = toServerJson();
    const values = { title: packages[0]?.identifier, description, version, licenses: about.license };
    const labels = [
      ...Object.entries(values).map(([label, value]) => `org.opencontainers.image.${label}="${value}"`),
      `io.modelcontextprotocol.server.name="${name}"`,
    ];
    const filled = (await readText('Dockerfile')).replace(/^LABEL (.*\\\n)*.*\n/m, `LABEL ${labels.join(' \\\n      ')}\n`);
    await expect(filled).toMatchFileSnapshot('../Dockerfile');
  });
});

const input = z.strictObject({
  name: z.string().regex(/^[A-Z][A-Z0-9_]*$/),
  description: z.string().min(1),
  format: z.enum(['string', 'number', 'boolean', 'filepath']),
  isRequired: z.boolean(),
  isSecret: z.boolean(),
  choices: z.array(z.string()).optional(),
  default: z.string().optional(),
});

/** What the registry asks of an entry by its schema of 2025-12-11, as far as limner's has it. */
const registryEntry = z.strictObject({
  $schema: z.literal('https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json'),
  name: z
    .string()
    .min(3)
    .max(200)
    .regex(/^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/),
  title: z.string().min(1).max(100),
  description: z.string().min(1).max(100),
  version: z
    .string()
    .max(255)
    .regex(/^\d+\.\d+\.\d+(-[\w.]+)?$/),
  packages: z.tuple([
    z.strictObject({
      registryType: z.literal('npm'),
      identifier: z.string(),
      version: z.string().min(1),
      runtimeHint: z.literal('npx'),
      transport: z.strictObject({ type: z.literal('stdio') }),
      environmentVariables: z.array(input),
    }),
  ]),
});

unit('server.json is an entry the registry takes, of the package whose mcpName it has, and only keys are secret', async () => {
  const entry = registryEntry.parse(JSON.parse(await readText('server.json')));
  expect([entry.name, entry.version]).toEqual([about.mcpName, about.version]);
  const [{ environmentVariables, identifier, version }] = entry.packages;
  expect([identifier, version]).toEqual([about.name, about.version]);
  expect(environmentVariables.map(({ name }) => name)).toEqual([...settings]);
  expect(environmentVariables.filter(({ isSecret }) => isSecret).map(({ name }) => name)).toEqual(['GEMINI_API_KEY', 'GOOGLE_API_KEY']);
  expect(environmentVariables.filter(({ isRequired }) => isRequired)).toEqual([]);
  for (const { choices, default: value } of environmentVariables) if (choices) expect(choices).toContain(value);
});

unit('every version is the one of package.json', async () => {
  const [plugin, marketplace, extension] = [toPlugin(), toMarketplace(), toGeminiExtension()];
  const named = [
    plugin.version,
    extension.version,
    toMcpbManifest({ os: 'linux' }, []).version,
    ...marketplace.plugins.map(({ version }) => version),
  ];
  const started = [plugin, extension].map(({ mcpServers }) => mcpServers.limner.args.at(-1));
  expect(new Set(named)).toEqual(new Set([about.version]));
  expect(new Set(started)).toEqual(new Set([`limner@${about.version}`]));
  const labels = toPairs((await readStages(root)).at(-1)?.instructions ?? [], 'LABEL');
  expect(labels['org.opencontainers.image.version']).toBe(about.version);
});

unit('every variable a package sets is a setting', async () => {
  const image = Object.keys(toPairs((await readStages(root)).at(-1)?.instructions ?? [], 'ENV'));
  const { mcp_config: bundle } = toMcpbManifest({ os: 'linux' }, []).server;
  const named = [toPlugin().mcpServers.limner.env, toGeminiExtension().mcpServers.limner.env, bundle.env].flatMap((env) =>
    Object.keys(env),
  );
  const asked = toGeminiExtension().settings.map(({ envVar }) => envVar);
  expect([...named, ...asked, ...image].filter((name) => !settings.has(name))).toEqual([]);
  expect(image).toEqual(['LIMNER_STATE_DIR']);
});

unit('a bundle lists the tools, asks for nothing it does not hand on, and keeps the key secret', () => {
  const manifest = toMcpbManifest({ os: 'darwin' }, tools);
  expect(manifest.tools.map(({ name }) => name)).toEqual(tools.map(({ name }) => name));
  for (const { description } of manifest.tools) expect(description).toMatch(/^[A-Z].{20,200}\.$/);
  const handed = Object.values(manifest.server.mcp_config.env).map((value) => /^\$\{user_config\.(\w+)\}$/.exec(value)?.[1]);
  expect(handed).toEqual(Object.keys(manifest.user_config));
  expect(manifest.user_config.api_key).toMatchObject({ sensitive: true, required: false });
  expect(manifest.compatibility).toEqual({ platforms: ['darwin'], runtimes: { node: about.engines.node } });
});

unit('the icon is what its drawing shows, square and 512 pixels large', async () => {
  const edge = 512;
  const pixels = (path: string) =>
    sharp(join(root, 'assets', path))
      .resize(edge, edge)
      .ensureAlpha()
      .raw()
      .toBuffer();
  expect(await sharp(join(root, 'assets', 'icon.png')).metadata()).toMatchObject({ width: edge, height: edge, format: 'png' });
  const [drawn, kept] = [await pixels('icon.svg'), await pixels('icon.png')];
  const difference = drawn.reduce((sum, value, at) => sum + Math.abs(value - (kept[at] ?? 0)), 0) / drawn.length;
  expect(difference).toBeLessThan(0.5);
});

const packed = z.tuple([z.object({ files: z.array(z.object({ path: z.string() })) })]);

unit('the package on npm holds every file that plugin and extension name', async () => {
  const { stdout } = await promisify(execFile)('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root });
  const paths = packed.parse(JSON.parse(stdout))[0].files.map(({ path }) => path);
  const named = ['.claude-plugin/plugin.json', '.claude-plugin/marketplace.json', 'gemini-extension.json', 'skills/limner/SKILL.md'];
  expect(paths).toEqual(expect.arrayContaining([...named, toPlugin().icon.replace('./', ''), 'dist/index.js']));
  // It would be a server of every project that has this folder open.
  expect(paths).not.toContain('.mcp.json');
});
