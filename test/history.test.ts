import { cp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { type Computer, photo, test, withKey } from './fixtures.ts';
import { answers, type Google, type GoogleRequest } from './google/index.ts';

const part = z.looseObject({ text: z.string().optional(), thoughtSignature: z.string().optional() });
const turn = z.object({ role: z.string(), parts: z.array(part) });
const body = z.object({ contents: z.array(turn) });
const answer = z.object({ candidates: z.tuple([z.object({ content: turn })]) });
type Turn = z.infer<typeof turn>;

/** The turns a request carried. */
function turnsOf(request: GoogleRequest | undefined): Turn[] {
  return body.parse(request?.body).contents;
}

/** Makes the double remember what it answered: the model's turn of each answer, in order. */
function listen(google: Google, ...options: Parameters<typeof answers.picture>): Turn[] {
  const answered: Turn[] = [];
  google.always(async (request) => {
    const reply = await answers.picture(...options)(request);
    answered.push(answer.parse(JSON.parse(String(reply.body))).candidates[0].content);
    return reply;
  });
  return answered;
}

/** Files of the conversations in the archive. */
async function listTurns(computer: Computer): Promise<string[]> {
  return readdir(join(computer.state, 'turns'));
}

describe('an edit goes on with the conversation its picture came from', () => {
  test('three edits in a row across two processes send every earlier part with its own signature', async ({ start, google }) => {
    const answered = listen(google, { text: 'Here it is.' });
    const first = await start({ env: withKey(google) });
    const fox = await first.call('generate_image', { prompt: 'A red fox' });
    const blue = await first.call('edit_image', { prompt: 'Make it blue', image: 'last' });
    await first.close();
    const second = await start({ env: withKey(google) });
    const night = await second.call('edit_image', { prompt: 'At night', image: blue.file.path });
    const snow = await second.call('edit_image', { prompt: 'With snow', image: night.file.id });
    const said = ['A red fox', 'Make it blue', 'At night', 'With snow'].map((text) => ({ role: 'user', parts: [{ text }] }));
    for (const [index, request] of google.requests.entries()) {
      const earlier = said.slice(0, index).flatMap((user, turn) => [user, answered[turn]]);
      expect(turnsOf(request)).toEqual([...earlier, said[index]]);
    }
    const signatures = turnsOf(google.requests[3]).flatMap(({ parts }) => parts.flatMap(({ thoughtSignature = [] }) => thoughtSignature));
    expect(new Set(signatures).size).toBe(6);
    expect(snow.facts.history).toMatchObject({ after: night.file.id, turns: 3, pictures: 3 });
    expect(fox.facts.history).toBe(null);
  });

  test('an edit of an older picture is a branch: it carries nothing of what came after', async ({ limner, google }) => {
    const answered = listen(google);
    const fox = await limner.call('generate_image', { prompt: 'A red fox' });
    await limner.call('edit_image', { prompt: 'Make it blue', image: fox.file.path });
    await limner.call('edit_image', { prompt: 'Make it green', image: fox.file.path });
    expect(turnsOf(google.requests[2])).toEqual([
      { role: 'user', parts: [{ text: 'A red fox' }] },
      answered[0],
      { role: 'user', parts: [{ text: 'Make it green' }] },
    ]);
  });

  test('a moved and renamed file is the same picture, also in a later process', async ({ start, google, computer }) => {
    const answered = listen(google);
    const first = await start({ env: withKey(google) });
    const fox = await first.call('generate_image', { prompt: 'A red fox' });
    await first.close();
    await rename(fox.file.path, join(computer.project, 'mascot.jpg'));
    const second = await start({ env: withKey(google) });
    await second.call('edit_image', { prompt: 'Blue', image: 'mascot.jpg' });
    expect(turnsOf(google.requests[1])).toEqual([{ role: 'user', parts: [{ text: 'A red fox' }] }, answered[0], expect.anything()]);
  });

  test('a derivative goes on with the original, and its type and shape are made again', async ({ limner, google }) => {
    const answered = listen(google);
    const fox = await limner.call('generate_image', { prompt: 'A red fox', aspect_ratio: '3:1', output: 'fox.webp' });
    expect(fox.file.sha256).not.toBe(fox.facts.images[0]?.original);
    const edited = await limner.call('edit_image', { prompt: 'Blue', image: 'fox.webp' });
    expect(turnsOf(google.requests[1])[1]).toEqual(answered[0]);
    expect(edited.file).toMatchObject({ format: 'webp' });
    expect(edited.file.width / edited.file.height).toBeCloseTo(3, 2);
    expect(edited.file.path).toMatch(/blue\.webp$/);
    expect(edited.text).toContain('Like the picture it comes from, the file is to be webp, cropped to 3:1.');
    expect(google.requests[1]).toMatchObject({ aspectRatio: '21:9' });
    const otherwise = await limner.call('edit_image', { prompt: 'Blue', image: 'fox.webp', format: 'png', aspect_ratio: '1:1' });
    expect(otherwise.file.format).toBe('png');
    expect(otherwise.file.width).toBe(otherwise.file.height);
    expect(otherwise.text).not.toContain('Like the picture it comes from');
  });

  test('references join it with their labels, and the picture that goes on is named', async ({ limner, google, computer }) => {
    await computer.write('hat.png', await photo(200, 200));
    await limner.call('generate_image', { prompt: 'A red fox', output: 'fox.jpg' });
    await limner.call('edit_image', { prompt: 'Put the hat on', image: 'fox.jpg', references: ['hat.png'] });
    expect(google.requests[1]?.texts).toEqual(['Put the hat on', 'Image 1 (fox.jpg): the last picture above', 'Image 2 (hat.png)']);
    expect(google.requests[1]?.images).toHaveLength(1);
  });

  test('an edit of a foreign picture and a composition begin one, pictures included', async ({ limner, google, computer }) => {
    const answered = listen(google);
    await computer.write('photo.png', await photo(320, 200));
    for (const [tool, args] of [
      ['edit_image', { prompt: 'Night', image: 'photo.png' }],
      ['compose_images', { prompt: 'A collage', images: ['photo.png', 'photo.png'] }],
    ] as const) {
      const made = await limner.call(tool, args);
      await limner.call('edit_image', { prompt: 'More of it', image: made.file.id });
      const [before, after] = google.requests.slice(-2);
      expect(turnsOf(after).slice(0, 2)).toEqual([...turnsOf(before), answered.at(-2)]);
    }
  });

  test('every variation has its own, and shares what was sent', async ({ limner, google, computer }) => {
    listen(google);
    const { facts } = await limner.call('generate_image', { prompt: 'A red fox', count: 3 });
    expect(await listTurns(computer)).toHaveLength(4);
    for (const { id } of facts.images) await limner.call('edit_image', { prompt: 'Blue', image: id });
    const signatures = google.requests.slice(3).map((request) => turnsOf(request)[1]?.parts[0]?.thoughtSignature);
    expect(new Set(signatures).size).toBe(3);
  });

  test('thoughts are kept and never sent back', async ({ limner, google }) => {
    listen(google, { thoughts: 2 });
    await limner.call('generate_image', { prompt: 'A red fox' });
    await limner.call('edit_image', { prompt: 'Blue', image: 'last' });
    expect(turnsOf(google.requests[1])[1]?.parts).toHaveLength(1);
    expect(JSON.stringify(turnsOf(google.requests[1]))).not.toContain('"thought":');
  });
});

describe('where it cannot, the picture itself is edited, and the answer says so', () => {
  const alone = /It is edited by itself, without what was said before\./;

  test('when the file was changed by hand, without a word: it is another picture', async ({ limner, google }) => {
    const { file } = await limner.call('generate_image', { prompt: 'A red fox' });
    await writeFile(file.path, await sharp(file.path).rotate(180).toBuffer());
    const { text, facts } = await limner.call('edit_image', { prompt: 'Blue', image: file.path });
    expect(turnsOf(google.requests[1])).toHaveLength(1);
    expect(google.requests[1]?.images).toHaveLength(1);
    expect(facts.parents[0]?.id).toBe(null);
    expect(text).not.toMatch(alone);
  });

  test('when the model is another', async ({ limner, google }) => {
    await limner.call('generate_image', { prompt: 'A red fox' });
    const { text, facts } = await limner.call('edit_image', { prompt: 'Blue', image: 'last', model: 'pro' });
    expect(turnsOf(google.requests[1])).toHaveLength(1);
    expect(google.requests[1]?.images).toHaveLength(1);
    expect(text).toMatch(/was made by gemini-nano-banana-2\.1, whose conversation gemini-3-pro-image cannot go on with\./);
    expect(text).toMatch(alone);
    expect(facts.history).toBe(null);
  });

  test('when it would pass 20 MB; and the edit after that goes on from there', async ({ limner, google }) => {
    google.always(answers.picture({ signatureBytes: 6_500_000 }));
    await limner.call('generate_image', { prompt: 'A red fox' });
    for (const prompt of ['One', 'Two', 'Three', 'Four']) await limner.call('edit_image', { prompt, image: 'last' });
    expect(google.requests.map((request) => turnsOf(request).length)).toEqual([1, 3, 5, 1, 3]);
    expect(google.requests.map(({ refused }) => refused).filter(Boolean)).toEqual([]);
  });

  test('when a part of it is gone', async ({ limner, google, computer }) => {
    const fox = await limner.call('generate_image', { prompt: 'A red fox' });
    const blue = await limner.call('edit_image', { prompt: 'Blue', image: fox.file.id });
    await rm(join(computer.state, 'turns', `${fox.file.id}.json.gz`));
    const { text } = await limner.call('edit_image', { prompt: 'Green', image: blue.file.id });
    expect(text).toMatch(/is no longer kept in full\. It is edited by itself/);
    expect(google.requests[2]?.images).toHaveLength(1);
  });

  test('when a kept turn is damaged or not ours', async ({ limner, google, computer }) => {
    const fox = await limner.call('generate_image', { prompt: 'A red fox' });
    await writeFile(join(computer.state, 'turns', `${fox.file.id}.json.gz`), 'not gzip');
    const answer = await limner.call('edit_image', { prompt: 'Blue', image: fox.file.id });
    expect(answer.isError).toBe(false);
    expect(google.requests[1]?.images).toHaveLength(1);
    expect(answer.text).toMatch(alone);
  });

  test('when its answer held several pictures', async ({ limner, google }) => {
    google.next(answers.picture({ second: {} }));
    const { facts } = await limner.call('generate_image', { prompt: 'Two foxes' });
    const { text } = await limner.call('edit_image', { prompt: 'Blue', image: facts.images[1]?.id ?? '' });
    expect(google.requests[1]?.images).toHaveLength(1);
    expect(text).toMatch(alone);
  });

  test('when it was drawn by the stand-in', async ({ start, google }) => {
    const standin = await start({ env: { LIMNER_BACKEND: 'standin' } });
    const { file } = await standin.call('generate_image', { prompt: 'A red fox' });
    const limner = await start({ env: withKey(google) });
    const { text } = await limner.call('edit_image', { prompt: 'Blue', image: file.id });
    expect(text).toMatch(/was made by the stand-in\. It is edited by itself/);
    expect(google.requests[0]?.images).toHaveLength(1);
  });
});

test('the archive is plain files: an original, a record and a conversation for each picture', async ({ limner, computer, google }) => {
  const { file } = await limner.call('generate_image', { prompt: 'A red fox', output: 'fox.png' });
  expect(await readdir(join(computer.state, 'images'))).toEqual([`${file.id}.jpg`, `${file.id}.json`]);
  expect((await listTurns(computer)).filter((name) => name.startsWith(file.id))).toEqual([`${file.id}.json.gz`]);
  await cp(join(computer.state, 'images', `${file.id}.jpg`), join(computer.project, 'copy.jpg'));
  await limner.call('edit_image', { prompt: 'Blue', image: 'copy.jpg' });
  expect(turnsOf(google.requests[1])).toHaveLength(3);
});
