import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect } from 'vitest';
import { test as base, type Computer, type Limner, withKey } from './fixtures.ts';
import { answers, draw, type Google, startGoogle } from './google/index.ts';
import { small } from './raw.ts';

/** Two pictures that are too large for one request together: noise, which nothing makes smaller. */
const test = base.extend<{ google: Google; limner: Limner; pictures: string[] }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the pattern
  google: async ({}, use) => {
    const google = await startGoogle();
    google.always(answers.picture(small));
    await use(google);
    await google.close();
  },
  limner: async ({ start, google }, use) => {
    await use(await start({ env: { ...withKey(google), LIMNER_PREVIEW: 'none' } }));
  },
  pictures: async ({ computer }, use) => {
    const noise = await draw({ format: 'png', noise: true, width: 1800, height: 1500 });
    const other = await draw({ format: 'png', noise: true, width: 1801, height: 1500 });
    await Promise.all([computer.write('a.png', noise), computer.write('b.png', other)]);
    await use(['a.png', 'b.png']);
  },
});

const uploadsOf = ({ others }: Google) => others.filter(({ method, path }) => method === 'POST' && path === '/upload/v1beta/files').length;
const deletionsOf = ({ others }: Google) => others.filter(({ method }) => method === 'DELETE').length;

/** Every conversation the archive keeps, as text. */
async function readTurns({ state }: Computer): Promise<string[]> {
  const folder = join(state, 'turns');
  return Promise.all((await readdir(folder)).map(async (name) => gunzipSync(await readFile(join(folder, name))).toString()));
}

describe('pictures that do not fit into a request', () => {
  test('lie beside it, each once for all variations, and are deleted; what is kept depends on none of them', async ({
    google,
    limner,
    computer,
    pictures,
  }) => {
    const composed = await limner.call('compose_images', { prompt: 'Both', images: pictures, count: 2, output: 'out/' });
    expect(composed.isError, composed.text).toBe(false);
    expect(google.requests.map(({ refused, images, bytes }) => [refused, images.length, bytes < 20_000_000])).toEqual([
      [undefined, 2, true],
      [undefined, 2, true],
    ]);
    expect(JSON.stringify(google.requests[0]?.body).match(/"fileUri":"[^"]*\/v1beta\/files\/\w+"/g)?.length).toBe(uploadsOf(google));
    expect(google.requests[0]?.images.map(({ bytes }) => bytes.length > 7_000_000)).toEqual([true, true]);
    expect([uploadsOf(google), deletionsOf(google), google.files.files.size]).toEqual([1, 1, 0]);
    expect((await readTurns(computer)).join()).not.toContain('/files/');

    // The conversation is longer than a request: it is gone on with all the same.
    google.requests.length = 0;
    const edited = await limner.call('edit_image', { prompt: 'Darker', image: composed.facts?.images[0]?.id ?? '' });
    expect(edited.isError, edited.text).toBe(false);
    expect(edited.text).not.toMatch(/edited by itself/);
    expect(google.requests).toMatchObject([
      { refused: undefined, body: { contents: [{ role: 'user' }, { role: 'model' }, { role: 'user' }] } },
    ]);
    expect([uploadsOf(google), deletionsOf(google), google.files.files.size]).toEqual([2, 2, 0]);
  });

  test('are deleted after a failure too; one that cannot be uploaded costs nothing', async ({ google, limner, pictures }) => {
    google.always(answers.refusal('IMAGE_SAFETY'));
    expect((await limner.call('compose_images', { prompt: 'Both', images: pictures })).code).toBe('refused');
    expect([uploadsOf(google), google.files.files.size]).toEqual([1, 0]);
    google.requests.length = 0;
    google.disturb(({ method, path }) => (method === 'POST' && path.startsWith('/upload') ? { status: 404, body: '' } : undefined));
    const failed = await limner.call('compose_images', { prompt: 'Both again', images: pictures });
    expect([failed.isError, failed.text]).toEqual([
      true,
      expect.stringMatching(/no files or batches at this address \(404\)\. Check GOOGLE_GEMINI_BASE_URL/),
    ]);
    expect([google.requests, google.files.files.size]).toEqual([[], 0]);
    expect(failed.text).not.toMatch(/may have been billed/);
  });
});
