import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import sharp from 'sharp';
import { expect } from 'vitest';
import { z } from 'zod';
import { photo, test } from './fixtures.ts';

const standin = { env: { LIMNER_BACKEND: 'standin' } };
const root = join(import.meta.dirname, '..');

test('the stand-in makes, edits and composes without key, network or cost, and says that it is no AI', async ({ start, computer }) => {
  const limner = await start(standin);
  await computer.write('bottle.png', await photo(300, 200));
  const made = await limner.call('generate_image', { prompt: 'A teal hill', aspect_ratio: '16:9', resolution: '2K' });
  const edited = await limner.call('edit_image', { prompt: 'Add snow', image: 'last' });
  const composed = await limner.call('compose_images', { prompt: 'Both', images: [made.file.id, 'bottle.png'] });
  expect(made.file).toMatchObject({ width: 2752, height: 1536, differences: [] });
  for (const answer of [made, edited, composed]) {
    expect(answer.text).toContain('Stand-in drawing, not AI: no image model was called');
    expect(answer.facts).toMatchObject({ backend: 'standin', cost: { dollars: 0, estimated: false } });
    expect(answer.blocks).toEqual(['text', 'image', 'resource_link']);
  }
});

test('the label in the metadata outlives a conversion', async ({ start }) => {
  const limner = await start(standin);
  for (const format of ['jpeg', 'png', 'webp', 'avif']) {
    const { file } = await limner.call('generate_image', { prompt: 'A teal hill', format, aspect_ratio: '7:4' });
    const { xmp } = await sharp(file.path).metadata();
    expect(xmp?.toString(), format).toContain('digitalsourcetype/algorithmicMedia');
  }
});

test('words in the prompt call up what a program has to cope with', async ({ start }) => {
  const limner = await start(standin);
  const call = (prompt: string, more = {}) => limner.call('generate_image', { prompt, ...more });
  expect(await call('A fox standin:blocked')).toMatchObject({ isError: true, code: 'refused' });
  expect(await call('A fox standin:quota')).toMatchObject({ isError: true, code: 'quota', retryAfterSeconds: 34 });
  const half = await call('A fox standin:half', { count: 4 });
  expect(half.facts.images).toHaveLength(2);
  expect(half.facts.failures.map(({ variation }) => variation)).toEqual([2, 4]);
  expect(half.text).toMatch(/1 of 4 variations failed: .*number 2.*\n1 of 4 variations failed: .*number 4/);
  const alpha = await call('A fox standin:alpha');
  expect(alpha.file.format).toBe('png');
  expect((await sharp(alpha.file.path).stats()).isOpaque).toBe(false);
});

test('the stand-in is never chosen silently', async ({ start }) => {
  const limner = await start();
  expect((await limner.call('generate_image', { prompt: 'A fox' })).code).toBe('no_key');
});

test('mcp.json starts this checkout', async ({ computer }) => {
  const entry = z.object({ mcpServers: z.object({ limner: z.object({ command: z.string(), args: z.array(z.string()) }) }) });
  const { limner } = entry.parse(JSON.parse(await readFile(join(root, 'mcp.json'), 'utf8'))).mcpServers;
  const client = new Client({ name: 'limner-test', version: '1' });
  await client.connect(new StdioClientTransport({ ...limner, cwd: root, env: computer.env }));
  expect((await client.listTools()).tools).toHaveLength(4);
  await client.close();
});

test('every JSON block of the README is JSON', async () => {
  const blocks = [...(await readFile(join(root, 'README.md'), 'utf8')).matchAll(/```json\n(.*?)```/gs)];
  expect(blocks.length).toBeGreaterThanOrEqual(5);
  for (const [, block = ''] of blocks) expect(() => JSON.parse(block), block).not.toThrow();
});
