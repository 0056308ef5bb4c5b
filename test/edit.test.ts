import { randomBytes } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect } from 'vitest';
import { photo, test, together, withKey } from './fixtures.ts';
import { answers } from './google/index.ts';

describe('the picture to change', () => {
  together('goes to Google after the words, labelled, and its own shape and size are asked for', async ({ limner, google, computer }) => {
    await computer.write('bottle.png', await photo(1200, 900));
    const { facts, text, file } = await limner.call('edit_image', { prompt: 'Make the bottle blue', image: 'bottle.png' });
    const [request] = google.requests;
    expect(request).toMatchObject({ texts: ['Make the bottle blue', 'Image 1 (bottle.png)'], aspectRatio: '4:3', imageSize: '1K' });
    expect(request?.images.map((image) => image.mimeType)).toEqual(['image/png']);
    expect(facts.parents).toEqual([{ id: null, path: join(computer.project, 'bottle.png') }]);
    expect(text).toContain(`Edited from ${join(computer.project, 'bottle.png')}; to undo, edit that one again.`);
    expect(file.differences).toEqual([]);
  });

  together('references follow in order, each with its label', async ({ limner, google, computer }) => {
    for (const name of ['scene.png', 'logo.png', 'style.jpg'])
      await computer.write(name, await photo(320, 200, name.endsWith('jpg') ? 'jpeg' : 'png'));
    await limner.call('edit_image', { prompt: 'Put the logo of image 2 on it', image: 'scene.png', references: ['logo.png', 'style.jpg'] });
    expect(google.requests[0]?.texts).toEqual([
      'Put the logo of image 2 on it',
      'Image 1 (scene.png)',
      'Image 2 (logo.png)',
      'Image 3 (style.jpg)',
    ]);
    expect(google.requests[0]?.images).toHaveLength(3);
  });

  together('a shape the model lacks is kept by a crop, and said', async ({ limner, google, computer }) => {
    await computer.write('wide.png', await photo(3000, 1000));
    const { file, text } = await limner.call('edit_image', { prompt: 'Night', image: 'wide.png', resolution: '1K' });
    expect(google.requests[0]?.aspectRatio).toBe('21:9');
    expect(file.width / file.height).toBeCloseTo(3, 2);
    expect(text).toMatch(/no ratio of 3000×1000.*cropped to the picture's own shape/);
  });

  for (const { size, resolution } of [
    { size: [1408, 768], resolution: '1K' },
    { size: [1024, 1024], resolution: '1K' },
    { size: [1600, 1600], resolution: '2K' },
    { size: [3000, 2000], resolution: '4K' },
    { size: [6000, 6000], resolution: '4K' },
  ] as const) {
    together(
      `a picture of ${size[0]}×${size[1]} is edited at ${resolution}, so that it is not shrunk unasked`,
      async ({ limner, google, computer }) => {
        await computer.write('in.jpg', await photo(size[0], size[1], 'jpeg'));
        const { text } = await limner.call('edit_image', { prompt: 'Brighter', image: 'in.jpg' });
        expect(google.requests[0]?.imageSize).toBe(resolution);
        expect(text.includes('will be smaller than the picture')).toBe(size[0] > 4300);
      },
    );
  }

  together('lite paints 1K only, so a larger picture gets smaller, and the answer says so', async ({ limner, google, computer }) => {
    await computer.write('in.jpg', await photo(2000, 2000, 'jpeg'));
    const { text } = await limner.call('edit_image', { prompt: 'Brighter', image: 'in.jpg', model: 'lite' });
    expect(google.requests[0]?.imageSize).toBe('1K');
    expect(text).toContain('2000×2000 goes in, about 1024×1024 comes back (1K)');
  });

  together('aspect_ratio given explicitly wins over the picture’s own', async ({ limner, google, computer }) => {
    await computer.write('in.jpg', await photo(800, 800, 'jpeg'));
    await limner.call('edit_image', { prompt: 'Make it a banner', image: 'in.jpg', aspect_ratio: '21:9' });
    expect(google.requests[0]?.aspectRatio).toBe('21:9');
  });
});

describe('what leaves the computer', () => {
  together('is upright and has lost its metadata, GPS above all', async ({ limner, google, computer }) => {
    const gps = { IFD0: { Copyright: 'Ada Secret' }, IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '48/1 51/1 30/1' } };
    const lying = await sharp(await photo(400, 200, 'jpeg'))
      .withExif(gps)
      .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/">Ada Secret</x:xmpmeta>')
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    expect(lying.includes('Ada Secret')).toBe(true);
    await computer.write('phone.jpg', lying);
    await limner.call('edit_image', { prompt: 'Brighter', image: 'phone.jpg' });
    const sent = google.requests[0]?.images[0]?.bytes ?? Buffer.alloc(0);
    const read = await sharp(sent).metadata();
    expect([read.width, read.height, read.orientation, read.exif, read.xmp]).toEqual([200, 400, undefined, undefined, undefined]);
    expect(sent.includes('Ada Secret')).toBe(false);
    expect(google.requests[0]?.aspectRatio).toBe('9:16');
    const { data } = await sharp(sent).extract({ left: 190, top: 5, width: 5, height: 5 }).raw().toBuffer({ resolveWithObject: true });
    expect([data[0], data[1]]).toEqual([expect.closeTo(0xe0, -1.5), expect.closeTo(0x20, -1.5)]);
  });

  for (const format of ['avif', 'gif', 'webp', 'png', 'jpeg'] as const) {
    together(`${format} arrives as a type Google takes, whatever the file is called`, async ({ limner, google, computer }) => {
      await computer.write('picture.dat', await photo(300, 200, format));
      const answer = await limner.call('edit_image', { prompt: 'Brighter', image: 'picture.dat' });
      expect(answer.isError, answer.text).toBe(false);
      const sent = google.requests[0]?.images[0];
      expect(sent?.mimeType).toMatch(/^image\/(png|jpeg)$/);
      expect(await sharp(sent?.bytes).metadata()).toMatchObject({ width: 300, height: 200 });
    });
  }

  together('keeps its transparency', async ({ limner, google, computer }) => {
    const clear = await sharp({ create: { width: 300, height: 300, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0.5 } } })
      .webp()
      .toBuffer();
    await computer.write('sticker.webp', clear);
    await limner.call('edit_image', { prompt: 'Add a hat', image: 'sticker.webp' });
    expect(await sharp(google.requests[0]?.images[0]?.bytes).metadata()).toMatchObject({ format: 'png', hasAlpha: true });
  });

  together('is no larger than the model can use', async ({ limner, google, computer }) => {
    await computer.write('huge.jpg', await photo(7000, 5000, 'jpeg'));
    await computer.write('ref.jpg', await photo(5000, 5000, 'jpeg'));
    await limner.call('edit_image', { prompt: 'Brighter', image: 'huge.jpg', references: ['ref.jpg'] });
    const sizes = await Promise.all((google.requests[0]?.images ?? []).map(async ({ bytes }) => (await sharp(bytes).metadata()).width));
    expect(sizes).toEqual([4096, 2048]);
  });

  together('keeps the detail an edit at 2K can give back', async ({ limner, google, computer }) => {
    await computer.write('wide.jpg', await photo(2752, 1536, 'jpeg'));
    await limner.call('edit_image', { prompt: 'Brighter', image: 'wide.jpg' });
    expect(google.requests[0]?.imageSize).toBe('2K');
    expect((await sharp(google.requests[0]?.images[0]?.bytes).metadata()).width).toBe(2752);
  });

  together('keeps its transparency and its size also when it fits into no request', async ({ limner, google, computer }) => {
    const pixels = randomBytes(2048 * 2048 * 4);
    await computer.write(
      'noise.png',
      await sharp(pixels, { raw: { width: 2048, height: 2048, channels: 4 } })
        .png({ compressionLevel: 1 })
        .toBuffer(),
    );
    const answer = await limner.call('edit_image', { prompt: 'Brighter', image: 'noise.png' });
    expect(answer.isError, answer.text).toBe(false);
    const sent = await sharp(google.requests[0]?.images[0]?.bytes).metadata();
    expect(sent).toMatchObject({ format: 'png', hasAlpha: true, width: 2048 });
    expect(google.requests[0]?.bytes).toBeLessThan(20_000_000);
  });

  together('stays below 20 MB a request, with fourteen large and noisy pictures', async ({ limner, google, computer }) => {
    const noise = await sharp({
      create: { width: 1500, height: 1500, channels: 3, background: '#808080', noise: { type: 'gaussian', mean: 128, sigma: 60 } },
    })
      .jpeg({ quality: 90 })
      .toBuffer();
    expect((14 * noise.length * 4) / 3).toBeGreaterThan(20_000_000);
    const names = Array.from({ length: 14 }, (_, index) => `noise-${index}.jpg`);
    for (const name of names) await computer.write(name, noise);
    const answer = await limner.call('compose_images', { prompt: 'A collage', images: names });
    expect(answer.isError, answer.text).toBe(false);
    expect(google.requests[0]?.images).toHaveLength(14);
    expect(google.requests[0]?.bytes).toBeLessThan(20_000_000);
  });
});

describe('a picture that cannot be used is an error that names it', () => {
  const heic = Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from('ftypheic\0\0\0\0mif1heic'), Buffer.alloc(200)]);
  const cases = [
    { name: 'missing', file: undefined, says: /There is no picture at "in\.jpg" \(looked for at .*in\.jpg\)/, code: 'not_found' },
    {
      name: 'text',
      file: Buffer.from('hello, this is no picture'),
      says: /"in\.jpg" is not a picture limner can read/,
      code: 'unreadable_image',
    },
    { name: 'empty', file: Buffer.alloc(0), says: /"in\.jpg" is an empty file/, code: 'unreadable_image' },
    { name: 'HEIC', file: heic, says: /"in\.jpg" is HEIC.*sips.*heif-convert/s, code: 'unreadable_image' },
    {
      name: 'SVG',
      file: Buffer.from('<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>'),
      says: /SVG.*Export it as PNG/s,
      code: 'unreadable_image',
    },
    { name: 'PDF', file: Buffer.from('%PDF-1.7\n'), says: /PDF/, code: 'unreadable_image' },
    {
      name: 'a header and nothing more',
      file: Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
      says: /"in\.jpg" is damaged/,
      code: 'unreadable_image',
    },
  ] as const;
  for (const { name, file, says, code } of cases) {
    together(name, async ({ limner, google, computer }) => {
      if (file) await computer.write('in.jpg', file);
      const answer = await limner.call('edit_image', { prompt: 'Brighter', image: 'in.jpg' });
      expect(answer.code).toBe(code);
      expect(answer.text).toMatch(says);
      expect(google.requests).toEqual([]);
    });
  }

  together('cut off half way', async ({ limner, google, computer }) => {
    const whole = await photo(400, 400, 'png');
    await computer.write('in.png', whole.subarray(0, whole.length / 2));
    const answer = await limner.call('edit_image', { prompt: 'Brighter', image: 'in.png' });
    expect(answer.text).toMatch(/"Image 1 \(in\.png\)" is damaged|"in\.png" is damaged/);
    expect(google.requests).toEqual([]);
  });

  together('one of several missing is never skipped', async ({ limner, google, computer }) => {
    await computer.write('a.png', await photo(200, 200));
    const answer = await limner.call('compose_images', { prompt: 'Both', images: ['a.png', 'b.png'] });
    expect(answer.text).toContain('"b.png"');
    expect(google.requests).toEqual([]);
  });

  together('base64, data URIs, addresses and folders are refused with what to give instead', async ({ limner, google }) => {
    const say = async (image: string) => (await limner.call('edit_image', { prompt: 'Brighter', image })).text;
    expect(await say(`data:image/png;base64,${'A'.repeat(100)}`)).toMatch(/base64 data; limner takes paths/);
    expect(await say((await photo(40, 40)).toString('base64').padEnd(400, 'A'))).toMatch(/base64 data; limner takes paths/);
    expect(await say('https://example.com/a.png')).toMatch(/is an address; limner takes paths/);
    expect(await say('.')).toMatch(/is a folder/);
    expect(google.requests).toEqual([]);
  });

  together('outside the allowed folders, directly or through a link', async ({ limner, google, computer }) => {
    const secret = join(computer.home, 'secret.png');
    await writeFile(secret, await photo(50, 50));
    await symlink(secret, join(computer.project, 'link.png'));
    for (const image of [secret, '../secret.png', 'link.png', `file://${secret}`, '~/secret.png']) {
      const answer = await limner.call('edit_image', { prompt: 'Brighter', image });
      expect(answer.code, image).toBe('not_allowed');
      expect(answer.text).toMatch(/copy the picture into an allowed folder/i);
    }
    expect(google.requests).toEqual([]);
  });

  together('a link inside the project is followed', async ({ limner, computer }) => {
    await symlink(await computer.write('real.png', await photo(200, 200)), join(computer.project, 'link.png'));
    expect((await limner.call('edit_image', { prompt: 'Brighter', image: 'link.png' })).isError).toBe(false);
  });
});

describe('pictures by id and by "last"', () => {
  together('an edit names the id it came from, and that id can be edited again: the undo', async ({ limner, google }) => {
    const first = (await limner.call('generate_image', { prompt: 'A fox' })).file;
    const second = await limner.call('edit_image', { prompt: 'Make it blue', image: first.id });
    expect(second.facts.parents).toEqual([{ id: first.id, path: first.path }]);
    expect(second.text).toContain(`Edited from ${first.id}`);
    const byPath = await limner.call('edit_image', { prompt: 'Make it green', image: first.path });
    expect(byPath.facts.parents[0]?.id).toBe(first.id);
    expect(google.requests).toHaveLength(3);
  });

  test('"last" is the newest picture of this server', async ({ limner }) => {
    await limner.call('generate_image', { prompt: 'A fox' });
    const second = (await limner.call('generate_image', { prompt: 'A hare' })).file;
    expect((await limner.call('edit_image', { prompt: 'Blue', image: 'last' })).facts.parents[0]?.id).toBe(second.id);
  });

  test('"last" after several variations is refused, free, with their ids', async ({ limner, google }) => {
    const { facts } = await limner.call('generate_image', { prompt: 'A fox', count: 2 });
    const answer = await limner.call('edit_image', { prompt: 'Blue', image: 'last' });
    expect(answer.code).toBe('invalid_argument');
    for (const { id } of facts.images) expect(answer.text).toContain(id);
    expect(google.requests).toHaveLength(2);
  });

  test('"last" with nothing made yet says so', async ({ limner }) => {
    expect((await limner.call('edit_image', { prompt: 'Blue', image: 'last' })).text).toMatch(/"last" names nothing/);
  });

  test('ids and "last" outlive the process; "last" is that of the same working folder', async ({ start, computer, google }) => {
    const first = await start({ env: withKey(google) });
    const made = (await first.call('generate_image', { prompt: 'A fox' })).file;
    await first.close();
    const elsewhere = join(computer.home, 'other');
    await mkdir(elsewhere);
    const other = await start({ env: withKey(google), cwd: elsewhere });
    await other.call('generate_image', { prompt: 'A hare' });
    const again = await start({ env: withKey(google) });
    expect((await again.call('edit_image', { prompt: 'Blue', image: 'last' })).facts.parents[0]?.id).toBe(made.id);
    expect((await again.call('edit_image', { prompt: 'Blue', image: made.id })).facts.parents[0]?.id).toBe(made.id);
  });

  test('an id whose file was moved or changed means the original', async ({ limner, google }) => {
    const { file } = await limner.call('generate_image', { prompt: 'A fox' });
    await rename(file.path, `${file.path}.moved.jpg`);
    const answer = await limner.call('edit_image', { prompt: 'Blue', image: file.id });
    expect(answer.facts.parents).toEqual([{ id: file.id, path: file.original }]);
    expect(answer.text).toMatch(/fox\.jpg was changed, moved or removed since, so the original of img_\w+ was used/);
    expect(google.requests).toHaveLength(2);
  });

  together('the path of an original, as an answer names it, means that picture', async ({ limner }) => {
    const { file } = await limner.call('generate_image', { prompt: 'A fox', format: 'png' });
    const answer = await limner.call('edit_image', { prompt: 'Blue', image: file.original ?? '' });
    expect(answer.facts.parents[0]?.id).toBe(file.id);
  });

  together('an edit onto its own file names the id as the undo, since the path is the new picture now', async ({ limner }) => {
    const { file } = await limner.call('generate_image', { prompt: 'A fox', output: 'fox.jpg' });
    const { text } = await limner.call('edit_image', { prompt: 'Blue', image: 'fox.jpg', output: 'fox.jpg', overwrite: true });
    expect(text).toContain(`Edited from ${file.id}; to undo, edit that one again.`);
    expect((await limner.call('edit_image', { prompt: 'Green', image: file.id })).isError).toBe(false);
  });

  test('a file limner made is recognised by its content wherever it is', async ({ limner, computer }) => {
    const { file } = await limner.call('generate_image', { prompt: 'A fox' });
    await cp(file.path, join(computer.project, 'renamed.jpg'));
    expect((await limner.call('edit_image', { prompt: 'Blue', image: 'renamed.jpg' })).facts.parents[0]?.id).toBe(file.id);
  });

  test('an unknown id and a missing file are answered with the recent pictures', async ({ limner }) => {
    const { file } = await limner.call('generate_image', { prompt: 'A very red fox' });
    for (const image of ['img_aaaaaaaaaaaaaaaa', 'nowhere.png']) {
      const { text, code } = await limner.call('edit_image', { prompt: 'Blue', image });
      expect(code).toBe('not_found');
      expect(text).toMatch(new RegExp(`${file.id}, \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d UTC, "A very red fox", .*very-red-fox\\.jpg`));
    }
  });

  test('recent pictures are those of this folder, not of other projects', async ({ start, computer, google }) => {
    const elsewhere = join(computer.home, 'other');
    await mkdir(elsewhere);
    const other = await start({ env: withKey(google), cwd: elsewhere });
    await other.call('generate_image', { prompt: 'A secret hare' });
    const here = await start({ env: withKey(google) });
    expect((await here.call('edit_image', { prompt: 'Blue', image: 'nowhere.png' })).text).not.toContain('hare');
  });

  test('damaged lines and records harm nothing but themselves', async ({ start, google, computer }) => {
    const limner = await start({ env: withKey(google) });
    const { file } = await limner.call('generate_image', { prompt: 'A fox' });
    const broken = await limner.call('generate_image', { prompt: 'A hare' });
    await writeFile(join(computer.state, 'images', `${broken.file.id}.json`), '{"id":');
    for (const name of ['index.jsonl', join('ledger', (await readdir(join(computer.state, 'ledger')))[0] ?? '')]) {
      const path = join(computer.state, name);
      await writeFile(path, `{"id":\nnot json\n[]\n${await readFile(path, 'utf8')}{"id":"img_`);
    }
    const again = await start({ env: withKey(google) });
    expect((await again.call('edit_image', { prompt: 'Blue', image: file.id })).isError).toBe(false);
    expect((await again.call('edit_image', { prompt: 'Blue', image: broken.file.id })).code).toBe('not_found');
    expect((await again.call('edit_image', { prompt: 'Blue', image: broken.file.path })).facts.parents[0]?.id).toBe(null);
  });
});

describe('compose_images', () => {
  together('sends the pictures in order, and image 1 sets the shape', async ({ limner, google, computer }) => {
    await computer.write('man.png', await photo(900, 1600));
    await computer.write('bottle.png', await photo(500, 500));
    const { facts, file, text } = await limner.call('compose_images', {
      prompt: 'The man holds the bottle',
      images: ['man.png', 'bottle.png'],
    });
    expect(google.requests[0]).toMatchObject({
      texts: ['The man holds the bottle', 'Image 1 (man.png)', 'Image 2 (bottle.png)'],
      aspectRatio: '9:16',
      imageSize: '1K',
    });
    expect(file).toMatchObject({ width: 768, height: 1376 });
    expect(facts.parents).toHaveLength(2);
    expect(text).not.toContain('Edited from');
  });

  together('refuses none and more than fourteen', async ({ limner, google }) => {
    expect((await limner.call('compose_images', { prompt: 'x', images: [] })).text).toMatch(/images/);
    expect((await limner.call('compose_images', { prompt: 'x', images: Array.from({ length: 15 }, () => 'a.png') })).text).toMatch(/14/);
    expect(google.requests).toEqual([]);
  });
});

test('the state folder that cannot be written costs nobody a picture', async ({ start, computer, google }) => {
  await rm(computer.state, { recursive: true, force: true });
  await writeFile(computer.state, 'a file where the folder should be');
  const limner = await start({ env: withKey(google) });
  const { file, facts } = await limner.call('generate_image', { prompt: 'A fox' });
  expect(file.original).toBeNull();
  expect(facts.warnings).toEqual([expect.stringContaining("cannot be written: the model's own bytes are not kept there")]);
  expect((await readFile(file.path)).length).toBe(file.bytes);
  expect((await limner.call('edit_image', { prompt: 'Blue', image: 'last' })).facts.parents[0]?.id).toBe(file.id);
});

test('a picture that may not be replaced, as the old one cannot be kept, gets the next name', async ({ start, computer, google }) => {
  await rm(computer.state, { recursive: true, force: true });
  await writeFile(computer.state, 'a file where the folder should be');
  const old = await photo(40, 30, 'jpeg');
  await computer.write('logo.jpg', old);
  const limner = await start({ env: withKey(google) });
  const { file } = await limner.call('generate_image', { prompt: 'A fox', output: 'logo.jpg', overwrite: true });
  expect(file.path).toBe(join(computer.project, 'logo-2.jpg'));
  expect(file.differences).toEqual(['logo.jpg could not be kept first, so it was not replaced and the name is logo-2.jpg.']);
  expect((await readFile(join(computer.project, 'logo.jpg'))).equals(old)).toBe(true);
});

together('bytes that are no picture are kept and named, never under a picture’s name', async ({ limner, google }) => {
  google.next(answers.notAnImage());
  const answer = await limner.call('generate_image', { prompt: 'A fox' });
  expect(answer.code).toBe('bad_answer');
  const kept = /kept at (\S+\.bin)/.exec(answer.text)?.[1] ?? '';
  expect((await readFile(kept)).length).toBeGreaterThan(0);
});
