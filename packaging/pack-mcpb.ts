import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import about from '../package.json' with { type: 'json' };
import { type ListedTool, type Platform, toMcpbManifest } from './manifests.ts';
import { npm } from './npm.ts';

/** The tool that validates and packs bundles; a version that was tried. */
const mcpb = '@anthropic-ai/mcpb@2.1.2';

/** What Claude Desktop runs on, and what sharp brings native code for. */
const platforms: Readonly<Record<string, Platform>> = {
  'darwin-arm64': { os: 'darwin', cpu: 'arm64' },
  'darwin-x64': { os: 'darwin', cpu: 'x64' },
  'linux-arm64': { os: 'linux', cpu: 'arm64' },
  'linux-x64': { os: 'linux', cpu: 'x64' },
  'win32-x64': { os: 'win32', cpu: 'x64' },
};

const root = join(import.meta.dirname, '..', '..', '..');

const usage = `Usage: npm run pack:mcpb -- [--platform ${Object.keys(platforms).join('|')}] [--output FOLDER]`;

async function main(): Promise<number> {
  const here = `${process.platform}-${process.arch}`;
  const { platform: name = here, output = 'packages' } = parseArgs({
    options: { platform: { type: 'string' }, output: { type: 'string' } },
  }).values;
  const platform = platforms[name];
  if (platform === undefined) throw new Error(`there is no bundle for "${name}".`);
  const file = resolve(root, output, `${about.name}-${about.version}-${name}.mcpb`);
  const stage = await mkdtemp(join(tmpdir(), 'limner-mcpb-'));
  try {
    await fill(stage, platform);
    await mkdir(join(file, '..'), { recursive: true });
    await npm(['exec', '--yes', `--package=${mcpb}`, '--', 'mcpb', 'pack', stage, file], root);
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
  const bytes = await readFile(file);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  process.stdout.write(`${relative(process.cwd(), file)}: ${(bytes.length / 1e6).toFixed(1)} MB, sha256 ${sha256}\n`);
  return 0;
}

/** Puts together what the bundle holds: manifest and icon, what was built, and sharp with the native code of that platform alone. */
async function fill(stage: string, platform: Platform): Promise<void> {
  for (const path of ['dist', 'LICENSE', 'package.json', 'package-lock.json'])
    await cp(join(root, path), join(stage, path), { recursive: true });
  await cp(join(root, 'assets', 'icon.png'), join(stage, 'icon.png'));
  await writeFile(join(stage, 'manifest.json'), `${JSON.stringify(toMcpbManifest(platform, await listTools()), null, 2)}\n`);
  const target = [`--os=${platform.os}`, `--cpu=${platform.cpu}`, ...(platform.os === 'linux' ? ['--libc=glibc'] : [])];
  await npm(['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', ...target], stage);
  for (const path of ['package-lock.json', join('node_modules', '.package-lock.json')]) await rm(join(stage, path), { force: true });
  // Without it, Node would not take `dist` for modules; scripts and what they need are no use there.
  const { name, version, license, type, engines, dependencies } = about;
  await writeFile(join(stage, 'package.json'), `${JSON.stringify({ name, version, license, type, engines, dependencies }, null, 2)}\n`);
}

/** What the server that is packed lists. */
async function listTools(): Promise<readonly ListedTool[]> {
  const client = new Client({ name: 'limner-pack', version: about.version });
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [join(root, 'dist', 'index.js')] }));
  try {
    return (await client.listTools()).tools;
  } finally {
    await client.close();
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`pack:mcpb: ${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
  process.exitCode = 2;
}
