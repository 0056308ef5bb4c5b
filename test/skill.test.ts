import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test as unit } from 'vitest';
import { z } from 'zod';
import { presets } from '../src/export/wish.ts';
import { composeImages, editImage, exportImage, generateImage } from '../src/tools/index.ts';
import { photo, test } from './fixtures.ts';

const tools = [generateImage, editImage, composeImages, exportImage];

const frontmatter = z.object({ name: z.literal('limner'), description: z.string().min(100).max(1024) });

async function readSkill() {
  const text = await readFile(join(import.meta.dirname, '..', 'skills', 'limner', 'SKILL.md'), 'utf8');
  const [, head = '', body = ''] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(text) ?? [];
  const fields = head.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]);
  const calls = [...body.matchAll(/^(\w+_images?) (\{.*\})$/gm)].map(([, tool = '', args = '']) => ({
    tool,
    args: record.parse(JSON.parse(args)),
  }));
  return { text, body, calls, fields: frontmatter.parse(Object.fromEntries(fields)) };
}

const record = z.record(z.string(), z.unknown());

describe('the skill', () => {
  unit('is short, named as its folder, and tells which tools it is for', async () => {
    const { text, fields } = await readSkill();
    expect(text.split('\n').length).toBeLessThan(150);
    for (const { name } of tools) expect(fields.description).toContain(name);
  });

  unit('names only tools, arguments and values there are', async () => {
    const { body } = await readSkill();
    const schemas = tools.map(({ inputSchema }) => z.toJSONSchema(inputSchema, { io: 'input' }));
    const values = ['last', 'pro', ...presets];
    const known = new Set([
      ...tools.map(({ name }) => name),
      ...schemas.flatMap(({ properties = {} }) => Object.keys(properties)),
      ...values,
    ]);
    const named = [...body.matchAll(/`([a-z]+_?[a-z]+)(?:: [^`]+)?`/g)].map(([, word = '']) => word);
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((word) => !known.has(word))).toEqual([]);
  });

  test('shows calls that work as they stand', async ({ start, computer }) => {
    const { calls } = await readSkill();
    expect(new Set(calls.map(({ tool }) => tool))).toEqual(new Set(tools.map(({ name }) => name)));
    const limner = await start({ env: { LIMNER_BACKEND: 'standin' } });
    for (const path of ['photos/desk.jpg', 'team/ada.jpg', 'shots/one.jpg']) await computer.write(path, await photo(1600, 1200, 'jpeg'));
    for (const path of ['brand/mug.png', 'product/bottle.png', 'art/logo.png', 'art/hero.png', 'art/button.png'])
      await computer.write(path, await photo(2000, 2000));
    for (const { tool, args } of calls) {
      const { isError, text } = await limner.call(tool, args);
      expect({ tool, isError, text }).toMatchObject({ isError: false });
    }
  });
});
