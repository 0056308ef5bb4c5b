import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { z } from 'zod';
import about from '../../package.json' with { type: 'json' };
import { toAnswer } from '../answer.ts';
import { test } from '../fixtures.ts';
import { startGoogle, testKey } from '../google/index.ts';
import { installTool, makeFolder, root, run } from './tools.ts';

const pack = join(root, 'packaging', 'dist', 'packaging', 'pack-mcpb.js');
const here = `${process.platform}-${process.arch}`;

/** The function of the bundle format's own library that fills a manifest in, as Claude Desktop does. */
const library = z.object({
  getMcpConfigForManifest: z.custom<(options: object) => Promise<unknown>>((value) => typeof value === 'function'),
});
const started = z.object({ command: z.string(), args: z.array(z.string()), env: z.record(z.string(), z.string()) });
const manifestShape = z.looseObject({
  icon: z.string(),
  tools: z.array(z.object({ name: z.string() })),
  server: z.object({ entry_point: z.string() }),
});

let folder: Awaited<ReturnType<typeof makeFolder>>;
let mcpb: string;

beforeAll(async () => {
  folder = await makeFolder('mcpb');
  mcpb = await installTool(folder.path, '@anthropic-ai/mcpb@2.1.2', 'mcpb');
});
afterAll(() => folder.remove());

/** Packs and unpacks the bundle of a platform; resolves with the folder that Claude Desktop would have. */
async function unpack(platform: string): Promise<string> {
  const packed = await promisify(execFile)(process.execPath, [pack, '--platform', platform, '--output', folder.path]);
  expect(packed.stdout).toMatch(/\.mcpb: \d+\.\d MB, sha256 [\da-f]{64}\n$/);
  const unpacked = join(folder.path, platform);
  const { code, output } = await run(
    mcpb,
    ['unpack', join(folder.path, `limner-${about.version}-${platform}.mcpb`), unpacked],
    folder.path,
    {},
  );
  expect({ code, output }).toMatchObject({ code: 0 });
  return unpacked;
}

/** What Claude Desktop starts for an unpacked bundle, with what the person has filled in. */
async function toStart(unpacked: string, home: string, userConfig: object) {
  const { getMcpConfigForManifest } = library.parse(
    await import(pathToFileURL(join(folder.path, 'node_modules/@anthropic-ai/mcpb/dist/node.js')).href),
  );
  const manifest: unknown = JSON.parse(await readFile(join(unpacked, 'manifest.json'), 'utf8'));
  const systemDirs = { HOME: home, DESKTOP: join(home, 'Desktop'), DOCUMENTS: join(home, 'Documents'), DOWNLOADS: join(home, 'Downloads') };
  return started.parse(await getMcpConfigForManifest({ manifest, extensionPath: unpacked, systemDirs, userConfig, pathSeparator: '/' }));
}

describe('the bundle of this machine', () => {
  let unpacked: string;
  beforeAll(async () => {
    unpacked = await unpack(here);
  });

  test('passes the format’s own check, and holds every file its manifest names', async () => {
    const { code, output } = await run(mcpb, ['validate', join(unpacked, 'manifest.json')], folder.path, {});
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('Manifest schema validation passes!') });
    const manifest = manifestShape.parse(JSON.parse(await readFile(join(unpacked, 'manifest.json'), 'utf8')));
    for (const path of [manifest.icon, manifest.server.entry_point])
      expect((await readFile(join(unpacked, path))).length).toBeGreaterThan(0);
    expect((await readdir(unpacked)).sort()).toEqual(['LICENSE', 'dist', 'icon.png', 'manifest.json', 'node_modules', 'package.json']);
  });

  test('starts as its manifest says, lists its tools, and works with what the person filled in', async ({ computer }) => {
    const google = await startGoogle();
    const output = join(computer.home, 'Art');
    await mkdir(output);
    const { command, args, env } = await toStart(unpacked, computer.home, {
      api_key: testKey,
      output_folder: output,
      budget_per_day: 0.05,
    });
    expect(command).toBe('node');
    const client = new Client({ name: 'claude-ai', version: '1' });
    // Claude Desktop starts servers in the root of the disk.
    await client.connect(
      new StdioClientTransport({
        command: process.execPath,
        args,
        cwd: '/',
        env: { ...computer.env, ...env, GOOGLE_GEMINI_BASE_URL: google.url },
      }),
    );
    const manifest = manifestShape.parse(JSON.parse(await readFile(join(unpacked, 'manifest.json'), 'utf8')));
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(manifest.tools.map(({ name }) => name));
    const made = toAnswer(await client.callTool({ name: 'generate_image', arguments: { prompt: 'A fox', width: 300 } }));
    expect(made.file.path.startsWith(`${output}/`)).toBe(true);
    expect(google.requests.map(({ apiKey }) => apiKey)).toEqual([testKey]);
    expect(toAnswer(await client.callTool({ name: 'generate_image', arguments: { prompt: 'A hare' } })).code).toBe('over_budget');
    await client.close();
    await google.close();
  });

  test('works with every field left empty', async ({ computer }) => {
    const { args, env } = await toStart(unpacked, computer.home, {});
    expect(env).toMatchObject({ GEMINI_API_KEY: '${user_config.api_key}' });
    const client = new Client({ name: 'claude-ai', version: '1' });
    await client.connect(
      new StdioClientTransport({ command: process.execPath, args, cwd: '/', env: { ...computer.env, ...env, LIMNER_BACKEND: 'standin' } }),
    );
    const made = toAnswer(await client.callTool({ name: 'generate_image', arguments: { prompt: 'A fox' } }));
    expect(made.text).not.toContain('Settings:');
    expect(made.file.path.startsWith(join(computer.home, 'Pictures', 'limner'))).toBe(true);
    await client.close();
  });
});

for (const [platform, native] of [
  ['darwin-arm64', ['sharp-darwin-arm64', 'sharp-libvips-darwin-arm64']],
  ['win32-x64', ['sharp-win32-x64']],
  ['linux-arm64', ['sharp-libvips-linux-arm64', 'sharp-linux-arm64']],
] as const) {
  test(`a bundle of ${platform} made here has that platform’s native code and no other`, async () => {
    const modules = await readdir(join(await unpack(platform), 'node_modules', '@img'));
    expect(modules.filter((name) => name !== 'colour').sort()).toEqual([...native]);
  });
}

test('a platform there is no bundle for is refused with those there are', async () => {
  const { code, output } = await run(process.execPath, [pack, '--platform', 'beos'], root, {});
  expect(code).toBe(2);
  expect(output).toBe(
    'pack:mcpb: there is no bundle for "beos".\nUsage: npm run pack:mcpb -- [--platform darwin-arm64|darwin-x64|linux-arm64|linux-x64|win32-x64] [--output FOLDER]\n',
  );
});
