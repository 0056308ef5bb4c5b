import { execFile } from 'node:child_process';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { describe, expect } from 'vitest';
import { built, photo, test, together, withKey } from './fixtures.ts';
import { answers } from './google/index.ts';
import { at, ball, ballOn, ballOnChecker, groundOf, paintBall, readRaw } from './scenes.ts';

const run = promisify(execFile);
const size = { width: 512, height: 512 };

/** Largest alpha at the four corners, and alpha in the middle. */
async function alphaOf(path: string): Promise<{ corners: number; middle: number; opaque: boolean }> {
  const picture = await readRaw(path);
  const { width, height, channels } = picture;
  if (channels < 4) return { corners: 255, middle: 255, opaque: true };
  const corners = [
    at(picture, 0, 0, 3),
    at(picture, width - 1, 0, 3),
    at(picture, 0, height - 1, 3),
    at(picture, width - 1, height - 1, 3),
  ];
  return { corners: Math.max(...corners), middle: at(picture, width / 2, height / 2, 3), opaque: false };
}

describe('a transparent background by one flat colour', () => {
  together('is asked of the model in words, taken out here, and delivered as a png with real alpha', async ({ limner, google }) => {
    google.always(paintBall());
    const answer = await limner.call('generate_image', { prompt: 'An orange ball', background: 'transparent', output: 'ball.png' });
    const [request] = google.requests;
    expect(google.requests).toHaveLength(1);
    expect(request?.texts[0]).toMatch(/^An orange ball\n\nBackground: one completely flat, uniform, pure magenta \(#FF00FF\)/);
    expect(answer.file).toMatchObject({ format: 'png', ...size });
    expect(await alphaOf(answer.file.path)).toEqual({ corners: 0, middle: 255, opaque: false });
    expect(answer.text).toMatch(/As asked: transparent\./);
    expect(answer.text).toMatch(/Transparent: painted on #ff00ff, which was taken out; the subject covers \d+ %/);
    expect(answer.facts.images[0]?.alpha).toMatchObject({ method: 'key', ground: '#ff00ff' });
  });

  together('leaves no trace of the colour it was painted on', async ({ limner, google }) => {
    const solid = await ball(512, 512, false);
    const bytes = await sharp(solid).flatten({ background: '#ff00ff' }).jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer();
    google.always(answers.picture({ bytes, signatureBytes: 0 }));
    const { file } = await limner.call('generate_image', { prompt: 'An orange ball', background: 'transparent' });
    const truth = await sharp(solid).flatten({ background: '#406080' }).raw().toBuffer();
    const got = await sharp(file.path).flatten({ background: '#406080' }).raw().toBuffer();
    const meanError = got.reduce((sum, value, index) => sum + Math.abs(value - (truth[index] ?? 0)), 0) / got.length;
    expect(meanError).toBeLessThan(1.5);
  });

  for (const [prompt, ground] of [
    ['An orange ball', '#FF00FF'],
    ['A pink flamingo', '#0000FF'],
    ['A pink flamingo under a blue sky', '#00FF00'],
    ['A purple vase with a blue rim', '#00FF00'],
  ]) {
    together(`${prompt} is painted on ${ground}, a colour the prompt does not name`, async ({ limner, google }) => {
      google.always(paintBall());
      await limner.call('generate_image', { prompt, background: 'transparent' });
      expect(google.requests.map(groundOf)).toEqual([ground]);
    });
  }

  for (const format of ['webp', 'avif'] as const) {
    together(`is delivered as ${format} when asked`, async ({ limner, google }) => {
      google.always(paintBall());
      const { file } = await limner.call('generate_image', { prompt: 'An orange ball', background: 'transparent', format });
      expect(file.format).toBe(format);
      const { data, info } = await sharp(file.path).raw().toBuffer({ resolveWithObject: true });
      expect([info.channels, data[3]]).toEqual([4, 0]);
    });
  }

  together('has the exact size that was asked as well', async ({ limner, google }) => {
    google.always(paintBall({ width: 1024, height: 1024 }));
    const { file, text } = await limner.call('generate_image', {
      prompt: 'A ball',
      background: 'transparent',
      width: 300,
      height: 200,
      max_kb: 40,
    });
    expect(file).toMatchObject({ width: 300, height: 200, format: 'png' });
    expect(file.bytes).toBeLessThanOrEqual(40_000);
    expect(text).toMatch(/As asked: 300×200, transparent, at most 40 kB\./);
    expect(await alphaOf(file.path)).toMatchObject({ corners: 0, middle: 255 });
  });

  together('hair and fur are painted a size larger and scaled down, which the dry run prices', async ({ limner, google }) => {
    google.always(paintBall({ width: 2048, height: 2048 }));
    const wish = { prompt: 'A fluffy cat', background: 'transparent' };
    const { plan } = await limner.call('generate_image', { ...wish, dry_run: true });
    expect(plan).toMatchObject({ resolution: '2K', requests: 1 });
    const { file, text } = await limner.call('generate_image', wish);
    expect(google.requests[0]?.imageSize).toBe('2K');
    expect(file).toMatchObject({ width: 1024, height: 1024 });
    expect(text).toContain('painted at 2K and scaled down to 1K');
  });

  together(
    'of a photograph: its own background is replaced first, and transparent parts are shown on the same colour',
    async ({ limner, google, computer }) => {
      google.always(paintBall());
      await computer.write('cut.png', await ball(400, 400));
      await limner.call('edit_image', { prompt: 'Make the ball shine', image: 'cut.png', background: 'transparent' });
      const [request] = google.requests;
      expect(request?.texts[0]).toMatch(/Put what is to be kept on a plain background: one completely flat, uniform, pure magenta/);
      const sent = await readRaw(request?.images[0]?.bytes ?? Buffer.alloc(0));
      expect([at(sent, 0, 0, 0), at(sent, 0, 0, 1), at(sent, 0, 0, 2)]).toEqual([255, 0, 255]);
    },
  );
});

describe('a transparent background by two shots', () => {
  const wish = { prompt: 'A glass of water', background: 'transparent' };

  test('is taken for what is translucent: white, then black from the same conversation, both paid, kept and told', async ({
    limner,
    google,
    computer,
  }) => {
    google.always(paintBall());
    const answer = await limner.call('generate_image', { ...wish, output: 'glass.png' });
    expect(google.requests.map(groundOf)).toEqual(['#FFFFFF', '#000000']);
    const [first, second] = google.requests;
    expect(first?.texts[0]).toMatch(/^A glass of water\n\nBackground: one completely flat, uniform, pure white/);
    expect(second?.texts).toEqual([expect.stringMatching(/^Change only the background of this picture/)]);
    expect(JSON.stringify(second?.body)).toContain('"role":"model"');
    expect(await alphaOf(answer.file.path)).toEqual({ corners: 0, middle: 255, opaque: false });
    expect(answer.facts.images).toHaveLength(1);
    expect(answer.facts.images[0]?.alpha).toMatchObject({ method: 'two-shot', ground: '#ffffff' });
    expect(answer.text).toContain('in a second request that is paid too');
    expect((await readdir(join(computer.state, 'images'))).filter((name) => name.endsWith('.jpg'))).toHaveLength(2);
    const { stdout } = await run(process.execPath, [built, 'history'], { env: computer.env });
    expect(stdout).toContain(`second shot of ${answer.file.id}`);
  });

  for (const [prompt, requests] of [
    ['A ball of glass', 2],
    ['Smoke rings', 2],
    ['A logo that says "Glass & Co"', 1],
    ['A fox sticker, no drop shadow, without any glow', 1],
    ['A magnifying glass icon', 1],
    ['A ball on a transparent background', 1],
  ] as const) {
    together(`${prompt} takes ${requests}`, async ({ limner, google }) => {
      const { plan } = await limner.call('generate_image', { prompt, background: 'transparent', dry_run: true });
      expect(plan.requests).toBe(requests);
      expect(google.requests).toHaveLength(0);
    });
  }

  together('the translucent part is as see-through as it was drawn', async ({ limner, google }) => {
    google.always(paintBall());
    const { file } = await limner.call('generate_image', wish);
    const alpha = at(await readRaw(file.path), 256, 70, 3);
    expect(Math.abs(alpha - 127)).toBeLessThan(6);
  });

  test('costs twice, and the dry run and the budget know it before', async ({ start, google }) => {
    google.always(paintBall());
    const limner = await start({ env: { ...withKey(google), LIMNER_BUDGET_USD_PER_CALL: '0.1' } });
    const one = await limner.call('generate_image', { prompt: 'A ball', background: 'transparent', dry_run: true });
    const two = await limner.call('generate_image', { ...wish, dry_run: true });
    expect(two.plan.requests).toBe(2);
    expect(two.plan.cost.dollars ?? 0).toBeGreaterThan(2 * (one.plan.cost.dollars ?? 0));
    const refused = await limner.call('generate_image', { ...wish, count: 2 });
    expect([refused.isError, refused.code]).toEqual([true, 'over_call_limit']);
    expect(refused.text).toContain('With count 1 it would fit');
    expect(google.requests).toHaveLength(0);
    const paid = await limner.call('generate_image', wish);
    expect(paid.facts.cost.dollars ?? 0).toBeGreaterThan(0.06);
  });

  together('variations are each two shots', async ({ limner, google }) => {
    google.always(paintBall());
    const { facts } = await limner.call('generate_image', { ...wish, count: 2 });
    expect(google.requests.map(groundOf).sort()).toEqual(['#000000', '#000000', '#FFFFFF', '#FFFFFF']);
    expect(facts.images).toHaveLength(2);
  });

  together('a first shot that is not on flat white is delivered as it is, and the second is not paid for', async ({ limner, google }) => {
    google.always(answers.picture({ bytes: await ballOnChecker(size), signatureBytes: 0 }));
    const { file, text } = await limner.call('generate_image', { ...wish, output: 'glass.png' });
    expect(google.requests).toHaveLength(1);
    expect((await alphaOf(file.path)).opaque).toBe(true);
    expect(text).toContain(
      'Background: transparent was asked, the file is opaque: the model painted a checkerboard instead of transparency.',
    );
  });

  together('a second shot that fails costs nobody the first', async ({ limner, google }) => {
    google.next(answers.picture({ bytes: await ballOn('#ffffff', size), signatureBytes: 0 }));
    google.always(answers.refusal('IMAGE_SAFETY'));
    const { file, text, isError } = await limner.call('generate_image', { ...wish, output: 'glass.png' });
    expect(isError).toBe(false);
    expect((await alphaOf(file.path)).opaque).toBe(true);
    expect(text).toContain('the file is opaque: the second shot, on black, failed:');
  });

  together('a second shot of another picture is not made into alpha', async ({ limner, google }) => {
    google.next(answers.picture({ bytes: await ballOn('#ffffff', size), signatureBytes: 0 }));
    google.always(
      answers.picture({
        bytes: await sharp(await photo(512, 512))
          .jpeg()
          .toBuffer(),
        signatureBytes: 0,
      }),
    );
    const { file, text } = await limner.call('generate_image', { ...wish, output: 'glass.png' });
    expect((await alphaOf(file.path)).opaque).toBe(true);
    expect(text).toContain('the file is opaque');
  });

  test('a call nobody heard of is answered with both shots, at no cost', async ({ start, google }) => {
    google.always(paintBall());
    const first = await start({ env: withKey(google) });
    const hearing = new AbortController();
    const painted = new Promise<void>((resolve) => {
      google.always(async (request) => {
        if (groundOf(request) === '#000000') {
          hearing.abort();
          resolve();
        }
        return paintBall()(request);
      });
    });
    const cut = first.call('generate_image', wish, { signal: hearing.signal }).catch(() => undefined);
    await Promise.all([painted, cut]);
    await first.close();
    const second = await start({ env: withKey(google) });
    const answer = await second.call('generate_image', wish);
    expect(google.requests).toHaveLength(2);
    expect(answer.facts.cost.dollars).toBe(0);
    expect(await alphaOf(answer.file.path)).toMatchObject({ corners: 0, middle: 255 });
  });
});

describe('transparency that could not be had is never pretended', () => {
  together('a painted checkerboard is recognised and delivered as what it is', async ({ limner, google }) => {
    google.always(answers.picture({ bytes: await ballOnChecker(size), signatureBytes: 0 }));
    const { file, text } = await limner.call('generate_image', { prompt: 'A ball', background: 'transparent' });
    expect((await alphaOf(file.path)).opaque).toBe(true);
    expect(text).toContain(
      'Background: transparent was asked, the file is opaque: the background is a painted checkerboard, not transparency.',
    );
    expect(text).not.toContain('As asked');
  });

  together('a scene that fills the picture is delivered whole', async ({ limner, google }) => {
    const { file, text } = await limner.call('generate_image', { prompt: 'A ball', background: 'transparent', output: 'b.webp' });
    expect([file.format, google.requests.length]).toEqual(['webp', 1]);
    expect(text).toMatch(/the file is opaque|Transparent: painted/);
  });

  for (const [name, args] of [
    ['format jpeg', { format: 'jpeg' }],
    ['an output that ends in .jpg', { output: 'ball.jpg' }],
  ] as const) {
    together(`${name} is refused before anything is paid`, async ({ limner, google }) => {
      const answer = await limner.call('generate_image', { prompt: 'A ball', background: 'transparent', ...args });
      expect([answer.isError, answer.code]).toEqual([true, 'invalid_argument']);
      expect(answer.text).toContain('a jpeg has no transparency');
      expect(google.requests).toHaveLength(0);
    });
  }
});

describe('an edit of a transparent picture', () => {
  together('stays transparent by the same ground, in the same conversation', async ({ limner, google }) => {
    google.always(paintBall());
    await limner.call('generate_image', { prompt: 'An orange ball', background: 'transparent', output: 'ball.png' });
    const edited = await limner.call('edit_image', { prompt: 'Make it larger', image: 'ball.png' });
    expect(google.requests[1]?.texts[0]).toMatch(
      /^Make it larger\n\nUnless another background is asked for above, keep the background one completely flat/,
    );
    expect(edited.facts.history).toMatchObject({ turns: 1 });
    expect(await alphaOf(edited.file.path)).toMatchObject({ corners: 0, middle: 255 });
    expect(edited.text).toContain('Like the picture it comes from, the file is to be png, transparent.');
  });

  together('named by its id stays transparent too when its file is gone, and the answer says what was used', async ({ limner, google }) => {
    google.always(paintBall());
    const { file } = await limner.call('generate_image', { prompt: 'An orange ball', background: 'transparent', output: 'ball.png' });
    await rm(file.path);
    const edited = await limner.call('edit_image', { prompt: 'Make it larger', image: file.id });
    expect(await alphaOf(edited.file.path)).toMatchObject({ corners: 0, middle: 255 });
    const copy = await limner.call('export_image', { images: [file.id], width: 64, output: 'small.png' });
    expect(copy.text).toContain('It is opaque, painted on #ff00ff, as it was before it was cut out.');
  });

  together('that somebody else made loses it unless asked, and both answer and dry run say so', async ({ limner, google, computer }) => {
    await computer.write('cut.png', await ball(300, 300));
    await computer.write(
      'opaque.png',
      await sharp(await photo(300, 300))
        .ensureAlpha()
        .png()
        .toBuffer(),
    );
    const warning = 'The picture has transparent parts, the edit will have none';
    const wish = { prompt: 'Make it shine', image: 'cut.png' };
    expect((await limner.call('edit_image', { ...wish, dry_run: true })).plan.warnings.join(' ')).toContain(warning);
    expect((await limner.call('edit_image', wish)).text).toContain(warning);
    expect((await limner.call('edit_image', { ...wish, image: 'opaque.png' })).text).not.toContain(warning);
    expect(google.requests).toHaveLength(2);
  });

  together('that was put before a scene is delivered with it', async ({ limner, google }) => {
    google.next(paintBall());
    google.always(
      answers.picture({
        bytes: await sharp(await photo(512, 512))
          .jpeg()
          .toBuffer(),
        signatureBytes: 0,
      }),
    );
    await limner.call('generate_image', { prompt: 'An orange ball', background: 'transparent', output: 'ball.png' });
    const { file, text } = await limner.call('edit_image', { prompt: 'Put it on a beach', image: 'ball.png' });
    expect((await alphaOf(file.path)).opaque).toBe(true);
    expect(text).toContain('The picture it comes from is transparent, this one is not');
  });
});

describe('the stand-in', () => {
  for (const [prompt, requests] of [
    ['An orange ball', 1],
    ['A glass of water', 2],
  ] as const) {
    test(`draws ${prompt} so that it is cut out, in ${requests} request${requests > 1 ? 's' : ''}`, async ({ start }) => {
      const limner = await start({ env: { LIMNER_BACKEND: 'standin' } });
      const { file, text } = await limner.call('generate_image', { prompt, background: 'transparent' });
      expect(text).toContain('As asked: transparent.');
      expect(await alphaOf(file.path)).toMatchObject({ corners: 0, middle: 255 });
    });
  }
});

describe('what goes wrong while pixels are worked on', () => {
  together('a second shot that cannot be decoded costs the transparency and nothing else that was asked', async ({ limner, google }) => {
    const white = await ballOn('#ffffff', size);
    google.next(answers.picture({ bytes: white, signatureBytes: 0 }));
    google.always(answers.picture({ bytes: white.subarray(0, white.length / 2), signatureBytes: 0 }));
    const wish = { prompt: 'A glass of water', background: 'transparent', width: 300, height: 200, format: 'webp', output: 'g.webp' };
    const { file, text } = await limner.call('generate_image', wish);
    expect(file).toMatchObject({ width: 300, height: 200, format: 'webp' });
    expect(text).toContain('the file is opaque: its pixels could not be worked on.');
  });

  test('`last` after two shots is the picture that was delivered', async ({ start, google }) => {
    google.always(paintBall());
    const [mine, other] = [await start({ env: withKey(google) }), await start({ env: withKey(google) })];
    const { file } = await mine.call('generate_image', { prompt: 'A glass of water', background: 'transparent' });
    await other.call('generate_image', { prompt: 'A ball' });
    const { facts } = await mine.call('edit_image', { prompt: 'Brighter', image: 'last', dry_run: false });
    expect(facts.parents[0]?.id).toBe(file.id);
  });

  test('forgetting a picture forgets its second shot', async ({ limner, google, computer }) => {
    google.always(paintBall());
    const { file } = await limner.call('generate_image', { prompt: 'A glass of water', background: 'transparent' });
    await run(process.execPath, [built, 'forget', file.id, '--yes'], { env: computer.env });
    expect(await readdir(join(computer.state, 'images'))).toEqual([]);
  });
});
