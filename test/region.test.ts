import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect } from 'vitest';
import { photo, test, together } from './fixtures.ts';
import { answers, type GoogleRequest } from './google/index.ts';
import { at, busyPicture, type RawPicture, readRaw } from './scenes.ts';

/** How an answer differs from the picture that was sent, beside what was asked for. */
interface Drift {
  shift?: readonly [x: number, y: number];
  scale?: number;
  size?: { width: number; height: number };
}

/** Google, painting a green disc into the middle of the top left quarter of what it was sent, and letting the rest drift and fade as models do. */
function paintDisc({ shift = [0, 0], scale = 1, size }: Drift = {}) {
  return async (request: GoogleRequest) => {
    const sent = request.images[0]?.bytes ?? Buffer.alloc(0);
    const { width, height } = await sharp(sent).metadata();
    const disc = Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><circle cx="${width * 0.25}" cy="${height * 0.25}" r="${height * 0.12}" fill="#10c040"/></svg>`,
    );
    const changed = await sharp(sent)
      .composite([{ input: disc }])
      .removeAlpha()
      .png()
      .toBuffer();
    const moved = await sharp(changed)
      .affine([scale, 0, 0, scale], { odx: shift[0], ody: shift[1], interpolator: 'bicubic', background: '#888' })
      .toBuffer();
    const framed = await sharp({ create: { width, height, channels: 3, background: '#888' } })
      .composite([
        {
          input: await sharp(moved)
            .extract({
              left: 0,
              top: 0,
              width: Math.min(width, (await sharp(moved).metadata()).width),
              height: Math.min(height, (await sharp(moved).metadata()).height),
            })
            .toBuffer(),
          left: 0,
          top: 0,
        },
      ])
      .png()
      .toBuffer();
    const bytes = await sharp(framed)
      .resize(size?.width ?? width, size?.height ?? height, { fit: 'fill' })
      .linear([0.94, 0.97, 0.92], [9, 4, 12])
      .jpeg({ quality: 92 })
      .toBuffer();
    return answers.picture({ bytes, signatureBytes: 0 })(request);
  };
}

/** Pixels that differ, inside a box and outside of it. */
function countDifferent(before: RawPicture, after: RawPicture, box: { left: number; top: number; right: number; bottom: number }) {
  const count = { inside: 0, outside: 0 };
  for (let y = 0; y < before.height; y += 1) {
    for (let x = 0; x < before.width; x += 1) {
      const isSame = [0, 1, 2].every((channel) => at(before, x, y, channel) === at(after, x, y, channel));
      if (isSame) continue;
      if (x >= box.left && x < box.right && y >= box.top && y < box.bottom) count.inside += 1;
      else count.outside += 1;
    }
  }
  return count;
}

const topLeft = { left: 0, top: 0, right: 400, bottom: 300 };
const prompt = 'A green disc instead';

describe('an edit of a region', () => {
  for (const [name, drift] of [
    ['comes back as it was', {}],
    ['comes back shifted', { shift: [3.5, -2] }],
    ['comes back scaled', { scale: 1.012 }],
    ['comes back at another size', { size: { width: 1184, height: 888 } }],
    ['comes back shifted, scaled and at another size', { shift: [-2.5, 4], scale: 0.99, size: { width: 1184, height: 888 } }],
  ] as const satisfies readonly (readonly [string, Drift])[]) {
    together(`changes nothing outside when the answer ${name}`, async ({ limner, google, computer }) => {
      google.always(paintDisc(drift));
      const before = await readRaw(await computer.write('in.png', await busyPicture(800, 600)));
      const { file, text, facts } = await limner.call('edit_image', {
        prompt,
        image: 'in.png',
        region: 'left 0%, top 0%, right 50%, bottom 50%',
      });
      expect(file).toMatchObject({ width: 800, height: 600, format: 'png' });
      const after = await readRaw(file.path);
      const { inside, outside } = countDifferent(before, after, topLeft);
      expect(outside).toBe(0);
      expect(inside).toBeGreaterThan(15_000);
      expect(at(after, 200, 150, 1) - at(after, 200, 150, 0)).toBeGreaterThan(100);
      expect(text).toMatch(/Region: [\d.]+ % of the picture is the model's \(left 0 ?%, top 0 ?%, right 50 ?%, bottom 50 ?%/);
      const { shift = Number.NaN, taken = 0 } = facts.images[0]?.region ?? {};
      expect(taken).toBeGreaterThan(0.2);
      if (!('scale' in drift)) expect(Math.abs(shift - Math.hypot(...('shift' in drift ? drift.shift : [0])))).toBeLessThan(0.5);
    });
  }

  together('the model is shown what may change, and asked for the whole picture', async ({ limner, google, computer }) => {
    google.always(paintDisc());
    await computer.write('in.png', await busyPicture(800, 600));
    await computer.write('style.png', await photo(64, 64));
    await limner.call('edit_image', { prompt, image: 'in.png', references: ['style.png'], region: 'top left' });
    const [request] = google.requests;
    expect(request?.texts).toEqual([
      expect.stringMatching(/^A green disc instead\n\nChange only the part of image 1 that is white in the guide/),
      'Image 1 (in.png)',
      'Image 2 (style.png)',
      'Guide (white: the part of image 1 that may change)',
    ]);
    const guide = await readRaw(request?.images[2]?.bytes ?? Buffer.alloc(0));
    expect(guide.width / guide.height).toBeCloseTo(4 / 3, 2);
    expect([at(guide, 20, 20, 0), at(guide, guide.width - 20, 20, 0), at(guide, 20, guide.height - 20, 0)]).toEqual([255, 0, 0]);
  });

  together('by a mask changes only what is white in it', async ({ limner, google, computer }) => {
    google.always(paintDisc({ shift: [2, 1] }));
    const before = await readRaw(await computer.write('in.png', await busyPicture(800, 600)));
    const disc =
      '<svg xmlns="http://www.w3.org/2000/svg" width="400" height="300"><rect width="400" height="300"/><circle cx="100" cy="75" r="50" fill="#fff"/></svg>';
    await computer.write('mask.png', await sharp(Buffer.from(disc)).png().toBuffer());
    const { file } = await limner.call('edit_image', { prompt, image: 'in.png', mask: 'mask.png' });
    const after = await readRaw(file.path);
    expect(countDifferent(before, after, { left: 98, top: 48, right: 302, bottom: 252 }).outside).toBe(0);
    expect(at(after, 200, 150, 1) - at(after, 200, 150, 0)).toBeGreaterThan(100);
  });

  together('as webp and avif keeps the rest identical too; as jpeg it says that it cannot', async ({ limner, google, computer }) => {
    google.always(paintDisc());
    const before = await readRaw(await computer.write('in.png', await busyPicture(800, 600)));
    for (const output of ['out.webp', 'out.avif']) {
      const { file } = await limner.call('edit_image', { prompt, image: 'in.png', region: 'top left', output });
      expect(countDifferent(before, await readRaw(file.path), topLeft).outside).toBe(0);
    }
    const jpeg = await limner.call('edit_image', { prompt, image: 'in.png', region: 'top left', output: 'out.jpg' });
    expect(jpeg.text).toContain('jpeg changes every pixel a little, those outside the region too');
  });

  together('keeps transparency and the colour profile of the picture', async ({ limner, google, computer }) => {
    google.always(paintDisc());
    const shape = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="800" height="600"><rect width="620" height="600"/></svg>');
    const cut = await sharp(await busyPicture(800, 600))
      .ensureAlpha()
      .composite([{ input: shape, blend: 'dest-in' }])
      .withIccProfile('p3')
      .png()
      .toBuffer();
    const before = await readRaw(await computer.write('in.png', cut));
    const { file } = await limner.call('edit_image', { prompt, image: 'in.png', region: 'top left' });
    const after = await readRaw(file.path);
    expect(countDifferent(before, after, topLeft).outside).toBe(0);
    expect([after.channels, at(after, 700, 500, 3), at(after, 200, 150, 3)]).toEqual([4, 0, 255]);
    const [icc, kept] = [(await sharp(cut).metadata()).icc, (await sharp(file.path).metadata()).icc];
    expect(kept?.equals(icc ?? Buffer.alloc(0))).toBe(true);
  });

  together('in place replaces the picture and keeps what it was', async ({ limner, google, computer }) => {
    google.always(paintDisc());
    const bytes = await busyPicture(800, 600);
    const path = await computer.write('in.png', bytes);
    const { text } = await limner.call('edit_image', { prompt, image: 'in.png', region: 'top left', output: 'in.png', overwrite: true });
    const backup = /The picture it replaced is kept at (\S+)\./.exec(text)?.[1] ?? '';
    expect((await readFile(backup)).equals(bytes)).toBe(true);
    expect(countDifferent(await readRaw(bytes), await readRaw(path), topLeft)).toMatchObject({ outside: 0 });
  });

  together(
    'an answer that is another picture is delivered beside, and the file that was asked for is not written',
    async ({ limner, google, computer }) => {
      google.always(
        answers.picture({
          bytes: await sharp(await busyPicture(1024, 768, 99))
            .jpeg()
            .toBuffer(),
          signatureBytes: 0,
        }),
      );
      const bytes = await busyPicture(800, 600);
      const path = await computer.write('in.png', bytes);
      const { file, text } = await limner.call('edit_image', {
        prompt,
        image: 'in.png',
        region: 'top left',
        output: 'in.png',
        overwrite: true,
      });
      expect((await readFile(path)).equals(bytes)).toBe(true);
      expect(file.path).toBe(join(computer.project, 'in-whole-edit.jpg'));
      expect(text).toMatch(
        /Region: only .* was to change, and the answer could not be laid into the picture\. .*This is the whole edit, beside/,
      );
    },
  );

  together('a damaged answer never takes the place of the picture', async ({ limner, google, computer }) => {
    const whole = await sharp(await busyPicture(800, 600))
      .jpeg()
      .toBuffer();
    google.always(answers.picture({ bytes: whole.subarray(0, whole.length / 2), signatureBytes: 0 }));
    const bytes = await busyPicture(800, 600);
    const path = await computer.write('in.png', bytes);
    const { file, text } = await limner.call('edit_image', {
      prompt,
      image: 'in.png',
      region: 'top left',
      output: 'in.png',
      overwrite: true,
    });
    expect((await readFile(path)).equals(bytes)).toBe(true);
    expect(file.path).toContain('whole-edit');
    expect(text).toContain('could not be laid into the picture');
  });

  together('a mask too fine for the picture is refused before anything is paid', async ({ limner, google, computer }) => {
    await computer.write('in.png', await busyPicture(400, 300));
    const line =
      '<svg xmlns="http://www.w3.org/2000/svg" width="4000" height="3000"><rect width="4000" height="3000"/><rect x="1001" width="3" height="3000" fill="#fff"/></svg>';
    await computer.write('mask.png', await sharp(Buffer.from(line)).png().toBuffer());
    const answer = await limner.call('edit_image', { prompt, image: 'in.png', mask: 'mask.png' });
    expect([answer.isError, google.requests.length]).toEqual([true, 0]);
  });

  together('further edits of it start from the file, not from the conversation', async ({ limner, google, computer }) => {
    google.always(paintDisc());
    await computer.write('in.png', await busyPicture(800, 600));
    const { file } = await limner.call('edit_image', { prompt, image: 'in.png', region: 'top left' });
    const { facts, text } = await limner.call('edit_image', { prompt: 'Darker', image: file.path });
    expect(facts.history).toBe(null);
    expect(text).toContain('was put together: one part of it is the model');
  });
});

describe('a region nobody can mean is refused before anything is paid', () => {
  for (const [name, args, words] of [
    ['bare numbers', { region: '10, 20, 300, 400' }, /left 0%, top 5%, right 30%, bottom 50%/],
    ['a region and a mask', { region: 'top left', mask: 'mask.png' }, /Both region and mask/],
    ['a size with a region', { region: 'top left', width: 300 }, /width cannot be given too.*export_image/],
    [
      'a shape and transparency with a region',
      { region: 'top left', aspect_ratio: '1:1', background: 'transparent' },
      /aspect_ratio, background cannot/,
    ],
    ['a mask of another shape', { mask: 'square.png' }, /a mask has the shape of its picture/],
    ['a black mask', { mask: 'black.png' }, /black all over.*Paint white/],
    ['a white mask', { mask: 'white.png' }, /white all over/],
    ['a mask that is not there', { mask: 'none.png' }, /no picture at "none.png"/],
  ] as const) {
    together(name, async ({ limner, google, computer }) => {
      const paint = (width: number, height: number, background: string) =>
        sharp({ create: { width, height, channels: 3, background } })
          .png()
          .toBuffer();
      await computer.write('in.png', await busyPicture(400, 300));
      await computer.write('mask.png', await photo(400, 300));
      await computer.write('square.png', await photo(300, 300));
      await computer.write('black.png', await paint(400, 300, '#000'));
      await computer.write('white.png', await paint(400, 300, '#fff'));
      const answer = await limner.call('edit_image', { prompt, image: 'in.png', ...args });
      expect(answer.isError).toBe(true);
      expect(answer.text).toMatch(words);
      expect(google.requests).toHaveLength(0);
    });
  }
});

test('the stand-in changes the region and nothing else', async ({ start, computer }) => {
  const limner = await start({ env: { LIMNER_BACKEND: 'standin' } });
  const before = await readRaw(await computer.write('in.png', await busyPicture(800, 600)));
  const { file } = await limner.call('edit_image', { prompt, image: 'in.png', region: 'top left' });
  const { inside, outside } = countDifferent(before, await readRaw(file.path), topLeft);
  expect(outside).toBe(0);
  expect(inside).toBeGreaterThan(20_000);
});
