import { GoogleGenAI } from '@google/genai';
import sharp from 'sharp';
import { describe, expect } from 'vitest';
import { firstBytes, flash, fox, picturesOf, test } from './google/fixture.ts';
import { answers, bytesOf, colourOf, draw, subject, testKey } from './google/index.ts';

const pro = 'gemini-3-pro-image';
const lite = 'gemini-3.1-flash-lite-image';
const inline = (mimeType: string, data: string): object => ({
  contents: [{ parts: [{ text: 'Make it blue' }, { inlineData: { mimeType, data } }] }],
});
const blueSquare = sharp({ create: { width: 8, height: 8, channels: 3, background: 'blue' } });

describe('a good answer', () => {
  test.for([
    [flash, '16:9', '1K', 1408, 768],
    [flash, '16:9', '2K', 2816, 1536],
    [pro, '16:9', '2K', 2752, 1536],
    [flash, '9:16', '1K', 768, 1376],
    [flash, '8:1', '2K', 5856, 704],
    [pro, '3:2', '2K', 2528, 1696],
    [lite, '1:1', '1K', 1024, 1024],
    [flash, undefined, undefined, 1408, 768],
    ['gemini-3.1-flash-image', '4:3', '512', 600, 448],
  ] as const)('of %s for %s at %s is a JPEG of %d×%d', async ([model, aspectRatio, imageSize, width, height], { ask }) => {
    const answer = await ask({ imageConfig: { ...(aspectRatio && { aspectRatio }), ...(imageSize && { imageSize }) } }, model);
    expect(await sharp(firstBytes(answer)).metadata()).toMatchObject({ format: 'jpeg', width, height });
  });

  test('carries a manifest, megabytes of signature, usage and a number of its own', async ({ ask, google }) => {
    const [first, second] = [await ask({ imageConfig: { imageSize: '4K' } }), await ask({ imageConfig: { imageSize: '4K' } })];
    expect(firstBytes(first).indexOf('trainedAlgorithmicMedia')).toBeGreaterThan(0);
    expect(firstBytes(first).equals(firstBytes(second))).toBe(false);
    expect(picturesOf(first)[0]?.signature).toHaveLength(1_200_000);
    expect(first).toMatchObject({ responseId: 'limner-test-000001', modelVersion: flash, candidates: [{ finishReason: 'STOP' }] });
    expect(first.usageMetadata).toMatchObject({
      thoughtsTokenCount: 174,
      candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 3780 }],
    });
    expect(google.requests.map((request) => request.number)).toEqual([1, 2]);
  });

  test('shows a white subject where it says, on the colour of the prompt', async ({ ask }) => {
    const bytes = firstBytes(await ask());
    const pixel = async (left: number, top: number) => [
      ...(await sharp(bytes).extract({ left, top, width: 1, height: 1 }).raw().toBuffer()),
    ];
    expect(Math.min(...(await pixel(Math.round(1408 * subject.x), Math.round(768 * subject.y))))).toBeGreaterThan(245);
    const wanted =
      colourOf('A red fox')
        .match(/[0-9a-f]{2}/g)
        ?.map((hex) => Number.parseInt(hex, 16)) ?? [];
    for (const [channel, value] of (await pixel(1000, 100)).entries()) expect(Math.abs(value - (wanted[channel] ?? 999))).toBeLessThan(8);
  });

  test('delivers the very bytes a test can work out for itself', async ({ ask, google }) => {
    const drawing = await draw({ format: 'png', width: 40, height: 30, background: '#00ff00' });
    google.next(answers.picture({ text: 'Here.' }), answers.picture({ bytes: drawing }));
    const [usual, own] = [firstBytes(await ask()), firstBytes(await ask())];
    const [request] = google.requests;
    expect(request && usual.equals(await bytesOf({}, request))).toBe(true);
    expect(own.equals(drawing)).toBe(true);
  });
});

test('a request is recorded as it came: words, pictures, settings, key', async ({ ask, google }) => {
  const png = await blueSquare.png().toBuffer();
  const parts = [{ text: 'Image 1:' }, { inlineData: { mimeType: 'image/png', data: png.toString('base64') } }, { text: 'Make it red' }];
  await ask(
    { responseModalities: ['IMAGE'], imageConfig: { aspectRatio: '1:1', imageSize: '2K' }, tools: [{ googleSearch: {} }] },
    pro,
    parts,
  );
  expect(google.requests).toMatchObject([
    {
      ...{ model: pro, apiKey: testKey, apiVersion: 'v1beta', texts: ['Image 1:', 'Make it red'], responseModalities: ['IMAGE'] },
      ...{ images: [{ mimeType: 'image/png', bytes: png }], aspectRatio: '1:1', imageSize: '2K', search: true, refused: undefined },
    },
  ]);
});

describe('Google refuses', () => {
  const image = (imageConfig: object): object => ({ ...fox, generationConfig: { imageConfig } });
  const search = { ...fox, tools: [{ googleSearch: {} }] };
  const long = { contents: [{ parts: [{ text: 'x'.repeat(21 * 1024 * 1024) }] }] };
  test.for([
    ['an unknown field', flash, { ...fox, generationConfig: { x: 1 } }, 400, `Unknown name "x" at 'generation_config': Cannot find field.`],
    ['an unknown field at the top', flash, { ...fox, negativePrompt: 'x' }, 400, 'Unknown name "negativePrompt": Cannot find field.'],
    ["Vertex's image fields", flash, image({ outputMimeType: 'image/png' }), 400, `"outputMimeType" at 'generation_config.image_config'`],
    [
      'a number for words',
      flash,
      { contents: [{ parts: [{ text: 5 }] }] },
      400,
      `Invalid value at 'contents[0].parts[0].text' (TYPE_STRING), 5`,
    ],
    ['no contents', flash, {}, 400, 'contents is not specified'],
    ['empty words', flash, { contents: [{ parts: [{ text: '' }] }] }, 400, 'Request has empty input.'],
    ['a part of two kinds', flash, { contents: [{ parts: [{ text: 'a', fileData: { fileUri: 'https://a' } }] }] }, 400, 'oneof field'],
    ['a ratio nobody has', flash, image({ aspectRatio: '7:5' }), 400, "aspect_ratio must be one of '1:1', '1:4'"],
    ['a ratio pro lacks', pro, image({ aspectRatio: '1:4' }), 400, 'Aspect ratio 1:4 is not supported for this model'],
    [
      'a size nobody has',
      flash,
      image({ imageSize: '1k' }),
      400,
      "Unsupported image_size '1k'. Supported values are: 1K, 2K, 4K, 512, 512P, 512PX.",
    ],
    ['512 on the newest model', flash, image({ imageSize: '512' }), 400, 'Image size 512 is not supported for this model'],
    ['2K on lite', lite, image({ imageSize: '2K' }), 400, 'Image size 2K is not supported for this model'],
    ['search on lite', lite, search, 400, 'Search as tool is not enabled'],
    ['two candidates', flash, { ...fox, generationConfig: { candidateCount: 2 } }, 400, 'Multiple candidates is not enabled'],
    ['an AVIF', flash, inline('image/avif', 'AAAA'), 400, 'Unsupported MIME type: image/avif'],
    ['a picture that is none', flash, inline('image/png', 'AAAA'), 400, 'Request contains an invalid argument.'],
    ['broken base64', flash, inline('image/png', 'data:image/png;base64,AA'), 400, 'Base64 decoding failed'],
    ['a retired model', 'gemini-2.5-flash-image', fox, 404, 'Please update your code to use models/gemini-nano-banana-2.1'],
    ['an unknown model', 'gemini-9', fox, 404, 'models/gemini-9 is not found for API version v1beta'],
    ['more than 20 MB', flash, long, 400, 'Request payload size exceeds the limit: 20971520 bytes.'],
  ] as const)('%s', async ([, model, body, status, message], { post, google }) => {
    google.next(answers.overloaded());
    const answer = await post(body, model);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ error: { code: status, message: expect.stringContaining(message) } });
    expect(google.requests[0]?.refused).toContain(message);
    expect((await post(fox)).status).toBe(503);
  });

  test('a picture with the wrong label', async ({ ask }) => {
    const data = (await blueSquare.jpeg().toBuffer()).toString('base64');
    await expect(ask({}, flash, [{ text: 'Make it red' }, { inlineData: { mimeType: 'image/png', data } }])).rejects.toThrow(
      'invalid argument',
    );
  });

  test('a missing key, a wrong key and a key in the address, in this order of blame', async ({ post, google }) => {
    const statuses = [(await post(fox, flash, {})).status, (await post(fox, flash, { 'x-goog-api-key': 'wrong' })).status];
    const inAddress = await fetch(`${google.url}/v1beta/models/${flash}:generateContent?key=${testKey}`, {
      method: 'POST',
      body: JSON.stringify(fox),
    });
    expect([...statuses, inAddress.status]).toEqual([403, 400, 400]);
    const ai = new GoogleGenAI({ apiKey: 'wrong', httpOptions: { baseUrl: google.url } });
    await expect(ai.models.generateContent({ model: flash, contents: 'A fox' })).rejects.toThrow('API_KEY_INVALID');
  });

  test('paths it does not know, and lists its models for nothing', async ({ google }) => {
    const headers = { 'x-goog-api-key': testKey };
    expect((await fetch(`${google.url}/v1/models/${flash}:generateContent`, { method: 'POST', headers, body: '{}' })).status).toBe(404);
    const ai = new GoogleGenAI({ apiKey: testKey, httpOptions: { baseUrl: google.url } });
    const names: (string | undefined)[] = [];
    for await (const model of await ai.models.list({ config: { pageSize: 2 } })) names.push(model.name);
    expect(names).toContain(`models/${flash}`);
    expect(google.others.map((other) => other.method)).toEqual(['POST', 'GET', 'GET', 'GET']);
    expect(google.requests).toEqual([]);
  });
});
