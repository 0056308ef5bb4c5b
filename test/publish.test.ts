import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startDraft } from '../src/files/draft.ts';
import { ensureWritable, publish } from '../src/files/publish.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limner-publish-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const bytes = (text: string) => new TextEncoder().encode(text);
const listed = async () => (await readdir(folder)).toSorted();

test('a name that is free is taken, and nothing else is left in the folder', async () => {
  expect(await publish(join(folder, 'fox.png'), bytes('one'), 'number')).toBe(join(folder, 'fox.png'));
  expect(await listed()).toEqual(['fox.png']);
});

test('a name that is taken gets the next number, and the first file stays as it was', async () => {
  for (const text of ['one', 'two', 'three']) await publish(join(folder, 'fox.png'), bytes(text), 'number');
  expect(await listed()).toEqual(['fox-2.png', 'fox-3.png', 'fox.png']);
  expect(await readFile(join(folder, 'fox.png'), 'utf8')).toBe('one');
});

test('replacing puts the new file in the place of the old one', async () => {
  await publish(join(folder, 'fox.png'), bytes('old'), 'number');
  await publish(join(folder, 'fox.png'), bytes('new'), 'replace');
  expect(await listed()).toEqual(['fox.png']);
  expect(await readFile(join(folder, 'fox.png'), 'utf8')).toBe('new');
});

test('a link under the name is never followed, not even one that leads nowhere', async () => {
  await mkdir(join(folder, 'elsewhere'));
  const outside = join(folder, 'elsewhere', 'secret');
  await writeFile(outside, 'secret');
  await symlink(outside, join(folder, 'a.png'));
  await symlink(join(folder, 'nowhere'), join(folder, 'b.png'));
  expect(await publish(join(folder, 'a.png'), bytes('x'), 'number')).toBe(join(folder, 'a-2.png'));
  expect(await publish(join(folder, 'b.png'), bytes('x'), 'number')).toBe(join(folder, 'b-2.png'));
  await publish(join(folder, 'a.png'), bytes('x'), 'replace');
  expect(await readFile(outside, 'utf8')).toBe('secret');
});

test('what fails leaves nothing behind and says why', async () => {
  await expect(publish(join(folder, 'missing', 'fox.png'), bytes('x'), 'number')).rejects.toMatchObject({
    code: 'cannot_write',
    message: expect.stringContaining('the folder does not exist'),
  });
  await expect(publish(join(folder, `${'x'.repeat(300)}.png`), bytes('x'), 'number')).rejects.toMatchObject({
    message: expect.stringContaining('the name is too long'),
  });
  await writeFile(join(folder, 'file'), '');
  await expect(ensureWritable(join(folder, 'file', 'deeper'), 1)).rejects.toMatchObject({ code: 'cannot_write' });
  expect(await listed()).toEqual(['file']);
});

test('room that is not there is missed before anything is paid for', async () => {
  await expect(ensureWritable(folder, Number.MAX_SAFE_INTEGER)).rejects.toMatchObject({ message: expect.stringContaining('is full') });
});

test('two processes that write the same name at once lose nothing', async () => {
  const program =
    "const { publish } = await import(process.argv[1]); for (let i = 0; i < 100; i += 1) await publish(process.argv[2], new TextEncoder().encode(`${process.pid} ${i}`), 'number');";
  const module = new URL('../build/files/publish.js', import.meta.url).href;
  const run = () => promisify(execFile)(process.execPath, ['--input-type=module', '-e', program, module, join(folder, 'fox.png')]);
  await Promise.all([run(), run()]);
  const contents = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')));
  expect(contents).toHaveLength(200);
  expect(new Set(contents).size).toBe(200);
});

test('what is written while it arrives is one file, which has no name before it is whole', async () => {
  const draft = startDraft(folder);
  for (const text of ['one ', 'two ', 'three']) draft.add(bytes(text));
  await expect.poll(listed).toEqual([expect.stringMatching(/^\.limner-[0-9a-f]{16}\.part$/)]);
  expect(await publish(join(folder, 'fox.png'), bytes('one two three'), 'number', { draft })).toBe(join(folder, 'fox.png'));
  expect(await readFile(join(folder, 'fox.png'), 'utf8')).toBe('one two three');
  await draft.discard();
  expect(await listed()).toEqual(['fox.png']);
});

test('a draft whose folder was moved, that lacks bytes, or that was given up, is written anew where it belongs', async () => {
  const [here, moved] = [join(folder, 'here'), join(folder, 'moved')];
  await mkdir(here);
  const [lost, short, over] = [startDraft(here), startDraft(folder), startDraft(folder)];
  for (const draft of [lost, over]) draft.add(bytes('fox'));
  short.add(bytes('fo'));
  await over.discard();
  await expect.poll(() => readdir(here)).toHaveLength(1);
  await rename(here, moved);
  await mkdir(here);
  expect(await publish(join(here, 'fox.png'), bytes('fox'), 'number', { draft: lost })).toBe(join(here, 'fox.png'));
  await publish(join(folder, 'a.png'), bytes('fox'), 'number', { draft: short });
  await publish(join(folder, 'b.png'), bytes('fox'), 'number', { draft: over });
  for (const path of [join(here, 'fox.png'), join(folder, 'a.png'), join(folder, 'b.png')])
    expect(await readFile(path, 'utf8')).toBe('fox');
  expect([await readdir(moved), await listed()]).toEqual([[], ['a.png', 'b.png', 'here', 'moved']]);
});

test('a process that ends takes along what it was writing', async () => {
  const program = `const { startDraft } = await import(process.argv[1]); const { readdir } = await import('node:fs/promises'); startDraft(process.argv[2]).add(new Uint8Array(9));
    while ((await readdir(process.argv[2])).length === 0); process.exit();`;
  const module = new URL('../build/files/draft.js', import.meta.url).href;
  await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program, module, folder]);
  expect(await listed()).toEqual([]);
});
