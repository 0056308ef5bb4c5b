import { mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect } from 'vitest';
import { photo, test, together } from './fixtures.ts';
import { answers, bytesOf, type GoogleRequest } from './google/index.ts';

/** The request Google got last. */
function lastRequest(requests: readonly GoogleRequest[]): GoogleRequest {
  const request = requests.at(-1);
  if (request === undefined) throw new Error('nothing was sent');
  return request;
}

together('a prompt alone makes a file in the project, byte for byte what Google sent', async ({ limner, google, computer }) => {
  const { file, facts } = await limner.call('generate_image', { prompt: 'A red fox on a hill' });
  expect(file.path).toBe(join(computer.project, 'generated-images', 'red-fox-on-hill.jpg'));
  expect(file).toMatchObject({ width: 1024, height: 1024, format: 'jpeg', differences: [] });
  const sent = await bytesOf({}, lastRequest(google.requests));
  expect((await readFile(file.path)).equals(sent)).toBe(true);
  expect(file.original && (await readFile(file.original)).equals(sent)).toBe(true);
  expect(facts.cost).toMatchObject({ estimated: false, dollars: expect.closeTo(0.036, 2) });
  expect(facts.warnings).toEqual([]);
});

together(
  'the request asks the current model for text and image, 1:1 at 1K, with the words as they were written',
  async ({ limner, google }) => {
    await limner.call('generate_image', { prompt: 'A poster that says "Open at 9"' });
    expect(lastRequest(google.requests)).toMatchObject({
      model: 'gemini-nano-banana-2.1',
      apiVersion: 'v1beta',
      texts: ['A poster that says "Open at 9"'],
      images: [],
      aspectRatio: '1:1',
      imageSize: '1K',
      responseModalities: ['TEXT', 'IMAGE'],
      search: false,
      refused: undefined,
    });
  },
);

describe('each argument does something Google or the file shows', () => {
  together('aspect_ratio and resolution', async ({ limner, google }) => {
    const answer = await limner.call('generate_image', { prompt: 'Dunes', aspect_ratio: '16:9', resolution: '2K' });
    expect(lastRequest(google.requests)).toMatchObject({ aspectRatio: '16:9', imageSize: '2K' });
    expect(answer.file).toMatchObject({ width: 2816, height: 1536 });
    expect(answer.text).toContain('Shape: 16:9 was asked, 2816×1536 (1.83:1) came.');
  });

  together('an aspect_ratio the model lacks is painted in its nearest and cropped to the pixel, and said', async ({ limner, google }) => {
    const answer = await limner.call('generate_image', { prompt: 'Dunes', aspect_ratio: '2:1' });
    expect(lastRequest(google.requests).aspectRatio).toBe('16:9');
    expect(answer.file).toMatchObject({ width: 1408, height: 704, format: 'jpeg' });
    expect(answer.text).toContain('has no 2:1: it paints 16:9, which is then cropped to 2:1');
    expect(answer.text).toContain('Cropped from 1408×768 to 1408×704.');
    expect(await sharp(answer.file.path).metadata()).toMatchObject({ width: 1408, height: 704 });
    expect(await sharp(answer.file.original ?? '').metadata()).toMatchObject({ width: 1408, height: 768 });
  });

  together('the crop keeps what draws the eye', async ({ limner, google }) => {
    google.next(answers.picture({ width: 1408, height: 768, subject: { x: 0.1, y: 0.5 } }));
    const { file } = await limner.call('generate_image', { prompt: 'A ball', aspect_ratio: '5:3' });
    const { data, info } = await sharp(file.path).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const white = [...data.subarray(0)].filter(
      (_, index) => index % info.channels === 0 && [0, 1, 2].every((channel) => (data[index + channel] ?? 0) > 240),
    );
    expect(white.length).toBeGreaterThan(Math.PI * 96 ** 2 * 0.9);
  });

  together('count makes that many requests side by side and numbers the files in order', async ({ limner, google, computer }) => {
    const { facts, text } = await limner.call('generate_image', { prompt: 'A fox', count: 3, output: 'art/fox.jpg' });
    expect(google.requests).toHaveLength(3);
    expect(facts.images.map((image) => image.path)).toEqual(
      ['fox.jpg', 'fox-2.jpg', 'fox-3.jpg'].map((name) => join(computer.project, 'art', name)),
    );
    expect(new Set(facts.images.map((image) => image.id)).size).toBe(3);
    expect(facts.cost.dollars).toBeCloseTo(0.108, 2);
    expect(text).toMatch(/^1\. .*fox\.jpg .*\n2\. .*fox-2\.jpg .*\n3\. .*fox-3\.jpg /);
  });

  for (const format of ['png', 'webp', 'avif', 'jpeg'] as const) {
    together(`format ${format} delivers that type, by its bytes`, async ({ limner }) => {
      const { file, text } = await limner.call('generate_image', { prompt: 'A fox', format });
      const read = await sharp(file.path).metadata();
      expect(read.format === 'heif' ? read.compression : read.format).toBe(format === 'avif' ? 'av1' : format);
      expect(file.path.endsWith(format === 'jpeg' ? '.jpg' : `.${format}`)).toBe(true);
      expect(text.includes('Converted from jpeg')).toBe(format !== 'jpeg');
    });
  }

  together(
    'output with an extension decides the type, and the answer says where the model’s own bytes are',
    async ({ limner, google, computer }) => {
      const { file, text } = await limner.call('generate_image', { prompt: 'A fox', output: 'public/hero.webp' });
      expect(file).toMatchObject({
        path: join(computer.project, 'public', 'hero.webp'),
        format: 'webp',
        differences: ['Converted from jpeg to webp.'],
      });
      expect(text).toContain(`with Google's content credentials: ${file.original}`);
      expect((await readFile(file.original ?? '')).equals(await bytesOf({}, lastRequest(google.requests)))).toBe(true);
    },
  );

  together('output with the extension of the model’s type is not touched, whatever its spelling', async ({ limner, google }) => {
    const { file } = await limner.call('generate_image', { prompt: 'A fox', output: 'fox.JPEG' });
    expect(file.path.endsWith('fox.JPEG')).toBe(true);
    expect((await readFile(file.path)).equals(await bytesOf({}, lastRequest(google.requests)))).toBe(true);
  });

  together('output that ends in / or is a folder names the folder', async ({ limner, computer }) => {
    await mkdir(join(computer.project, 'there'));
    const made = await limner.call('generate_image', { prompt: 'A red fox', output: 'new/' });
    const there = await limner.call('generate_image', { prompt: 'A red fox', output: join(computer.project, 'there') });
    expect([made.file.path, there.file.path]).toEqual([
      join(computer.project, 'new', 'red-fox.jpg'),
      join(computer.project, 'there', 'red-fox.jpg'),
    ]);
  });

  together('output without an extension gets that of the bytes', async ({ limner, computer }) => {
    const { file } = await limner.call('generate_image', { prompt: 'A fox', output: 'fox v1.2' });
    expect(file.path).toBe(join(computer.project, 'fox v1.2.jpg'));
  });

  test('output takes ~, file:// and absolute paths inside allowed folders', async ({ start, computer, google }) => {
    const limner = await start({
      env: { GEMINI_API_KEY: 'test-key-0123456789', GOOGLE_GEMINI_BASE_URL: google.url, LIMNER_ALLOWED_DIRS: '~/pictures' },
    });
    const home = await limner.call('generate_image', { prompt: 'A fox', output: '~/pictures/a.jpg' });
    const url = await limner.call('generate_image', { prompt: 'A fox', output: `file://${computer.home}/pictures/b%20c.jpg` });
    expect([home.file.path, url.file.path]).toEqual([join(computer.home, 'pictures', 'a.jpg'), join(computer.home, 'pictures', 'b c.jpg')]);
  });

  together('overwrite replaces a picture and keeps the replaced bytes', async ({ limner, computer }) => {
    const old = await photo(40, 30, 'jpeg');
    const path = await computer.write('fox.jpg', old);
    const { file, text } = await limner.call('generate_image', { prompt: 'A fox', output: 'fox.jpg', overwrite: true });
    expect(file.path).toBe(path);
    expect((await readFile(path)).length).toBe(file.bytes);
    const backup = /replaced is kept at (\S+)\.\n/.exec(text)?.[1] ?? '';
    expect((await readFile(backup)).equals(old)).toBe(true);
  });

  for (const [name, id] of [
    ['flash', 'gemini-nano-banana-2.1'],
    ['pro', 'gemini-3-pro-image'],
    ['lite', 'gemini-3.1-flash-lite-image'],
    ['Nano Banana Pro', 'gemini-3-pro-image'],
    ['models/gemini-3-pro-image', 'gemini-3-pro-image'],
  ] as const) {
    together(`model ${name} is ${id}`, async ({ limner, google }) => {
      const { facts } = await limner.call('generate_image', { prompt: 'A fox', model: name });
      expect(lastRequest(google.requests).model).toBe(id);
      expect(facts).toMatchObject({ model: id, warnings: [] });
    });
  }

  together('web_search looks things up, and the answer lists the pages', async ({ limner, google }) => {
    const { facts, text } = await limner.call('generate_image', { prompt: 'The weather in Oslo today', web_search: true });
    expect(lastRequest(google.requests).search).toBe(true);
    expect(facts.sources).toEqual([{ title: 'example.com', url: expect.stringContaining('https://') }]);
    expect(text).toMatch(/Sources \(titles are their own words\): "example\.com" https:/);
    expect(text).toContain('1 search');
  });
});

describe('what cannot be done is refused before anything is sent', () => {
  const refusals = [
    { name: '4K on lite', args: { resolution: '4K', model: 'lite' }, code: 'unsupported', says: /lite-image cannot paint 4K.*flash.*pro/s },
    { name: 'search on lite', args: { web_search: true, model: 'lite' }, code: 'unsupported', says: /cannot search the web.*flash/s },
    { name: 'an extension limner does not write', args: { output: 'fox.svg' }, code: 'unsupported', says: /\.png, \.jpg, \.webp, \.avif/ },
    { name: 'a hidden name', args: { output: '.png' }, code: 'unsupported', says: /cannot write/ },
    {
      name: 'format and extension that disagree',
      args: { output: 'fox.png', format: 'webp' },
      code: 'invalid_argument',
      says: /\.png and format is webp/,
    },
    {
      name: 'a place outside',
      args: { output: '/etc/fox.png' },
      code: 'not_allowed',
      says: /outside the project folder.*Choose an output inside an allowed folder/s,
    },
    { name: 'a way out', args: { output: '../../fox.png' }, code: 'not_allowed', says: /outside the project folder/ },
    {
      name: 'a twin of the project by its first letters',
      args: { output: '../project-2/fox.png' },
      code: 'not_allowed',
      says: /LIMNER_ALLOWED_DIRS/,
    },
    { name: 'a ratio of nothing', args: { aspect_ratio: '0:1' }, code: 'invalid_argument', says: /above 0/ },
    { name: 'a ratio no picture has', args: { aspect_ratio: '100:1' }, code: 'unsupported', says: /too extreme/ },
    { name: 'a file that exists', args: { output: 'there.jpg' }, code: 'file_exists', says: /there\.jpg exists already.*overwrite/s },
    { name: 'a second variation that exists', args: { output: 'late.jpg', count: 2 }, code: 'file_exists', says: /late-2\.jpg exists/ },
    { name: 'overwriting what is no picture', args: { output: 'notes.png', overwrite: true }, code: 'file_exists', says: /not a picture/ },
    { name: 'overwriting a link', args: { output: 'linked.jpg', overwrite: true }, code: 'file_exists', says: /not a picture/ },
    { name: 'a folder that is a file', args: { output: 'notes.png/fox.jpg' }, code: 'cannot_write', says: /not a folder/ },
    { name: 'a path of another system', args: { output: 'C:\\Users\\ada\\cat.png' }, code: 'invalid_argument', says: /Windows path/ },
    {
      name: 'an address',
      args: { output: 'https://x/y.png' },
      code: 'invalid_argument',
      says: /output is a path on this computer.*"https:\/\/"/,
    },
    { name: 'an address in a folder', args: { folder: 'S3://x', filename: 'y.png' }, code: 'invalid_argument', says: /output is a path/ },
    {
      name: 'the address of a picture of limner',
      args: { output: 'limner://images/x' },
      code: 'invalid_argument',
      says: /output is a path/,
    },
    { name: 'a name no file system takes', args: { output: `${'x'.repeat(250)}.jpg` }, code: 'invalid_argument', says: /too long/ },
    { name: 'a name with hidden characters', args: { output: 'fox\u202Egpj.png' }, code: 'invalid_argument', says: /plain name/ },
    { name: 'a link that leads outside', args: { output: 'link/fox.jpg' }, code: 'not_allowed', says: /LIMNER_ALLOWED_DIRS/ },
  ] as const;
  for (const { name, args, code, says } of refusals) {
    together(name, async ({ limner, google, computer }) => {
      for (const file of ['there.jpg', 'late-2.jpg']) await computer.write(file, await photo(20, 20, 'jpeg'));
      await computer.write('notes.png', 'a shopping list');
      await symlink('/tmp', join(computer.project, 'link'));
      await symlink(join(computer.project, 'there.jpg'), join(computer.project, 'linked.jpg'));
      const before = await readdir(computer.project);
      const answer = await limner.call('generate_image', { prompt: 'A fox', ...args });
      expect(answer).toMatchObject({ isError: true, code, blocks: ['text'] });
      expect(answer.text).toMatch(says);
      expect(google.requests).toEqual([]);
      expect(await readdir(computer.project)).toEqual(before);
    });
  }

  together('a folder that cannot be made', async ({ limner, google, computer }) => {
    await computer.write('blocked', 'a file where a folder should be');
    const answer = await limner.call('generate_image', { prompt: 'A fox', output: 'blocked/deeper/' });
    expect(answer.code).toBe('cannot_write');
    expect(google.requests).toEqual([]);
  });
});

describe('models come and go', () => {
  const retired = [
    ['gemini-2.5-flash-image-preview', 'gemini-nano-banana-2.1'],
    ['gemini-2.5-flash-image', 'gemini-nano-banana-2.1'],
    ['gemini-2.0-flash-preview-image-generation', 'gemini-nano-banana-2.1'],
    ['gemini-3.1-flash-image-preview', 'gemini-nano-banana-2.1'],
    ['gemini-3-pro-image-preview', 'gemini-3-pro-image'],
    ['imagen-4.0-generate-001', 'gemini-nano-banana-2.1'],
    ['imagen-4.0-ultra-generate-001', 'gemini-3-pro-image'],
    ['imagen-3.0-generate-002', 'gemini-nano-banana-2.1'],
  ] as const;
  for (const [id, successor] of retired) {
    together(`${id} is answered by ${successor}, with a warning`, async ({ limner, google }) => {
      const { facts } = await limner.call('generate_image', { prompt: 'A fox', model: id });
      expect(lastRequest(google.requests).model).toBe(successor);
      expect(facts.warnings).toEqual([`${id} has been switched off by Google; its successor ${successor} was used instead.`]);
    });
  }

  together('a deprecated model is used, with a warning', async ({ limner, google }) => {
    const { facts } = await limner.call('generate_image', { prompt: 'A fox', model: 'gemini-3.1-flash-image' });
    expect(lastRequest(google.requests).model).toBe('gemini-3.1-flash-image');
    expect(facts.warnings[0]).toMatch(/deprecated/);
  });

  together('an id nobody knows is passed on, with a warning, and its price is not made up', async ({ limner, google }) => {
    const answer = await limner.call('generate_image', { prompt: 'A fox', model: 'gemini-9-image' });
    expect(lastRequest(google.requests).model).toBe('gemini-9-image');
    expect(answer.code).toBe('model_gone');
    expect(answer.text).toMatch(/"gemini-9-image".*flash.*pro.*lite/s);
  });
});
