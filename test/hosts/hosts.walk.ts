import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { hosts } from './hosts.ts';
import type { ToolResult } from './model.ts';
import { fillReadme, toRow } from './table.ts';
import { pathIn, setUpLine, type Walk, walk } from './walk.ts';

const golden = join(import.meta.dirname, '..', 'goldens', 'tools-list.json');
const listed = z.array(
  z.object({
    name: z.string(),
    description: z.string(),
    inputSchema: z.object({ properties: z.record(z.string(), z.looseObject({})), required: z.array(z.string()) }),
  }),
);

const walks = new Map<string, Walk>();

function walkOf(name: string): Walk {
  const walked = walks.get(name);
  if (walked === undefined) throw new Error(`${name} was not walked`);
  return walked;
}

/** What the host handed its model of the three calls, in order. */
function resultsOf(name: string): [ToolResult, ToolResult, ToolResult] {
  const { turns, printed } = walkOf(name);
  const [made, edited, failed, ...more] = turns.at(-1)?.results ?? [];
  if (made === undefined || edited === undefined || failed === undefined || more.length > 0) {
    throw new Error(`${name} did not hand on three results in ${turns.length} turns. It printed:\n${printed}`);
  }
  return [made, edited, failed];
}

/** How far two pictures are apart, from 0 to 255 a pixel, however large they are. */
async function difference(one: Buffer | string, other: Buffer | string): Promise<number> {
  const [a, b] = await Promise.all(
    [one, other].map((picture) => sharp(picture).removeAlpha().resize(64, 64, { fit: 'fill' }).raw().toBuffer()),
  );
  if (a === undefined || b === undefined) throw new Error('two pictures are needed');
  return a.reduce((sum, value, index) => sum + Math.abs(value - (b[index] ?? 0)), 0) / a.length;
}

afterAll(async () => {
  for (const { remove } of walks.values()) await remove();
});

describe.for(hosts)('$name', (host) => {
  beforeAll(async () => {
    walks.set(host.name, await walk(host));
  });

  test('says that limner is there', () => {
    expect(walkOf(host.name).checked).toMatch(host.check.says);
  });

  test('is walked as docs/hosts.md says', async () => {
    const guide = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'hosts.md'), 'utf8');
    const section = guide.split(/^## /m).find((part) => part.startsWith(`${host.name}\n`)) ?? '';
    for (const line of [setUpLine(host), host.check.line, host.ask, host.permission ?? '', `${host.pin.package}@${host.pin.version}`])
      expect(section).toContain(line);
  });

  test('lists every tool with its description and arguments', async () => {
    const [turn] = walkOf(host.name).turns;
    const { rewrite = String } = host;
    const tools = listed.parse(
      JSON.parse(await readFile(golden, 'utf8'), (_, value) => (typeof value === 'string' ? rewrite(value) : value)),
    );
    expect(tools.length).toBeGreaterThan(0);
    for (const { name, description, inputSchema } of tools) {
      const found = turn?.tools.find((tool) => tool.name.endsWith(name));
      expect(found?.description, name).toBe(description);
      expect(found?.schema, name).toMatchObject(inputSchema);
    }
  });

  test('hands its model the path of the picture that was made', async () => {
    const [made] = resultsOf(host.name);
    expect(pathIn(made.text)).toBe(join(walkOf(host.name).place.project, 'pictures', 'fox.png'));
    expect(await sharp(pathIn(made.text)).metadata()).toMatchObject({ format: 'png', width: 1024, height: 1024 });
  });

  test(host.showsPictures ? 'shows its model the picture' : 'leaves the picture out', async () => {
    for (const { text, pictures } of resultsOf(host.name).slice(0, 2)) {
      expect(pictures).toHaveLength(host.showsPictures ? 1 : 0);
      for (const picture of pictures) expect(await difference(picture, pathIn(text))).toBeLessThan(4);
    }
  });

  test('edits the picture by the path its result named', async () => {
    const [made, edited] = resultsOf(host.name);
    expect(edited.text).toContain(`, ${pathIn(made.text)}; to undo`);
    expect(await sharp(pathIn(edited.text)).metadata()).toMatchObject({ format: 'png', width: 1024, height: 1024 });
    expect(await difference(pathIn(edited.text), pathIn(made.text))).toBeGreaterThan(1);
  });

  test('hands an error on as text', () => {
    const [made, , failed] = resultsOf(host.name);
    expect(failed.text).toContain(`${pathIn(made.text)} exists already. Choose another output`);
    expect(failed.pictures).toEqual([]);
  });

  test('has every answer, and is not told that one was lost', () => {
    for (const { text } of resultsOf(host.name)) expect(text).not.toContain('answer was lost');
  });

  test('ends well, shows its person the answer and nothing of limner’s log, and leaves no limner behind', () => {
    const { exitCode, printed, left } = walkOf(host.name);
    expect(exitCode, printed).toBe(0);
    expect(printed).toContain(`The fox is painted: ${pathIn(resultsOf(host.name)[0].text)}`);
    expect(printed).not.toContain('limner: ');
    expect(left).toEqual([]);
  });
});

test('the README says what was seen', async () => {
  const rows = hosts.map((host) => toRow(host, walkOf(host.name), resultsOf(host.name)));
  await expect(await fillReadme(rows)).toMatchFileSnapshot('../../README.md');
});
