import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { z } from 'zod';
import type { Computer } from '../fixtures.ts';
import type { Google } from '../google/index.ts';
import { type Raw, withServer } from '../raw.ts';
import { amount, corpora, figure } from './form.ts';
import { bombs, damages, type Expected, type Hostile, oddities, strangers } from './hostile-pictures.ts';
import { childrenOf, memoryOf } from './processes.ts';

const run = promisify(execFile);

const test = withServer({ LIMNER_PREVIEW: 'none', LIMNER_MAX_REPEATS: '0' });

/** What limner did with pictures, counted. */
interface Tally {
  asExpected: number;
  wrong: string[];
  refused: number;
  accepted: number;
  crashes: string[];
  longest: { milliseconds: number; name: string };
}

const newTally = (): Tally => ({ asExpected: 0, wrong: [], refused: 0, accepted: 0, crashes: [], longest: { milliseconds: 0, name: '' } });

/** Has a picture edited; a refusal has to be a sentence about it that came before anything was sent. */
async function offer({ name, bytes, expected }: Hostile, file: string, { server, google, computer }: Place, tally: Tally): Promise<void> {
  await computer.write(file, bytes);
  const before = google.requests.length;
  const asked = performance.now();
  const answer = await server.call('edit_image', { prompt: `Brighter ${name}`, image: file, output: 'out/' });
  const milliseconds = performance.now() - asked;
  if (milliseconds > tally.longest.milliseconds) tally.longest = { milliseconds, name };
  const outcome: Expected = answer.isError ? 'refuse' : 'accept';
  if (answer.isError) {
    tally.refused += 1;
    expect([name, answer.code, google.requests.length]).toEqual([name, 'unreadable_image', before]);
    expect(answer.text).toContain(file);
    if (/crashed/.test(answer.text)) tally.crashes.push(name);
  } else {
    tally.accepted += 1;
    expect(google.requests).toHaveLength(before + 1);
  }
  if (expected === 'either' || expected === outcome) tally.asExpected += 1;
  else tally.wrong.push(`${name}: ${answer.text.slice(0, 300)}`);
}

interface Place {
  server: Raw;
  google: Google;
  computer: Computer;
}

/** Looks at the memory of a server and its decoder until it is stopped; in megabytes, at most. */
function watchMemory({ pid }: Raw): () => Promise<{ server: number; together: number }> {
  const most = { server: 0, together: 0 };
  let isDone = false;
  const watch = async () => {
    while (!isDone) {
      const [server, ...children] = await Promise.all([pid, ...(await childrenOf(pid))].map((each) => memoryOf(each, 'VmRSS')));
      most.server = Math.max(most.server, server ?? 0);
      most.together = Math.max(most.together, (server ?? 0) + children.reduce((sum, child) => sum + child, 0));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const watching = watch();
  return async () => {
    isDone = true;
    await watching;
    return most;
  };
}

/** Offers them all to one server, which has to be there at the end. */
async function offerAll(goal: string, pictures: AsyncIterable<Hostile> | Iterable<Hostile>, place: Place): Promise<Tally> {
  const tally = newTally();
  const stop = watchMemory(place.server);
  let count = 0;
  for await (const picture of pictures) {
    count += 1;
    const extension = /\.\w{3,4}$/.exec(picture.name)?.[0] ?? '.png';
    await offer(picture, `p${count}${extension}`, place, tally);
  }
  const memory = await stop();
  figure(
    goal,
    `${tally.asExpected} of ${count} as expected (${tally.refused} refused, ${tally.accepted} accepted), ${tally.crashes.length} crashes, longest ${tally.longest.milliseconds.toFixed(0)} ms (${tally.longest.name}), server at most ${memory.server.toFixed(0)} MB, with decoder ${memory.together.toFixed(0)} MB`,
  );
  expect(tally.wrong).toEqual([]);
  expect(tally.crashes).toEqual([]);
  expect(memory.server).toBeLessThan(250);
  expect(memory.together).toBeLessThan(700);
  expect((await place.server.call('edit_image', { prompt: 'Brighter', image: await goodPicture(place) })).isError).toBe(false);
  return tally;
}

async function goodPicture({ computer }: Place): Promise<string> {
  const [good] = await oddities();
  await computer.write('good.png', good?.bytes ?? '');
  return 'good.png';
}

test('pictures that are none, or something else as well, are refused or are only the picture', async ({ server, google, computer }) => {
  await offerAll('strangers', await strangers(), { server, google, computer });
});

test('good pictures of rare kinds are taken', async ({ server, google, computer }) => {
  await offerAll('odd pictures', await oddities(), { server, google, computer });
});

test('small files that want to be large pictures stay small', async ({ server, google, computer }) => {
  await offerAll('bombs', bombs(amount(0, 1) === 1), { server, google, computer });
});

test('damaged pictures are refused or taken, and hurt nobody', async ({ server, google, computer }) => {
  await offerAll('damaged pictures', await damages(amount(3, 80)), { server, google, computer });
});

const manifest = z.object({ files: z.array(z.object({ file: z.string(), expect: z.enum(['refuse', 'accept', 'either']) })) });

/** A quiet computer needs a second at most; nothing may take longer than this, in milliseconds. */
const longestOfAll = 5000;

function testOthers(folder: string): void {
  test('other people’s hostile pictures', async ({ server, google, computer }) => {
    const { files } = manifest.parse(JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')));
    async function* read(): AsyncGenerator<Hostile> {
      for (const { file, expect: expected } of files) yield { name: file, bytes: await readFile(join(folder, file)), expected };
    }
    const { longest } = await offerAll('hostile pictures', read(), { server, google, computer });
    expect(longest.milliseconds).toBeLessThan(longestOfAll);
  });

  test('other people’s fuzz files', async ({ server, google, computer }) => {
    const unpacked = await mkdtemp(join(tmpdir(), 'limner-fuzz-'));
    try {
      const archives = (await readdir(folder)).filter((name) => name.endsWith('.tar.xz'));
      for (const archive of archives) await run('tar', ['-xJf', join(folder, archive), '-C', unpacked]);
      const entries = await readdir(unpacked, { recursive: true, withFileTypes: true });
      async function* read(): AsyncGenerator<Hostile> {
        for (const entry of entries) {
          if (entry.isFile()) yield { name: entry.name, bytes: await readFile(join(entry.parentPath, entry.name)), expected: 'either' };
        }
      }
      const { longest } = await offerAll('fuzz files', read(), { server, google, computer });
      expect(longest.milliseconds).toBeLessThan(longestOfAll);
    } finally {
      await rm(unpacked, { recursive: true, force: true });
    }
  });
}

if (corpora !== undefined) testOthers(join(corpora, 'hostile-images'));
