import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { figure } from './form.ts';

const root = join(import.meta.dirname, '..', '..');

const manifest = z.object({
  dependencies: z.record(z.string(), z.string()),
  scripts: z.record(z.string(), z.string()),
  files: z.array(z.string()),
  optionalDependencies: z.never().optional(),
  peerDependencies: z.never().optional(),
  bundleDependencies: z.never().optional(),
});

const lock = z.object({
  packages: z.record(
    z.string(),
    z.object({
      resolved: z.string().optional(),
      integrity: z.string().optional(),
      dev: z.boolean().optional(),
      devOptional: z.boolean().optional(),
      hasInstallScript: z.boolean().optional(),
    }),
  ),
});

/** What has to be installed beside limner, and why; everything else is inside its own files. Whoever adds one says so here. */
const needed: Record<string, string> = {
  sharp: 'decodes and encodes pictures, in native code',
};

async function readJson<T>(name: string, schema: z.ZodType<T>): Promise<T> {
  return schema.parse(JSON.parse(await readFile(join(root, name), 'utf8')));
}

test('few packages are needed, each for a reason, each from the registry and with its hash', async () => {
  const { dependencies } = await readJson('package.json', manifest);
  expect(Object.keys(dependencies).sort()).toEqual(Object.keys(needed).sort());
  const { packages } = await readJson('package-lock.json', lock);
  const installed = Object.entries(packages).filter(([path, { dev = false, devOptional = false }]) => path !== '' && !dev && !devOptional);
  const odd = installed.filter(([, { resolved = '', integrity = '' }]) => !/^(https:.*)?$/.test(resolved) || !/^sha512-/.test(integrity));
  expect(odd.map(([path]) => path)).toEqual([]);
  figure('packages needed', `${Object.keys(dependencies).length} direct, ${installed.length} in all, each with its hash`);
});

test('installing limner runs no script of ours', async () => {
  const { scripts } = await readJson('package.json', manifest);
  // `prepare` runs in a clone, never where the package is installed from the registry.
  expect(Object.keys(scripts).filter((name) => /^(pre|post)?(install|uninstall)$|^(pre|post)prepare$/.test(name))).toEqual([]);
});

const packed = z.array(z.object({ files: z.array(z.object({ path: z.string() })), unpackedSize: z.number() }));

test('the package holds what was built and what is to be read, nothing else', async () => {
  const { stdout } = await promisify(execFile)('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root });
  const [{ files = [], unpackedSize = 0 } = {}] = packed.parse(JSON.parse(stdout));
  const paths = files.map(({ path }) => path);
  expect(paths).toContain('dist/index.js');
  const documents =
    /^(package\.json|mcp\.json|[A-Z]+\.md|LICENSE|dist\/NOTICES(-child|-team)?\.txt|dist\/gallery\.html|\.claude-plugin\/\w+\.json|gemini-extension\.json|skills\/limner\/SKILL\.md|assets\/icon\.png)$/;
  expect(paths.filter((path) => !/^dist\/[\w./-]+\.js$/.test(path) && !documents.test(path))).toEqual([]);
  figure('packed', `${paths.length} files, ${Math.round(unpackedSize / 1000)} kB: dist, documents and what stores read of them alone`);
});

/** What turns text into code or into a command. */
const dangers: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['code from text', /\beval\s*\(|new Function\b|\bFunction\s*\(|node:vm\b|runInThisContext|setTimeout\(\s*['"`]/],
  ['a shell', /shell\s*:\s*(?!false)|\bexec(Sync)?\s*\(\s*['"`a-z]|\bexecSync\b|child_process'[^\n]*\bexec\b|\bspawnSync\b/],
  ['a module whose name is put together', /\b(import|require)\s*\(\s*(?!['"])/],
];

test('no text becomes code, and nothing is run by a shell', async () => {
  const names = (await readdir(join(root, 'src'), { recursive: true })).filter((name) => name.endsWith('.ts'));
  const found: string[] = [];
  for (const name of names) {
    // A pattern's own method is no command, and words in comments do nothing.
    const text = (await readFile(join(root, 'src', name), 'utf8')).replace(/^\s*(\/\/|\*|\/\*\*).*$/gm, '').replace(/\.exec\(/g, '.match(');
    found.push(...dangers.flatMap(([what, pattern]) => (pattern.test(text) ? [`${name}: ${what}`] : [])));
  }
  expect(names.length).toBeGreaterThan(100);
  expect(found).toEqual([]);
  figure('eval, shells', `${found.length} in ${names.length} files`);
});
