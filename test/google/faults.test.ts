import sharp from 'sharp';
import { describe, expect, vi } from 'vitest';
import { firstBytes, fox, picturesOf, test } from './fixture.ts';
import { answers, startGoogle, testKey } from './index.ts';

describe('a front end', () => {
  test('sends HTML as what it is or as JSON', async ({ post, google }) => {
    google.next(answers.html(502), answers.html(503, 'application/json'));
    const [page, lie] = [await post(fox), await post(fox)];
    expect([page.status, page.headers.get('content-type'), await page.text()]).toEqual([
      502,
      'text/html; charset=UTF-8',
      expect.stringContaining('<html'),
    ]);
    expect([lie.status, lie.headers.get('content-type'), await lie.text()]).toEqual([
      503,
      'application/json',
      expect.stringContaining('<html'),
    ]);
  });

  test('redirects with the key in tow, for whoever follows', async ({ post, google }) => {
    const elsewhere = await startGoogle();
    google.next(answers.redirect(`${elsewhere.url}/stolen`));
    await post(fox);
    expect(elsewhere.others).toEqual([{ method: 'POST', path: '/stolen', apiKey: testKey }]);
    await elsewhere.close();
  });
});

describe('a body', () => {
  test('of JSON may stop half way', async ({ ask, google }) => {
    google.next(answers.truncatedJson());
    await expect(ask()).rejects.toThrow(SyntaxError);
  });

  test('may be larger than anyone wants, without saying so before', async ({ post, google }) => {
    google.next(answers.hugeBody(3));
    const response = await post(fox);
    expect(response.headers.get('content-length')).toBeNull();
    expect(await response.json()).toMatchObject({
      candidates: [{ content: { parts: [{ inlineData: { data: 'A'.repeat(3 * 1024 * 1024) } }] } }],
    });
  });

  test('may come byte by byte, and stops coming when the client leaves', async ({ post, google }) => {
    google.next(answers.drip(1, answers.json('ok')), answers.drip(20));
    expect(await (await post(fox)).json()).toBe('ok');
    const response = await post(fox);
    await response.body?.cancel();
    await vi.waitFor(() => expect(google.requests[1]?.dropped).toBe(true));
  });

  test('may hold something that is no picture', async ({ ask, google }) => {
    google.next(answers.notAnImage());
    const answer = await ask();
    expect(picturesOf(answer)[0]?.mimeType).toBe('image/png');
    await expect(sharp(firstBytes(answer)).metadata()).rejects.toThrow('unsupported image format');
  });
});

describe('a connection', () => {
  test('may end before the first byte or half way through', async ({ ask, google }) => {
    google.next(answers.reset(), answers.resetMidBody());
    await expect(ask()).rejects.toThrow('fetch failed');
    await expect(ask()).rejects.toThrow('terminated');
    expect(google.requests.map(({ dropped }) => dropped)).toEqual([false, false]);
  });

  test.for([
    ['hang', answers.hang()],
    ['stall half way', answers.stallMidBody()],
    ['be slow', answers.slow(60_000)],
  ] as const)('may %s until the client gives up, and the double notices', async ([, answer], { ask, google }) => {
    google.next(answer);
    const gone = new AbortController();
    const asked = ask({ abortSignal: gone.signal });
    await vi.waitFor(() => expect(google.requests).toHaveLength(1));
    gone.abort();
    await expect(asked).rejects.toThrow('aborted');
    await vi.waitFor(() => expect(google.requests[0]?.dropped).toBe(true));
  });

  test('that hangs or stalls does not keep the double from closing', async ({ ask, google }) => {
    google.next(answers.hang(), answers.stallMidBody(), answers.drip(1000), answers.slow(60_000));
    const asked = Promise.allSettled([ask(), ask(), ask(), ask()]);
    await vi.waitFor(() => expect(google.requests).toHaveLength(4));
    const started = performance.now();
    await google.close();
    expect((await asked).map(({ status }) => status)).toEqual(Array(4).fill('rejected'));
    expect(performance.now() - started).toBeLessThan(5000);
  });

  test('may just be slow', async ({ ask, google }) => {
    google.next(answers.slow(80));
    const started = performance.now();
    expect(picturesOf(await ask())).toHaveLength(1);
    expect(performance.now() - started).toBeGreaterThan(75);
  });
});

test('answers are used in turn, then the usual one, until everything is forgotten', async ({ post, google }) => {
  google.next(answers.internal(), answers.overloaded());
  google.always(answers.deadline());
  const statuses = async (count: number) => {
    const found: number[] = [];
    for (let round = 0; round < count; round += 1) found.push((await post(fox)).status);
    return found;
  };
  expect(await statuses(4)).toEqual([500, 503, 504, 504]);
  google.reset();
  expect(google.requests).toEqual([]);
  expect(await statuses(1)).toEqual([200]);
});

test('an answer may wait for the test', async ({ ask, google }) => {
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  google.next(async (request) => {
    await gate;
    return answers.textOnly('Now.')(request);
  });
  const asked = ask();
  await vi.waitFor(() => expect(google.requests).toHaveLength(1));
  release();
  expect((await asked).candidates?.[0]?.content?.parts).toEqual([{ text: 'Now.' }]);
});
