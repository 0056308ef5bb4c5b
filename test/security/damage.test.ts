import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { Answer } from '../answer.ts';
import { type Computer, makeComputer, startLimner, withKey } from '../fixtures.ts';
import { answers, type Google, startGoogle } from '../google/index.ts';
import { runCli } from '../raw.ts';
import { type Dice, damage, type Outside, ofBytes, ofLines, ofRecords, rollFrom } from './damage-kinds.ts';
import { amount, figure } from './form.ts';

/** Damaged at a time, each its own file; beside them a few lines of the ledger, or the index. */
const perRound = 20;
const canary = 'canary-Kp4Tz8Wm';

interface Known {
  id: string;
  path: string;
}

let google: Google;
let computer: Computer;
let outside: Outside;
let whole: string;
/** Pictures nobody damages, and those that are. */
let sound: Known[];
let victims: Known[];

beforeAll(async () => {
  google = await startGoogle();
  google.always(answers.picture({ width: 96, height: 64, signatureBytes: 400 }));
  computer = await makeComputer();
  whole = join(dirname(computer.state), 'whole');
  outside = await makeOutside(join(dirname(computer.state), 'outside'));
  const limner = await startLimner(computer, { env: withKey(google) });
  const made: Known[] = [];
  for (let index = 0; index < perRound + 3; index += 1) {
    const tool = index % 3 === 0 ? 'generate_image' : 'edit_image';
    const image = made.at(-1)?.id;
    const { file } = await limner.call(tool, {
      prompt: `Fox number ${index}`,
      ...(tool === 'edit_image' && { image }),
      output: `fox-${index}.jpg`,
    });
    made.push(file);
  }
  await limner.close();
  sound = made.slice(0, 3);
  victims = made.slice(3);
  await cp(computer.state, whole, { recursive: true });
});

afterAll(async () => {
  await google.close();
  await rm(dirname(computer.state), { recursive: true, force: true });
});

async function makeOutside(folder: string): Promise<Outside> {
  await mkdir(folder);
  const paths = { folder, picture: join(folder, 'private.png'), record: join(folder, 'private.json'), words: join(folder, 'private.txt') };
  // A colour nobody draws with.
  const magenta = sharp({ create: { width: 64, height: 64, channels: 3, background: '#ff00ff' } });
  await writeFile(
    paths.picture,
    await magenta
      .withExif({ IFD0: { Copyright: canary } })
      .png()
      .toBuffer(),
  );
  await writeFile(join(folder, 'private.jpg'), await magenta.jpeg().toBuffer());
  await writeFile(paths.record, JSON.stringify({ id: 'img_aaaaaaaaaaaaaaaa', prompt: canary }));
  await writeFile(paths.words, canary);
  return paths;
}

/** Everything there is outside, byte for byte, with the times of its last change. */
async function lookOutside(): Promise<unknown> {
  const names = (await readdir(outside.folder)).sort();
  return Promise.all(
    names.map(async (name) => [
      name,
      (await stat(join(outside.folder, name))).mtimeMs,
      await readFile(join(outside.folder, name), 'base64'),
    ]),
  );
}

/** The archive as it was, with every victim damaged in one of its files. Resolves with what was done. */
async function damageAll(dice: Dice, count: number): Promise<string[]> {
  await rm(computer.state, { recursive: true, force: true });
  await cp(whole, computer.state, { recursive: true });
  const done = victims.slice(0, count - 2).map(({ id }, index) => {
    const [path, ways] = (
      [
        [join('images', `${id}.json`), ofRecords],
        [join('images', `${id}.jpg`), ofBytes],
        [join('turns', `${id}.json.gz`), ofBytes],
      ] as const
    )[index % 3] ?? [join('images', `${id}.json`), ofRecords];
    return `${path}: ${damage(join(computer.state, path), ways, dice, outside)}`;
  });
  const [day = ''] = await readdir(join(computer.state, 'ledger'));
  const growing = [join('ledger', day), 'index.jsonl'];
  return [...done, ...growing.map((path) => `${path}: ${damage(join(computer.state, path), ofLines, dice, outside)}`)];
}

/** What no answer holds, whatever the archive says: words of ours, stacks, what lies outside. */
function expectFit(answer: Answer, done: readonly string[]): void {
  expect(answer.isError ? answer.code : 'success', `${answer.text}\n${done.join('\n')}`).not.toBe('internal');
  expect(answer.text).not.toContain(canary);
}

const resource = z.object({ contents: z.array(z.object({ text: z.string().optional(), blob: z.string().optional() })) });

async function expectUsable(done: readonly string[]): Promise<void> {
  const limner = await startLimner(computer, { env: withKey(google) });
  const { tools } = await limner.client.listTools();
  expect(tools.length).toBeGreaterThan(2);
  for (const { id } of sound) {
    const edited = await limner.call('edit_image', { prompt: 'At night', image: id });
    expect(edited.isError, `${edited.text}\n${done.join('\n')}`).toBe(false);
    expect(edited.facts.parents).toMatchObject([{ id }]);
    const original = resource.parse(await limner.client.readResource({ uri: `limner://images/${id}` }));
    const file = await readFile(join(whole, 'images', `${id}.jpg`));
    expect(original.contents[0]?.blob).toBe(file.toString('base64'));
  }
  for (const { id } of victims) expectFit(await limner.call('edit_image', { prompt: 'At night', image: id, max_kb: 500 }), done);
  for (const image of ['img_aaaaaaaaaaaaaaaa', 'last', '../../outside/private']) {
    expectFit(await limner.call('edit_image', { prompt: 'At dawn', image, dry_run: true }), done);
  }
  const made = await limner.call('generate_image', { prompt: 'A red fox that is new' });
  expect(made.isError, `${made.text}\n${done.join('\n')}`).toBe(false);
  const listed = JSON.stringify([
    await limner.client.listResources(),
    resource.parse(await limner.client.readResource({ uri: 'limner://images' })),
  ]);
  for (const { id } of [...sound, made.file]) expect(listed, done.join('\n')).toContain(id);
  expect(listed).not.toContain(canary);
  await limner.close();
  expect(limner.log(), done.join('\n')).not.toMatch(/^\s+at |canary/m);
}

async function expectCommands(done: readonly string[]): Promise<void> {
  for (const command of [['history', '--json'], ['history'], ['spend', '--json'], ['spend']]) {
    const { code, stdout, stderr } = await runCli(computer, command);
    expect([command[0], code, stderr], done.join('\n')).toEqual([command[0], 0, '']);
    if (command.includes('--json')) expect(() => JSON.parse(stdout)).not.toThrow();
    expect(stdout).not.toContain(canary);
  }
}

/** What Google was shown: never the picture that lies outside. */
async function expectNothingSent(): Promise<void> {
  const pictures = google.requests.flatMap(({ images }) => images.map(({ bytes }) => bytes));
  for (const bytes of pictures) {
    const { channels } = await sharp(bytes).stats();
    expect(channels.map(({ mean }) => Math.round(mean / 16))).not.toEqual([16, 0, 16]);
    expect(bytes.includes(canary)).toBe(false);
  }
  expect(JSON.stringify(google.requests.map(({ body }) => body))).not.toContain(canary);
}

test(
  'a damaged archive costs what is damaged and nothing else',
  async () => {
    const [files, before] = [amount(40, 1000), await lookOutside()];
    let damaged = 0;
    for (let round = 1; damaged < files; round += 1) {
      const done = await damageAll(rollFrom(round), perRound);
      google.requests.length = 0;
      await expectUsable(done).catch((cause: unknown) => {
        throw new Error(`round ${round}: ${cause}\n${done.join('\n')}`, { cause });
      });
      await expectNothingSent();
      await expectCommands(done);
      expect(await lookOutside(), done.join('\n')).toEqual(before);
      damaged += done.length;
    }
    figure(
      'damaged archive files',
      `${damaged}: the server started on each, ${sound.length} undamaged pictures were used each time, nothing outside was read or changed`,
    );
  },
  amount(60_000, 1_800_000),
);
