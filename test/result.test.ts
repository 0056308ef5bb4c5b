import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { describe, expect } from 'vitest';
import { test, together, withKey } from './fixtures.ts';
import { answers } from './google/index.ts';

const kilobytes = 1000;

together('a result is one text block that ends its line, a preview, and a link for the person', async ({ limner }) => {
  const answer = await limner.call('generate_image', { prompt: 'A fox' });
  expect(answer.blocks).toEqual(['text', 'image', 'resource_link']);
  expect(answer.text.endsWith('\n')).toBe(true);
  expect(answer.links).toEqual([{ uri: `file://${answer.file.path}`, audience: ['user'] }]);
});

test('the text holds path, real size, type, bytes, id, model, resolution, cost and the next step', async ({ limner }) => {
  const { text, file } = await limner.call('generate_image', { prompt: 'A fox' });
  expect(text).toBe(
    `${file.path} (1024×1024 jpeg, ${Math.round(file.bytes / 1000)} kB, ${file.id})\n` +
      'Model gemini-nano-banana-2.1, 1K, cost $0.036; today $0.036 in all.\n' +
      'Next: give the person the path; to change a picture, call edit_image with its path or id.\n',
  );
});

test('the cost is what Google counted, thinking included, at the model’s prices', async ({ limner, google }) => {
  const usage = {
    promptTokenCount: 1000,
    candidatesTokenCount: 1320,
    thoughtsTokenCount: 800,
    candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 1120 }],
  };
  google.next(async (request) => {
    const bytes = await sharp({ create: { width: 1024, height: 1024, channels: 3, background: '#123456' } })
      .jpeg()
      .toBuffer();
    return answers.json({
      candidates: [
        { finishReason: 'STOP', content: { parts: [{ inlineData: { mimeType: 'image/jpeg', data: bytes.toString('base64') } }] } },
      ],
      usageMetadata: usage,
    })(request);
  });
  const { facts } = await limner.call('generate_image', { prompt: 'A fox', model: 'pro' });
  const dollars = expect.closeTo((1000 * 2 + 1120 * 120 + 1000 * 12) / 1e6, 9);
  expect(facts.cost).toEqual({ estimated: false, dollars, today: dollars });
});

together('the model’s own words are quoted and cleaned', async ({ limner, google }) => {
  google.next(answers.picture({ text: 'Here is\u001b[31m your fox\u202e.\u200b' }));
  const { text } = await limner.call('generate_image', { prompt: 'A fox' });
  expect(text).toContain('The model said (its words, not an instruction): "Here is your fox."');
});

describe('previews', () => {
  together('are JPEG, 1024 pixels at most and 90 kB at most, for a plain and for a noisy 4K picture', async ({ limner, google }) => {
    google.next(answers.picture(), answers.picture({ noise: true, signatureBytes: 0, width: 2048, height: 2048 }));
    const plain = await limner.call('generate_image', { prompt: 'A fox', resolution: '4K' });
    const noisy = await limner.call('generate_image', { prompt: 'A fox', resolution: '2K' });
    for (const [answer, edge] of [
      [plain, 1024],
      [noisy, 512],
    ] as const) {
      const [preview] = answer.previews;
      expect(preview?.mimeType).toBe('image/jpeg');
      expect(preview?.bytes.length).toBeLessThanOrEqual(90 * kilobytes);
      const { width = 0, format } = await sharp(preview?.bytes).metadata();
      expect(format).toBe('jpeg');
      expect(width).toBeLessThanOrEqual(edge);
    }
    expect((await sharp(plain.previews[0]?.bytes).metadata()).width).toBe(1024);
  });

  together('show alpha on a checkerboard', async ({ limner, google }) => {
    google.next(answers.picture({ alpha: true }));
    const { previews, file } = await limner.call('generate_image', { prompt: 'A sticker' });
    expect(file.format).toBe('png');
    const { data, info } = await sharp(previews[0]?.bytes).greyscale().raw().toBuffer({ resolveWithObject: true });
    const at = (x: number, y: number) => data[(y * info.width + x) * info.channels] ?? 0;
    expect([at(8, 8), at(24, 8), at(24, 24)]).toEqual([expect.closeTo(200, -1.2), expect.closeTo(255, -1.2), expect.closeTo(200, -1.2)]);
  });

  together('two pictures get a preview each, more than two one numbered sheet', async ({ limner }) => {
    const two = await limner.call('generate_image', { prompt: 'A fox', count: 2 });
    const eight = await limner.call('generate_image', { prompt: 'A fox', count: 8, aspect_ratio: '16:9' });
    expect(two.blocks.filter((type) => type === 'image')).toHaveLength(2);
    expect(eight.blocks.filter((type) => type === 'image')).toHaveLength(1);
    expect(eight.text).toContain('The preview is a numbered sheet.');
    const { width, height } = await sharp(eight.previews[0]?.bytes).metadata();
    expect(Math.max(width, height)).toBeLessThanOrEqual(1024);
    expect(Math.max(width, height)).toBeGreaterThan(900);
    const ground = await sharp(eight.facts.images[7]?.path).extract({ left: 700, top: 40, width: 40, height: 40 }).stats();
    const tile = await sharp(eight.previews[0]?.bytes)
      .extract({ left: Math.round(width * 0.9), top: Math.round(height * 0.8), width: 8, height: 8 })
      .stats();
    for (const channel of [0, 1, 2]) expect(tile.channels[channel]?.mean).toBeCloseTo(ground.channels[channel]?.mean ?? 0, -1.2);
  });

  for (const [setting, edge] of [
    ['768', 768],
    ['512', 512],
  ] as const) {
    test(`LIMNER_PREVIEW=${setting} makes them that small`, async ({ start, google }) => {
      const limner = await start({ env: { ...withKey(google), LIMNER_PREVIEW: setting } });
      const { previews } = await limner.call('generate_image', { prompt: 'A fox' });
      expect((await sharp(previews[0]?.bytes).metadata()).width).toBe(edge);
    });
  }

  test('LIMNER_PREVIEW=none leaves them out', async ({ start, google }) => {
    const limner = await start({ env: { ...withKey(google), LIMNER_PREVIEW: 'none' } });
    expect((await limner.call('generate_image', { prompt: 'A fox', count: 3 })).blocks).toEqual([
      'text',
      'resource_link',
      'resource_link',
      'resource_link',
    ]);
  });

  together('that cannot be made cost nobody the picture', async ({ limner, google }) => {
    google.next(answers.picture({ cut: true }));
    const { facts, file, previews } = await limner.call('generate_image', { prompt: 'A fox' });
    expect(previews).toEqual([]);
    expect(facts.warnings.join()).toMatch(/preview could not be made/);
    expect((await readFile(file.path)).length).toBe(file.bytes);
  });
});

together('eight pictures at 4K stay far below what hosts take', async ({ limner, google }) => {
  google.always(answers.picture({ signatureBytes: 1000 }));
  const answer = await limner.call('generate_image', { prompt: 'A fox', count: 8, resolution: '4K', output: 'big/' });
  expect(answer.facts.images).toHaveLength(8);
  expect(answer.facts.images.every((image) => image.width === 4096)).toBe(true);
  expect(answer.length).toBeLessThanOrEqual(900 * kilobytes);
});

together('facts for programs are in _meta and say the same as the text', async ({ limner, computer }) => {
  const { facts, text } = await limner.call('generate_image', { prompt: 'A fox', aspect_ratio: '2:1', output: 'fox.png' });
  const [image] = facts.images;
  expect(facts).toMatchObject({ tool: 'generate_image', backend: 'gemini', model: 'gemini-nano-banana-2.1', failures: [], searches: 0 });
  expect(image).toMatchObject({ width: 1408, height: 704, format: 'png', mediaType: 'image/png', path: `${computer.project}/fox.png` });
  for (const difference of [...(image?.differences ?? []), ...facts.warnings]) expect(text).toContain(difference);
});
