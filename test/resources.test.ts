import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, vi } from 'vitest';
import { z } from 'zod';
import { type Limner, photo, withKey } from './fixtures.ts';
import { answers, bytesOf, type Google, type GoogleRequest } from './google/index.ts';
import { arrived, held, modern, small, test } from './raw.ts';

const imagesUri = 'limner://images';
const notThere = 'img_aaaaaaaaaaaaaaaa';

const catalogue = z.strictObject({
  images: z.array(
    z.strictObject({
      id: z.string(),
      when: z.iso.datetime(),
      tool: z.string(),
      backend: z.enum(['gemini', 'standin']),
      model: z.string(),
      prompt: z.string(),
      alt: z.string().nullable(),
      dollars: z.number().nullable(),
      path: z.string().nullable(),
      width: z.number().nullable(),
      height: z.number().nullable(),
      format: z.string().nullable(),
      parents: z.array(z.string()),
      uri: z.string(),
    }),
  ),
});

async function readCatalogue({ client }: Limner) {
  const [content] = (await client.readResource({ uri: imagesUri })).contents;
  expect(content).toMatchObject({ uri: imagesUri, mimeType: 'application/json' });
  return catalogue.parse(JSON.parse(content && 'text' in content ? content.text : '')).images;
}

async function readImage({ client }: Limner, id: string) {
  const uri = `${imagesUri}/${id}`;
  const { contents } = await client.readResource({ uri });
  expect(contents).toMatchObject([{ uri }]);
  const [content] = contents;
  return { mimeType: content?.mimeType, bytes: Buffer.from(content && 'blob' in content ? content.blob : '', 'base64') };
}

const listImages = async ({ client }: Limner) =>
  (await client.listResources()).resources.filter(({ uri }) => uri.startsWith(`${imagesUri}/`));

async function complete({ client }: Limner, typed: string): Promise<string[]> {
  const ref = { type: 'ref/resource', uri: `${imagesUri}/{id}` } as const;
  return (await client.complete({ ref, argument: { name: 'id', value: typed } })).completion.values;
}

function requestOf({ requests }: Google, index = 0): GoogleRequest {
  const request = requests[index];
  if (request === undefined) throw new Error(`Google had no request ${index}`);
  return request;
}

describe.for([
  ['the era of initialize', {}],
  ['2026-07-28', { options: { versionNegotiation: { mode: { pin: '2026-07-28' } } } }],
] as const)('in %s', ([era, options]) => {
  test('there are no pictures before the first', async ({ start, google }) => {
    const limner = await start({ env: withKey(google), ...options });
    expect(limner.client.getNegotiatedProtocolVersion()).toBe(era === '2026-07-28' ? era : '2025-11-25');
    expect(limner.client.getServerCapabilities()).toMatchObject({ resources: { listChanged: false }, completions: {} });
    expect(await readCatalogue(limner)).toEqual([]);
    expect((await limner.client.listResources()).resources).toMatchObject([
      { uri: imagesUri, mimeType: 'application/json' },
      { uri: 'ui://limner/gallery.html', mimeType: 'text/html;profile=mcp-app' },
    ]);
    expect((await limner.client.listResourceTemplates()).resourceTemplates).toMatchObject([
      { uriTemplate: `${imagesUri}/{id}` },
      { uriTemplate: `${imagesUri}/{id}/{view}` },
    ]);
    expect(await complete(limner, '')).toEqual([]);
  });

  test('pictures are listed newest first, completed, and read as the model sent them', async ({ start, google }) => {
    const limner = await start({ env: withKey(google), ...options });
    google.next(answers.picture(small), answers.picture(small));
    const fox = (await limner.call('generate_image', { prompt: 'A red fox\non a hill', output: 'fox.webp' })).file;
    const blue = await limner.call('edit_image', { prompt: `Make it blue ${'and bluer '.repeat(40)}`, image: fox.id });

    const [second, first, ...more] = await readCatalogue(limner);
    expect(more).toEqual([]);
    const { id, path, width, height, format } = fox;
    expect(first).toMatchObject({ id, path, width, height, format, tool: 'generate_image', prompt: 'A red fox\non a hill', parents: [] });
    expect(first).toMatchObject({ uri: `${imagesUri}/${fox.id}`, format: 'webp', model: 'gemini-nano-banana-2.1' });
    expect(second).toMatchObject({ id: blue.file.id, tool: 'edit_image', parents: [fox.id], dollars: blue.facts.cost.dollars });
    expect(second?.prompt).toMatch(/^Make it blue and bluer .{100,}…$/);
    expect(second?.prompt.length).toBeLessThanOrEqual(200);

    const sent = await Promise.all([bytesOf(small, requestOf(google, 0)), bytesOf(small, requestOf(google, 1))]);
    expect(await readImage(limner, fox.id)).toEqual({ mimeType: 'image/jpeg', bytes: sent[0] });
    expect((await readImage(limner, blue.file.id)).bytes).toEqual(sent[1]);
    const listed = { mimeType: 'image/jpeg', title: 'A red fox on a hill', name: 'fox.jpg', size: sent[0].length };
    expect(await listImages(limner)).toMatchObject([
      { uri: `${imagesUri}/${blue.file.id}`, name: basename(blue.file.path).replace(/\.webp$/, '.jpg') },
      { uri: `${imagesUri}/${fox.id}`, ...listed },
    ]);
    expect(await complete(limner, '')).toEqual([blue.file.id, fox.id]);
    expect(await complete(limner, fox.id.slice(0, 8))).toEqual([fox.id]);
    expect(await complete(limner, '../')).toEqual([]);
  });

  test('what is no picture is not found, and never a path', async ({ start, google, computer }) => {
    const limner = await start({ env: withKey(google), ...options });
    const { file } = await limner.call('generate_image', { prompt: 'A fox' });
    await writeFile(join(computer.state, 'images', 'secret.json'), '{}');
    await expect(readImage(limner, notThere)).rejects.toThrow(`limner knows no picture ${notThere}; read ${imagesUri}`);
    const hostile = [
      'secret',
      `${file.id}.json`,
      `${file.id}?`,
      `${file.id},${file.id}`,
      `${file.id}%00`,
      'img%5Fa',
      'last',
      '{id}',
      'a'.repeat(900_000),
    ];
    for (const id of hostile) {
      const error: unknown = await readImage(limner, id).catch((reason: unknown) => reason);
      expect(error, id.slice(0, 40)).toMatchObject({ code: -32602, data: { uri: expect.any(String) } });
      expect(JSON.stringify(error).length).toBeLessThan(1000);
    }
    for (const id of ['', '../../etc/passwd', '%2e%2e%2f%2e%2e%2fetc%2fpasswd', `../images/${file.id}/../x`, '/etc/passwd', '\0']) {
      await expect(readImage(limner, id), id).rejects.toMatchObject({ code: -32602 });
    }
    // An address that leads back to the catalogue may be read as that; it is never a picture or a file.
    for (const id of ['..', '%2e%2e', '.']) {
      const read = await limner.client.readResource({ uri: `${imagesUri}/${id}` }).catch(() => undefined);
      for (const content of read?.contents ?? []) expect(content, id).toMatchObject({ uri: imagesUri });
    }
    await expect(readImage(limner, 'a'.repeat(1_000_000))).rejects.toThrow(/maximum length/);
    for (const uri of ['limner://image', 'limner:images', 'file:///etc/passwd', 'nonsense', '']) {
      await expect(limner.client.readResource({ uri }), uri).rejects.toMatchObject({ code: -32602 });
    }
    expect(await readCatalogue(limner)).toMatchObject([{ id: file.id }]);
  });
});

test('pictures of another server on the same state folder are there at once', async ({ start, google }) => {
  const [one, other] = await Promise.all([start({ env: withKey(google) }), start()]);
  expect(await readCatalogue(other)).toEqual([]);
  google.next(answers.picture(small));
  const { file } = await one.call('generate_image', { prompt: 'A fox' });
  expect(await readCatalogue(other)).toMatchObject([{ id: file.id, path: file.path }]);
  expect(await listImages(other)).toMatchObject([{ name: basename(file.path) }]);
  expect((await readImage(other, file.id)).bytes).toEqual(await bytesOf(small, requestOf(google)));
});

test('fifty pictures are told of, twenty are offered, and not one is kept from being read', async ({ limner, computer, google }) => {
  google.always(answers.picture(small));
  const { file } = await limner.call('generate_image', { prompt: 'The first' });
  for (let call = 0; call < 7; call += 1) await limner.call('generate_image', { prompt: `Foxes ${call}`, count: 8 });
  const [images, offered] = [await readCatalogue(limner), await listImages(limner)];
  expect([images.length, offered.length]).toEqual([50, 20]);
  const times = images.map(({ when }) => when);
  expect(times).toEqual([...times].sort().reverse());
  expect(offered.map(({ uri }) => uri)).toEqual(images.slice(0, 20).map(({ uri }) => uri));
  expect(images.map(({ id }) => id)).not.toContain(file.id);
  expect((await readImage(limner, file.id)).bytes).toHaveLength((await readFile(join(computer.state, 'images', `${file.id}.jpg`))).length);
});

describe('when the original is gone', () => {
  const removeOriginal = (state: string, id: string) => rm(join(state, 'images', `${id}.jpg`));

  test('the delivered file stands in while it has the same bytes', async ({ limner, computer, google }) => {
    const { file } = await limner.call('generate_image', { prompt: 'A fox', output: 'fox.jpg' });
    await removeOriginal(computer.state, file.id);
    expect((await readImage(limner, file.id)).bytes).toEqual(await bytesOf({}, requestOf(google)));
    expect(await listImages(limner)).toMatchObject([{ name: 'fox.jpg' }]);

    const changed = await readFile(file.path);
    changed.fill(0, 1000, 1010);
    await writeFile(file.path, changed);
    await expect(readImage(limner, file.id)).rejects.toThrow(`read the delivered file instead: ${file.path}`);
    await rm(file.path);
    await expect(readImage(limner, file.id)).rejects.toThrow(/is gone too; make it again/);
    expect(await listImages(limner)).toEqual([]);
    expect(await readCatalogue(limner)).toMatchObject([{ id: file.id }]);
  });

  test('a delivered file of another format is named, not served', async ({ limner, computer }) => {
    const { file } = await limner.call('generate_image', { prompt: 'A fox', output: 'fox.png' });
    await removeOriginal(computer.state, file.id);
    await expect(readImage(limner, file.id)).rejects.toMatchObject({
      code: -32602,
      data: { uri: `${imagesUri}/${file.id}` },
      message: expect.stringContaining(
        `changed or removed since, as happens when the archive is full; read the delivered file instead: ${file.path}`,
      ),
    });
    expect(await listImages(limner)).toEqual([]);
  });

  test('an original that was changed is not served', async ({ limner, computer }) => {
    const { file } = await limner.call('generate_image', { prompt: 'A fox', output: 'fox.png' });
    const path = join(computer.state, 'images', `${file.id}.jpg`);
    const bytes = await readFile(path);
    await writeFile(path, bytes.fill(0, 1000, 1010));
    await expect(readImage(limner, file.id)).rejects.toThrow(/changed or removed/);
  });

  test('a forgotten picture is said to be forgotten, and where its file went', async ({ limner, start, computer }) => {
    const { file } = await limner.call('generate_image', { prompt: 'A fox' });
    const folder = join(computer.state, 'images');
    await Promise.all((await readdir(folder)).map((name) => rm(join(folder, name))));
    const other = await start();
    await expect(readImage(other, file.id)).rejects.toThrow(
      `The picture ${file.id} was forgotten; its delivered file was left where it was: ${file.path}`,
    );
    expect(await readCatalogue(other)).toEqual([]);
    expect(await complete(other, '')).toEqual([]);
  });
});

test('an original whose record could not be written is found under its id', async ({ limner, start, computer, google }) => {
  const { file } = await limner.call('generate_image', { prompt: 'A fox' });
  await rm(join(computer.state, 'images', `${file.id}.json`));
  expect((await readImage(await start(), file.id)).bytes).toEqual(await bytesOf({}, requestOf(google)));
});

test('a picture that is not delivered yet is there already', async ({ limner, start, computer, google }) => {
  const other = await start();
  const { answer, release } = held();
  google.next(answers.picture(small), answer);
  const call = limner.call('generate_image', { prompt: 'A fox', count: 2, output: 'fox.jpg' });
  const arrivals = await vi.waitFor(async () => {
    const images = await readCatalogue(other);
    expect(images).toMatchObject([{ path: null, prompt: 'A fox' }]);
    return images;
  });
  for (const { id } of arrivals) {
    expect((await readImage(other, id)).bytes).toEqual(await readFile(join(computer.state, 'images', `${id}.jpg`)));
    expect(await listImages(other)).toMatchObject([{ name: `${id}.jpg` }]);
  }
  release();
  const paths = (await call).facts.images.map(({ path }) => path);
  expect((await readCatalogue(other)).map(({ path }) => path).sort()).toEqual(paths.sort());
});

test('a picture that could not be delivered is there, with the path of its original', async ({ limner, computer, google }) => {
  const { answer, release } = held();
  google.next(answer);
  const call = limner.call('generate_image', { prompt: 'A fox', output: 'art/fox.jpg' });
  await arrived(google, 1);
  await rm(join(computer.project, 'art'), { recursive: true, force: true });
  await computer.write('art', 'a file where the folder was');
  release();
  const { path } = (await call).file;
  expect(path).toMatch(computer.state);
  expect(await readCatalogue(limner)).toMatchObject([{ path, width: small.width, height: small.height, format: 'jpeg' }]);
  expect(await listImages(limner)).toMatchObject([{ name: basename(path), mimeType: 'image/jpeg' }]);
});

test('an original longer than clients take in one message is named by its path', async ({ limner, computer, google }) => {
  const jpeg = await photo(800, 600, 'jpeg');
  const [longest, tooLong] = [7_500_000, 7_500_001].map((length) => Buffer.concat([jpeg, Buffer.alloc(length - jpeg.length)]));
  const ids: string[] = [];
  for (const bytes of [longest, tooLong]) {
    google.next(answers.picture({ ...(bytes && { bytes }), signatureBytes: 0 }));
    ids.push((await limner.call('generate_image', { prompt: 'A fox' })).file.id);
  }
  const [fits = '', exceeds = ''] = ids;
  expect((await readImage(limner, fits)).bytes.equals(longest ?? jpeg)).toBe(true);
  await expect(readImage(limner, exceeds)).rejects.toMatchObject({
    code: -32602,
    data: { reason: 'too_large' },
    message: expect.stringContaining(`read the file instead: ${join(computer.state, 'images', `${exceeds}.jpg`)}`),
  });
  expect(await listImages(limner)).toHaveLength(2);
});

test('pictures are read while another is painted, without a key, and nobody is told to keep the answer', async ({
  raw,
  google,
  limner,
}) => {
  google.next(answers.picture(small));
  const { file } = await limner.call('generate_image', { prompt: 'A fox' });
  const { answer, release } = held();
  google.next(answer);
  const painting = limner.call('generate_image', { prompt: 'A bird' });
  await arrived(google, 2);
  expect((await readImage(limner, file.id)).mimeType).toBe('image/jpeg');
  release();
  await painting;

  const server = raw();
  for (const [method, params] of [
    ['resources/list', {}],
    ['resources/read', { uri: imagesUri }],
    ['resources/read', { uri: `${imagesUri}/${file.id}` }],
  ] as const) {
    const { result } = await server.request(method, { ...params, _meta: modern });
    expect(result, method).toMatchObject({ ttlMs: 0, cacheScope: 'private' });
  }
});
