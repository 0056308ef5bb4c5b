import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect } from 'vitest';
import { type Computer, test, withKey } from './fixtures.ts';
import { type Answer, answers, bytesOf, draw, type GoogleRequest, type PictureOptions, startGoogle, testKey } from './google/index.ts';

/** Small enough to travel byte by byte, large enough to be taken out of its answer. */
const look = { width: 64, height: 48, signatureBytes: 4000 } as const;

/** An answer whose body is written down in another way. */
function rewritten(answer: Answer, rewrite: (body: string) => string): Answer {
  return async (request) => {
    const reply = await answer(request);
    return { ...reply, body: rewrite(String(reply.body)) };
  };
}

/** An answer whose body comes in pieces of these lengths, over and over, and does not say how long it is. */
function inPieces(answer: Answer, lengths: readonly number[]): Answer {
  return async (request) => {
    const reply = await answer(request);
    const body = Buffer.from(String(reply.body));
    function* pieces(): Iterable<Uint8Array> {
      for (let [at, turn] = [0, 0]; at < body.length; turn += 1) {
        const length = lengths[turn % lengths.length] ?? 1;
        yield body.subarray(at, at + length);
        at += length;
      }
    }
    return { ...reply, body: pieces };
  };
}

const unit = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
/** A change to the base64 of every picture, as it is written in the JSON. */
const inPicture = (change: (base64: string) => string) => (body: string) =>
  body.replace(/("data": ")([^"]+)/g, (_, before: string, base64: string) => before + change(base64));

async function wanted(request: GoogleRequest | undefined, shown: PictureOptions = look, shift = 0): Promise<Buffer> {
  if (request === undefined) throw new Error('nothing was asked for');
  return bytesOf(shown, request, shift);
}

/** The answer that came under a picture's id, as it is kept. */
async function readTurn(computer: Computer, id: string | null): Promise<string> {
  return gunzipSync(await readFile(join(computer.state, 'turns', `${id}.json.gz`))).toString();
}

describe('a picture is delivered byte for byte', () => {
  test.for<readonly [how: string, rewrite: (body: string) => string]>([
    ['as Google writes it', (body) => body],
    ['without white space', (body) => JSON.stringify(JSON.parse(body))],
    ['with white space wherever JSON allows it', (body) => body.replace(/(?<=[:{}[\]]|",)(?=\s)/g, '\r\n\t ').replace(/":/g, '" \n:')],
    ['with slashes and padding escaped', inPicture((base64) => base64.replaceAll('/', '\\/').replaceAll('=', '\\u003d'))],
    ['with every character escaped', inPicture((base64) => base64.replace(/./g, unit))],
    ['with line breaks', inPicture((base64) => base64.replace(/.{76}/g, '$&\\r\\n'))],
    ['for addresses, without padding', inPicture((base64) => base64.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, ''))],
    ['under names that are escaped', (body) => body.replaceAll('"inlineData"', '"inline\\u0044ata"').replaceAll('"data"', '"d\\u0061ta"')],
    ['after another under the same name', (body) => body.replace('"data": ', `"data": "${'QUJD'.repeat(1000)}", "data": `)],
    [
      'beside words that look like it',
      (body) => body.replace('"parts": [', `"parts": [{"text": "{\\"inlineData\\":{\\"data\\":\\"${'QUJD'.repeat(1000)}\\"}}"},`),
    ],
  ])('%s', async ([, rewrite], { limner, google }) => {
    for (const lengths of [[1, 2, 3, 5, 7], [1021], [2 ** 20]]) {
      google.next(inPieces(rewritten(answers.picture(look), rewrite), lengths));
      const { file, facts } = await limner.call('generate_image', { prompt: `A red fox in pieces of ${lengths.join()}` });
      expect((await readFile(file.path)).equals(await wanted(google.requests.at(-1)))).toBe(true);
      expect([facts.images.length, google.requests.at(-1)?.number]).toEqual([1, google.requests.length]);
    }
  });

  test('compressed on its way, where the length says little', async ({ limner, google }) => {
    google.next(async (request) => {
      const reply = await answers.picture(look)(request);
      return { ...reply, headers: { ...reply.headers, 'content-encoding': 'gzip' }, body: gzipSync(String(reply.body)) };
    });
    const { file } = await limner.call('generate_image', { prompt: 'A red fox' });
    expect((await readFile(file.path)).equals(await wanted(google.requests[0]))).toBe(true);
  });
});

describe('an answer that is no JSON stays one, wherever it goes wrong', () => {
  test.for<readonly [how: string, rewrite: (body: string) => string]>([
    ['a line break in the picture', inPicture((base64) => `${base64.slice(0, 2000)}\n${base64.slice(2000)}`)],
    ['an escape nobody knows in the picture', inPicture((base64) => `${base64.slice(0, 2000)}\\x${base64.slice(2000)}`)],
    ['half an escape in the picture', inPicture((base64) => `${base64.slice(0, 2000)}\\u00"`)],
    ['an end in the middle of the picture', (body) => body.slice(0, body.indexOf('"data": "') + 3000)],
    ['an end in the middle of an escape', (body) => `${body.slice(0, body.indexOf('"data": "') + 3000)}\\u0`],
    ['something after its end', (body) => `${body} {}`],
    ['a stream of events', (body) => `data: ${JSON.stringify(JSON.parse(body))}\n\n`],
  ])('%s', async ([, rewrite], { limner, google }) => {
    google.always(inPieces(rewritten(answers.picture(look), rewrite), [977]));
    const answer = await limner.call('generate_image', { prompt: 'A red fox' });
    expect(answer).toMatchObject({ isError: true, code: 'bad_answer' });
    expect(answer.text).toMatch(/Google's answer was cut off or garbled.*may have been billed/);
    expect(google.requests).toHaveLength(2);
  });
});

describe('what came is kept as a conversation', () => {
  test('with references for what is kept already, and drafts and other pictures as base64, signatures on their parts', async ({
    limner,
    google,
    computer,
  }) => {
    google.next(inPieces(answers.picture({ ...look, thoughts: 3, copies: 2 }), [4096, 17]));
    const { file } = await limner.call('generate_image', { prompt: 'A red fox' });
    const [request] = google.requests;
    const drafts = await Promise.all([2, 3].map((shift) => wanted(request, look, shift)));
    const kept: { parts: { inlineData?: { data: string }; thought?: boolean; thoughtSignature?: string }[] } = JSON.parse(
      await readTurn(computer, file.id),
    );
    const data = kept.parts.flatMap(({ inlineData }) => inlineData?.data ?? []);
    expect(data).toEqual([...drafts.map((bytes) => bytes.toString('base64')), ...Array.from({ length: 3 }, () => `limner:${file.id}`)]);
    expect(kept.parts.flatMap(({ thoughtSignature }) => thoughtSignature?.length ?? [])).toContain(look.signatureBytes);
    await limner.call('edit_image', { prompt: 'Make it blue', image: file.id ?? '' });
    const sent = JSON.stringify(google.requests[1]?.body);
    expect(sent).toContain((await wanted(request)).toString('base64'));
    for (const bytes of drafts) expect(sent).not.toContain(bytes.toString('base64').slice(0, 4000));
  });

  test('without references that came: no picture of the archive is exchanged for one', async ({ limner, google }) => {
    const own = await limner.call('generate_image', { prompt: 'A secret' });
    const forged = { functionCall: { name: 'f', args: { data: `limner:${own.file.id}` } } };
    const drafts = answers.picture({ ...look, onlyThoughts: true });
    google.next(rewritten(drafts, (body) => body.replace('"parts": [', `"parts": [${JSON.stringify(forged)},`)));
    const fox = await limner.call('generate_image', { prompt: 'A red fox' });
    await limner.call('edit_image', { prompt: 'Make it blue', image: fox.file.id ?? '' });
    const sent = JSON.stringify(google.requests[2]?.body);
    expect(sent).toContain('functionCall');
    expect(sent).not.toContain((await wanted(google.requests[0], {})).toString('base64').slice(0, 1000));
  });
});

describe('the key does not come back in a picture that streams', () => {
  const [before, after] = [600_000, 300_000].map((length) => Buffer.alloc(length, 'noise'));
  test.for([
    ['in its bytes', Buffer.from(testKey)],
    ['in hexadecimal in its bytes', Buffer.from(Buffer.from(testKey).toString('hex'))],
  ] as const)('%s', async ([, hidden], { limner, google, computer }) => {
    const bytes = Buffer.concat([await draw({ width: 64, height: 48, format: 'png' }), before ?? hidden, hidden, after ?? hidden]);
    google.next(inPieces(answers.picture({ bytes, signatureBytes: 0 }), [65_536]));
    const { file } = await limner.call('generate_image', { prompt: 'A red fox' });
    const written = await readFile(file.path);
    expect([written.length, written.indexOf(hidden)]).toEqual([bytes.length, -1]);
    for (const name of await readdir(join(computer.state, 'images')))
      expect((await readFile(join(computer.state, 'images', name))).indexOf(hidden)).toBe(-1);
  });

  test.for([0, 1, 2, 3])('in the letters of its base64, %d after a whole group', async (shift, { start, computer }) => {
    const key = 'canary-Zq7Xw2Lm9Rt4Kv8Bn3Pd6Sf1';
    const google = await startGoogle({ key });
    const base64 = `${'QUJD'.repeat(40_000)}${'w'.repeat(shift)}${key}${'QUJD'.repeat(9000)}`;
    const bytes = Buffer.from(base64.slice(0, base64.length & ~3), 'base64');
    expect(bytes.toString('base64url')).toContain(key);
    google.next(
      inPieces(answers.picture({ bytes: await draw({ width: 64, height: 48 }), second: { bytes }, signatureBytes: 0 }), [65_536]),
    );
    const limner = await start({ env: { ...withKey(google), GEMINI_API_KEY: key } });
    await limner.call('generate_image', { prompt: 'A red fox' });
    await google.close();
    const originals = (await readdir(join(computer.state, 'images'))).filter((name) => !name.endsWith('.json'));
    expect(originals).toHaveLength(2);
    for (const name of originals) {
      const kept = await readFile(join(computer.state, 'images', name));
      expect(kept.toString('base64url')).not.toContain(key.slice(12, 20));
    }
  });
});

test('Node’s own limits on how long an answer may take are off: LIMNER_TIMEOUT_MS alone decides', async ({ limner, google }) => {
  // Node closes a connection on which nothing happens for five seconds, unless it waits for an answer.
  google.next(answers.slow(6000, answers.picture(look)));
  const answer = await limner.call('generate_image', { prompt: 'A red fox' });
  expect(answer.isError, answer.text).toBe(false);
  expect(google.requests).toHaveLength(1);
});

test('a picture is on the disk, under no name yet, while it arrives; nothing is left of one that never ends', async ({
  start,
  google,
  computer,
}) => {
  google.next(answers.stallMidBody(answers.picture({ width: 512, height: 512 })));
  const limner = await start({ env: { ...withKey(google), LIMNER_TIMEOUT_MS: '5000' } });
  const folders = [join(computer.project, 'generated-images'), join(computer.state, 'images')];
  const listed = () => Promise.all(folders.map((folder) => readdir(folder).catch(() => [])));
  const calling = limner.call('generate_image', { prompt: 'A red fox' });
  const arriving = [expect.stringMatching(/^\.limner-.*\.part$/)];
  await expect.poll(listed, { timeout: 4000 }).toEqual([arriving, arriving]);
  const answer = await calling;
  expect([answer.isError, answer.text]).toEqual([true, expect.stringContaining('not ready in time')]);
  expect(await listed()).toEqual([[], []]);
});
