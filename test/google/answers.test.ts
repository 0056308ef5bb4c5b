import { ApiError } from '@google/genai';
import sharp from 'sharp';
import { describe, expect } from 'vitest';
import { firstBytes, fox, picturesOf, test } from './fixture.ts';
import { answers } from './index.ts';

describe('a picture can be bent', () => {
  test.for(['png', 'webp', 'avif'] as const)('into %s, and says so', async (format, { ask, google }) => {
    google.next(answers.picture({ format, width: 64, height: 48 }));
    const answer = await ask();
    expect(picturesOf(answer)[0]?.mimeType).toBe(`image/${format}`);
    const found = await sharp(firstBytes(answer)).metadata();
    expect({ ...found, format: found.compression === 'av1' ? 'avif' : found.format }).toMatchObject({ format, width: 64, height: 48 });
  });

  test('into one with real alpha, one with a wrong label, one cut off, one that does not compress', async ({ ask, google }) => {
    const small = { width: 256, height: 256 };
    google.next(
      answers.picture({ ...small, alpha: true }),
      answers.picture({ ...small, mimeType: 'image/png' }),
      answers.picture({ ...small, cut: true }),
      answers.picture({ ...small, noise: true }),
    );
    expect((await sharp(firstBytes(await ask())).stats()).isOpaque).toBe(false);
    const lie = await ask();
    expect([picturesOf(lie)[0]?.mimeType, (await sharp(firstBytes(lie)).metadata()).format]).toEqual(['image/png', 'jpeg']);
    await expect(sharp(firstBytes(await ask()), { failOn: 'truncated' }).stats()).rejects.toThrow();
    expect(firstBytes(await ask()).length).toBeGreaterThan(256 * 256 * 2);
  });

  test('into drafts, copies, a second picture and words on both sides', async ({ ask, google }) => {
    google.next(answers.picture({ thoughts: 2, copies: 2, second: {}, text: 'Here.', textAfter: 'Done.', signatureBytes: 8 }));
    const answer = await ask();
    const [draft, last, first, copy, second] = picturesOf(answer);
    expect(picturesOf(answer).map(({ thought, signature }) => [thought, signature?.length])).toEqual([
      ...[
        [true, undefined],
        [true, undefined],
      ],
      ...[
        [false, 8],
        [false, 8],
        [false, 8],
      ],
    ]);
    expect([last?.data, copy?.data]).toEqual([first?.data, first?.data]);
    expect(new Set([draft?.data, first?.data, second?.data]).size).toBe(3);
    expect(answer.candidates?.[0]?.content?.parts?.flatMap((part) => (part.thought ? [] : (part.text ?? [])))).toEqual(['Here.', 'Done.']);
  });

  test('into nothing but drafts', async ({ ask, google }) => {
    google.next(answers.picture({ onlyThoughts: true }));
    expect(picturesOf(await ask()).map(({ thought }) => thought)).toEqual([true]);
  });

  test('into every base64 that decoders meet', async ({ ask, google }) => {
    const spelled = async (base64: 'standard' | 'url' | 'unpadded' | 'wrapped' | 'broken') => {
      google.reset();
      google.next(answers.picture({ base64 }));
      return picturesOf(await ask())[0]?.data ?? '';
    };
    const standard = await spelled('standard');
    expect(standard).toMatch(/==$/);
    expect(await spelled('url')).toMatch(/^(?=.*_)(?=.*-)[A-Za-z0-9_-]+$/);
    expect(await spelled('unpadded')).toBe(standard.replace('==', ''));
    expect((await spelled('wrapped')).replaceAll('\r\n', '')).toBe(standard);
    await expect(sharp(Buffer.from(await spelled('broken'), 'base64')).metadata()).rejects.toThrow();
  });

  test('by its usage, its grounding and its finish reason', async ({ ask, google }) => {
    const grounding = { queries: ['fox'], chunks: [{ title: 'Foxes', uri: 'https://fox.example' }] };
    google.next(answers.picture({ usage: false, grounding, finishReason: 'MAX_TOKENS' }));
    const answer = await ask();
    expect(answer.usageMetadata).toBeUndefined();
    expect(answer.candidates?.[0]).toMatchObject({
      finishReason: 'MAX_TOKENS',
      groundingMetadata: { webSearchQueries: ['fox'], groundingChunks: [{ web: { title: 'Foxes', uri: 'https://fox.example' } }] },
    });
    expect((await ask({ tools: [{ googleSearch: {} }] })).candidates?.[0]?.groundingMetadata?.webSearchQueries).toEqual(['A red fox']);
  });
});

test.for([
  [
    'a refusal',
    answers.refusal('IMAGE_SAFETY'),
    { candidates: [{ content: {}, finishReason: 'IMAGE_SAFETY', finishMessage: expect.stringContaining('policy') }] },
  ],
  ['one with a role', answers.refusal('NO_IMAGE', 'No.', 'role'), { candidates: [{ content: { role: 'model' }, finishMessage: 'No.' }] }],
  ['one without content', answers.refusal('NO_IMAGE', undefined, 'missing'), { candidates: [{ finishReason: 'NO_IMAGE', index: 0 }] }],
  ['a blocked prompt', answers.blocked('SAFETY'), { promptFeedback: { blockReason: 'SAFETY' } }],
  ['words', answers.textOnly('Sorry.'), { candidates: [{ content: { parts: [{ text: 'Sorry.' }] }, finishReason: 'STOP' }] }],
  ['no candidates', answers.empty('no-candidates'), { candidates: [] }],
  ['an empty object', answers.empty('empty-object'), {}],
  ['no parts', answers.empty('no-parts'), { candidates: [{ content: { parts: [] } }] }],
  ['null for parts', answers.empty('null-parts'), { candidates: [{ content: { parts: null } }] }],
  ['a picture of no bytes', answers.empty('zero-bytes'), { candidates: [{ content: { parts: [{ inlineData: { data: '' } }] } }] }],
  ['JSON of the test', answers.json([1]), [1]],
] as const)('%s is a 200 without a picture', async ([, answer, wanted], { post, google, ask }) => {
  google.next(answer, answer);
  const response = await post(fox);
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject(wanted);
  expect(firstBytes(await ask())).toHaveLength(0);
});

test.for([
  ['rateLimited', answers.rateLimited(34.4), 429, 'RESOURCE_EXHAUSTED', '"retryDelay":"34.4s"'],
  ['quotaZero', answers.quotaZero(), 429, 'RESOURCE_EXHAUSTED', 'limit: 0'],
  ['prepaymentDepleted', answers.prepaymentDepleted(), 429, 'RESOURCE_EXHAUSTED', 'prepayment credits are depleted'],
  ['spendRate', answers.spendRate(), 429, 'RESOURCE_EXHAUSTED', '10 minutes'],
  ['keyInvalid', answers.keyInvalid(), 400, 'INVALID_ARGUMENT', 'API_KEY_INVALID'],
  ['keySuspended', answers.keySuspended('my-key'), 403, 'PERMISSION_DENIED', '"containerInfo":"api_key:my-key"'],
  ['keyLeaked', answers.keyLeaked(), 403, 'PERMISSION_DENIED', 'reported as leaked'],
  ['serviceDisabled', answers.serviceDisabled(), 403, 'PERMISSION_DENIED', 'SERVICE_DISABLED'],
  ['locationUnsupported', answers.locationUnsupported(), 400, 'FAILED_PRECONDITION', 'User location is not supported'],
  ['modelGone', answers.modelGone(), 404, 'NOT_FOUND', 'no longer available'],
  ['overloaded', answers.overloaded(), 503, 'UNAVAILABLE', 'overloaded'],
  ['internal', answers.internal(), 500, 'INTERNAL', 'internal error'],
  ['deadline', answers.deadline(), 504, 'DEADLINE_EXCEEDED', 'Deadline expired'],
  ['error', answers.error(418, 'TEAPOT', 'Short and stout', [{ spout: true }]), 418, 'TEAPOT', '"spout":true'],
] as const)('%s reaches the SDK as Google words it', async ([, answer, status, name, words], { ask, google }) => {
  google.next(answer);
  const thrown = await ask().catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(ApiError);
  expect(thrown).toMatchObject({ status, message: expect.stringContaining(words) });
  expect(JSON.parse(thrown instanceof Error ? thrown.message : '')).toMatchObject({ error: { code: status, status: name } });
  expect(picturesOf(await ask())).toHaveLength(1);
});
