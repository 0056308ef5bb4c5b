import { readFile } from 'node:fs/promises';
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
const message = z.object({ method: z.string().optional(), params: z.looseObject({}).optional() });

describe.for(['legacy', 'modern'] as const)('MCP Inspector, protocol era %s', (era) => {
  let inspector: Program;
  beforeAll(async () => {
    inspector = await install(pins.inspector);
  });

  /** Its words are in stdout where limner answered, in stderr where the Inspector itself has something to say. */
  async function inspect(computer: Computer, args: readonly string[], server: readonly string[] = [process.execPath, built]) {
    const settings = ['-e', 'LIMNER_BACKEND=standin', '-e', `LIMNER_STATE_DIR=${computer.state}`];
    const all = ['--cli', ...settings, '--protocol-era', era, ...server, ...args, '--format', 'json'];
    const { exitCode, stdout, stderr } = await run(inspector, all, computer, { MCP_INSPECTOR_SECRET_STORE: 'memory' });
    const result = stdout === '' ? undefined : z.object({ result: z.looseObject({}) }).parse(JSON.parse(stdout)).result;
    return { exitCode, result, stderr };
  }

  const call = (computer: Computer, tool: string, args: object) =>
    inspect(computer, ['--method', 'tools/call', '--tool-name', tool, '--tool-args-json', JSON.stringify(args)]);

  test('lists the tools, and finds nothing in their schemas that another host could not read', async ({ computer }) => {
    const { exitCode, result, stderr } = await inspect(computer, ['--method', 'tools/list', '--strict']);
    expect(exitCode, stderr).toBe(0);
    expect(result?.tools).toEqual(JSON.parse(await readFile(golden, 'utf8')));
    expect(stderr).toBe('');
  });

  test('gets a picture', async ({ computer }) => {
    const { exitCode, result, stderr } = await call(computer, 'generate_image', { prompt: 'A red fox', output: 'fox.png' });
    expect(exitCode, stderr).toBe(0);
    const { file, previews } = toAnswer(result);
    expect(file.path).toBe(join(computer.project, 'fox.png'));
    expect(await sharp(file.path).metadata()).toMatchObject({ format: 'png', width: 1024, height: 1024 });
    expect(await sharp(previews[0]?.bytes).metadata()).toMatchObject({ format: 'jpeg', width: 1024 });
  });

  test('is told what is wrong with an argument', async ({ computer }) => {
    const { exitCode, result, stderr } = await call(computer, 'generate_image', { prompt: 'A red fox', count: 99 });
    expect(exitCode).toBe(5);
    expect(toAnswer(result)).toMatchObject({
      code: 'invalid_argument',
      text: expect.stringContaining('"count" must be at most 8, but 99 came'),
    });
    expect(stderr).toContain('tool_is_error');
  });

  test('is told that there is no such tool', async ({ computer }) => {
    const { exitCode, result, stderr } = await call(computer, 'paint_image', { prompt: 'A red fox' });
    expect({ exitCode, result }).toEqual({ exitCode: 5, result: undefined });
    expect(stderr).toContain("'paint_image' not found");
  });

  test('lists and reads the pictures as resources', async ({ computer }) => {
    const { file } = toAnswer((await call(computer, 'generate_image', { prompt: 'A red fox' })).result);
    const uri = `limner://images/${file.id}`;
    const { result: listed } = await inspect(computer, ['--method', 'resources/list']);
    expect(listed?.resources).toContainEqual(expect.objectContaining({ uri, mimeType: 'image/jpeg' }));
    const { result: read } = await inspect(computer, ['--method', 'resources/read', '--uri', uri]);
    const { contents } = z.object({ contents: z.array(z.object({ uri: z.string(), blob: z.base64() })) }).parse(read);
    expect(contents.map((content) => content.uri)).toEqual([uri]);
    expect(Buffer.from(contents[0]?.blob ?? '', 'base64')).toEqual(await readFile(file.path));
  });

  test('is told of the progress of a picture where it asks for it', async ({ computer }) => {
    const tapped = join(computer.home, 'stdout.jsonl');
    // What the Inspector does not print is read on the way to it.
    const server = ['sh', '-c', `'${process.execPath}' '${built}' | tee '${tapped}'`];
    const args = [
      '--method',
      'tools/call',
      '--tool-name',
      'generate_image',
      '--tool-arg',
      'prompt=A red fox standin:slow=2',
      '--tool-metadata',
      'progressToken=fox',
    ];
    const { exitCode, result, stderr } = await inspect(computer, args, server);
    expect(exitCode, stderr).toBe(0);
    expect(toAnswer(result).blocks).toContain('image');
    const lines = (await readFile(tapped, 'utf8')).trim().split('\n');
    const told = lines.map((line) => message.parse(JSON.parse(line))).filter(({ method }) => method === 'notifications/progress');
    expect(new Set(told.map(({ params }) => params?.progressToken))).toEqual(new Set(['fox']));
    const values = told.map(({ params }) => Number(params?.progress));
    expect(values.length).toBeGreaterThan(1);
    expect(values).toEqual([...values].sort((a, b) => a - b));
  });
});
