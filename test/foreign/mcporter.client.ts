import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect } from 'vitest';
import { z } from 'zod';
import { toAnswer } from '../answer.ts';
import { built, type Computer, test } from '../fixtures.ts';
import { install, type Program } from './install.ts';
import { pins } from './pins.ts';
import { run } from './run.ts';

const golden = join(import.meta.dirname, '..', 'goldens', 'tools-list.json');
const named = z.array(z.looseObject({ name: z.string(), description: z.string(), inputSchema: z.looseObject({}) }));

describe('mcporter', () => {
  let mcporter: Program;
  beforeAll(async () => {
    mcporter = await install(pins.mcporter);
  });

  async function port(computer: Computer, args: readonly string[]) {
    const config = join(computer.home, 'mcporter.json');
    const limner = {
      command: process.execPath,
      args: [built],
      cwd: computer.project,
      env: { LIMNER_BACKEND: 'standin', LIMNER_STATE_DIR: computer.state },
    };
    await writeFile(config, JSON.stringify({ mcpServers: { limner } }));
    return run(mcporter, ['--config', config, '--root', computer.project, ...args], computer);
  }

  const call = async (computer: Computer, tool: string, args: object, ...more: string[]) =>
    port(computer, ['call', `limner.${tool}`, '--args', JSON.stringify(args), '--output', 'json', ...more]);

  test('lists the tools with their arguments', async ({ computer }) => {
    const { exitCode, stdout, stderr } = await port(computer, ['list', 'limner', '--schema', '--json']);
    expect(exitCode, stderr).toBe(0);
    const { tools } = z.object({ tools: named }).parse(JSON.parse(stdout));
    const expected = named.parse(JSON.parse(await readFile(golden, 'utf8')));
    expect(tools).toMatchObject(expected.map(({ name, description, inputSchema }) => ({ name, description, inputSchema })));
  });

  test('gets pictures, and saves what they look like', async ({ computer }) => {
    const args = { prompt: 'A red fox', output: 'fox.png', count: 2 };
    const { exitCode, stdout, stderr } = await call(computer, 'generate_image', args, '--save-images', 'saved');
    expect(exitCode, stderr).toBe(0);
    const { facts, previews } = toAnswer(JSON.parse(stdout));
    expect(facts.images.map(({ path }) => path)).toEqual(['fox.png', 'fox-2.png'].map((name) => join(computer.project, name)));
    const folder = join(computer.project, 'saved');
    const saved = await Promise.all((await readdir(folder)).sort().map((name) => readFile(join(folder, name))));
    expect(saved).toEqual(previews.map(({ bytes }) => bytes));
    const sizes = await Promise.all(saved.map(async (bytes) => (await sharp(bytes).metadata()).format));
    expect(sizes).toEqual(['jpeg', 'jpeg']);
  });

  test('is told what is wrong with an argument', async ({ computer }) => {
    const { exitCode, stdout } = await call(computer, 'generate_image', { prompt: 'A red fox', resolution: '9K' });
    expect(exitCode).toBe(1);
    expect(toAnswer(JSON.parse(stdout))).toMatchObject({ code: 'invalid_argument', text: expect.stringContaining('9K') });
  });

  test('is told that there is no such tool', async ({ computer }) => {
    const { exitCode, stdout } = await call(computer, 'sing', { prompt: 'A red fox' });
    expect(exitCode).toBe(1);
    expect(stdout).toContain('Tool sing not found');
  });

  test('lists and reads the pictures as resources', async ({ computer }) => {
    const { file } = toAnswer(JSON.parse((await call(computer, 'generate_image', { prompt: 'A red fox' })).stdout));
    const uri = `limner://images/${file.id}`;
    expect((await port(computer, ['resource', 'limner'])).stdout).toContain(uri);
    const { exitCode, stdout, stderr } = await port(computer, ['resource', 'limner', 'limner://images']);
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toContain(file.path);
  });
});
