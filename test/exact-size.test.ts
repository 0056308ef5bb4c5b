import sharp from 'sharp';
import { describe, expect } from 'vitest';
import { photo, test, together } from './fixtures.ts';
import { answers } from './google/index.ts';
import { busyPicture } from './scenes.ts';

describe('exact pixels', () => {
  together(
    'width and height decide the shape, the smallest resolution that covers them is painted, and the file has them',
    async ({ limner, google }) => {
      const answer = await limner.call('generate_image', {
        prompt: 'A hero',
        width: 1600,
        height: 900,
        max_kb: 200,
        output: 'public/hero.webp',
      });
      expect(google.requests[0]).toMatchObject({ aspectRatio: '16:9', imageSize: '2K' });
      expect(answer.file).toMatchObject({ width: 1600, height: 900, format: 'webp' });
      expect(answer.file.bytes).toBeLessThanOrEqual(200_000);
      expect(answer.text).toContain('As asked: 1600×900, at most 200 kB.');
      expect(answer.text).toMatch(/The model's own bytes, with Google's content credentials: \S+\.jpg/);
      expect(answer.facts.asked).toMatchObject({ width: 1600, height: 900, maxKb: 200, format: 'webp' });
      const header = await sharp(answer.file.path).metadata();
      expect(header).toMatchObject({ width: 1600, height: 900, format: 'webp' });
      expect(header.xmpAsString).toContain('http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia');
    },
  );

  together('what is exact already is not encoded anew', async ({ limner, google }) => {
    const bytes = await sharp(await photo(1024, 1024))
      .jpeg()
      .toBuffer();
    google.always(answers.picture({ bytes, signatureBytes: 0 }));
    const { file } = await limner.call('generate_image', { prompt: 'A fox', width: 1024, height: 1024, max_kb: 900 });
    expect(file.differences).toEqual([]);
    expect(file.bytes).toBe(bytes.length);
  });

  for (const [args, size, asked] of [
    [{ width: 600 }, [600, 600], ['1:1', '1K']],
    [{ height: 450, aspect_ratio: '16:9' }, [800, 450], ['16:9', '1K']],
    [{ width: 1500, aspect_ratio: '3:1' }, [1500, 500], ['21:9', '1K']],
    [{ width: 64, height: 64 }, [64, 64], ['1:1', '1K']],
    [{ width: 1200, height: 630 }, [1200, 630], ['16:9', '1K']],
    [{ width: 3840, height: 2160 }, [3840, 2160], ['16:9', '4K']],
    [{ width: 300, height: 400, resolution: '2K' }, [300, 400], ['3:4', '2K']],
  ] as const) {
    together(`${JSON.stringify(args)} makes a file of ${size.join('×')}`, async ({ limner, google }) => {
      const { file } = await limner.call('generate_image', { prompt: 'A fox', ...args });
      expect([file.width, file.height]).toEqual(size);
      expect([google.requests[0]?.aspectRatio, google.requests[0]?.imageSize]).toEqual(asked);
    });
  }

  together('a shape beside them is named as not used, a resolution below them too', async ({ limner, google }) => {
    const { text } = await limner.call('generate_image', {
      prompt: 'A fox',
      width: 1600,
      height: 900,
      aspect_ratio: '1:1',
      resolution: '1K',
    });
    expect(text).toContain('width and height make the shape 1600×900; aspect_ratio 1:1 is not used.');
    expect(text).toContain('1600×900 takes 2K; 1K would not cover it.');
    expect(google.requests[0]).toMatchObject({ aspectRatio: '16:9', imageSize: '2K' });
  });

  together('what is larger than the model paints is enlarged, and said before and after', async ({ limner }) => {
    const wish = { prompt: 'A fox', model: 'lite', width: 2000, height: 2000 };
    const { plan } = await limner.call('generate_image', { ...wish, dry_run: true });
    expect(plan.warnings.join(' ')).toContain(
      '2000×2000 is more than gemini-3.1-flash-lite-image paints (1K: about 1024×1024): the picture will be enlarged.',
    );
    const { file } = await limner.call('generate_image', wish);
    expect([file.width, file.height]).toEqual([2000, 2000]);
    expect(file.differences.join(' ')).toMatch(/[Ee]nlarged/);
  });

  together('an edit of such a file has its size and ceiling again, unless it says otherwise', async ({ limner, computer }) => {
    await limner.call('generate_image', { prompt: 'A fox', width: 640, height: 360, max_kb: 60, output: 'fox.webp' });
    const again = await limner.call('edit_image', { prompt: 'At night', image: 'fox.webp' });
    expect(again.file).toMatchObject({ width: 640, height: 360, format: 'webp' });
    expect(again.text).toContain('Like the picture it comes from, the file is to be webp, 640×360, at most 60 kB.');
    const other = await limner.call('edit_image', { prompt: 'At night', image: 'fox.webp', width: 320 });
    expect(other.file).toMatchObject({ width: 320, height: 180 });
    await computer.write('own.png', await busyPicture(300, 200));
    const own = await limner.call('edit_image', { prompt: 'Brighter', image: 'own.png', width: 150 });
    expect(own.file).toMatchObject({ width: 150, height: 100 });
  });

  together('another resolution keeps its shape, and pays for what the file is, not for what was painted', async ({ limner, google }) => {
    await limner.call('generate_image', { prompt: 'A banner', width: 1000, height: 300, max_kb: 60, output: 'banner.webp' });
    const larger = await limner.call('edit_image', { prompt: 'At night', image: 'banner.webp', resolution: '2K' });
    expect(larger.file.width / larger.file.height).toBeCloseTo(10 / 3, 1);
    expect(larger.text).not.toContain('60 kB');
    await limner.call('generate_image', { prompt: 'A hero', width: 900, height: 500, resolution: '4K', output: 'hero.webp' });
    await limner.call('edit_image', { prompt: 'At night', image: 'hero.webp', aspect_ratio: '1:1' });
    expect(google.requests.at(-1)?.imageSize).toBe('1K');
  });

  together('a ceiling that cannot be met is told with the size that was reached', async ({ limner, google }) => {
    google.always(answers.picture({ noise: true, width: 1024, height: 1024, signatureBytes: 0 }));
    const { file, text } = await limner.call('generate_image', {
      prompt: 'Noise',
      width: 1024,
      height: 1024,
      max_kb: 5,
      output: 'noise.jpg',
    });
    expect(file.bytes).toBeGreaterThan(5000);
    expect(text).toMatch(/max_kb: 5 was asked, the smallest/);
    expect(text).not.toMatch(/As asked:.*at most 5 kB/);
  });
});

describe('refused before anything is paid', () => {
  for (const [args, words] of [
    [{ width: 4000, height: 100 }, /too extreme a shape/],
    [{ width: 16_000, height: 16_000 }, /up to 50 million pixels/],
    [{ width: 1100, aspect_ratio: '1:16', format: 'webp' }, /webp.*16,?383/],
    [{ width: 6000, height: 5000, format: 'avif' }, /avif of up to 24 million/],
    [{ width: 20_000 }, /"width" must be at most 16383/],
    [{ max_kb: -1 }, /"max_kb" must be at least 1/],
  ] as const) {
    test(JSON.stringify(args), async ({ limner, google }) => {
      const answer = await limner.call('generate_image', { prompt: 'A fox', ...args });
      expect(answer.isError).toBe(true);
      expect(answer.text).toMatch(words);
      expect(google.requests).toHaveLength(0);
    });
  }
});

together('the tag of a file says whether a picture of the person is in it, however far back', async ({ limner, computer }) => {
  await computer.write('own.png', await busyPicture(300, 200));
  const tagOf = async (path: string) => /digitalsourcetype\/(\w+)/.exec((await sharp(path).metadata()).xmpAsString ?? '')?.[1];
  const made = await limner.call('generate_image', { prompt: 'A fox', format: 'webp' });
  const edited = await limner.call('edit_image', { prompt: 'Night', image: 'own.png', format: 'webp' });
  const further = await limner.call('edit_image', { prompt: 'Snow', image: edited.file.id, format: 'png' });
  expect(await tagOf(made.file.path)).toBe('trainedAlgorithmicMedia');
  expect(await tagOf(edited.file.path)).toBe('compositeWithTrainedAlgorithmicMedia');
  expect(await tagOf(further.file.path)).toBe('compositeWithTrainedAlgorithmicMedia');
});
