import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import module from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { rolldown } from 'rolldown';
import { expect, test } from 'vitest';
import { standIns } from '../bundle/stand-ins.ts';
import * as plain from './schemas.ts';

const dist = join(import.meta.dirname, '..', 'dist');

test('in the bundle every schema says of every value what zod says, and none is made before it is used', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'limner-bundle-'));
  try {
    const bundle = await rolldown({ input: join(import.meta.dirname, 'schemas.ts'), platform: 'node', plugins: [standIns] });
    await bundle.write({ file: join(folder, 'schemas.mjs'), format: 'esm' });
    const bundled: unknown = await import(pathToFileURL(join(folder, 'schemas.mjs')).href);
    expect(plain.answers.length).toBeGreaterThan(300);
    expect(plain.answers.filter(({ success }) => success).length).toBeGreaterThan(30);
    expect(bundled).toMatchObject({
      answers: plain.answers,
      described: plain.described,
      optional: plain.optional,
      looksBeforeUse: plain.looksBeforeUse,
    });
    expect(plain.looksBeforeUse).toBe(0);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('what Node compiles of it is kept in the person’s cache folder and nowhere else, where Node can do so', async () => {
  const home = await mkdtemp(join(tmpdir(), 'limner-cache-'));
  try {
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, [join(dist, 'index.js'), '--version'], { env: { HOME: home }, cwd: home });
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    const kept = (await readdir(home, { recursive: true })).filter(
      (path) => !['.cache', '.cache/limner', '.cache/limner/compiled'].includes(path),
    );
    expect(kept.every((path) => path.startsWith('.cache/limner/compiled/'))).toBe(true);
    expect(kept.length > 1).toBe('enableCompileCache' in module);
  } finally {
    await rm(home, { recursive: true });
  }
});

test('what is started is ASCII, which V8 reads fastest, and comes with the licences of all that is in it', async () => {
  const scripts = (await readdir(dist)).filter((name) => name.endsWith('.js'));
  expect(scripts.length).toBeGreaterThan(5);
  for (const name of scripts) expect(/[^\0-\x7f]/.test(await readFile(join(dist, name), 'latin1')), name).toBe(false);
  const notices = await readFile(join(dist, 'NOTICES.txt'), 'utf8');
  for (const name of ['@google/genai', '@modelcontextprotocol/server', 'zod'])
    expect(notices).toMatch(new RegExp(`^${name} [0-9.]+\n\n.*licen[cs]e`, 'ims'));
});
