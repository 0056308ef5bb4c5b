import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { openPieces } from '../src/files/pieces.ts';
import { toDoor } from '../src/model/fetch.ts';
import { createFilesApi, toUploadSource } from '../src/model/files-api.ts';
import { createRedactor } from '../src/redactor.ts';
import { exhausted, toReply } from './google/errors.ts';
import { storeFile } from './google/file-store.ts';
import { test } from './google/fixture.ts';
import { startGoogle, testKey } from './google/index.ts';

const connect = (baseUrl: string, key = testKey) =>
  createFilesApi({ door: toDoor({ reveal: () => key }, baseUrl), baseUrl, redactor: createRedactor([key]) });

const { signal } = new AbortController();
const jsonl = { mediaType: 'application/jsonl', displayName: 'limner' };
const words = Buffer.from('{"key":"1"}\n'.repeat(1000));
const overloaded = toReply({ status: 503, name: 'UNAVAILABLE', message: 'The service is currently unavailable.' });

test('bytes are uploaded, looked up and deleted, with the key in a header alone', async ({ google }) => {
  const files = connect(google.url);
  const file = await files.upload(toUploadSource(words), jsonl, signal);
  expect(file).toMatchObject({ mediaType: 'application/jsonl', state: 'ACTIVE', uri: `${google.url}/v1beta/${file.name}` });
  expect(google.files.files.get(file.name)).toMatchObject({ displayName: 'limner', bytes: words });
  expect(await files.get(file.name, signal)).toEqual(file);
  await files.delete(file.name, signal);
  expect(google.files.files.size).toBe(0);
  expect(google.others.every(({ apiKey, path }) => apiKey === testKey && !path.includes(testKey))).toBe(true);
});

test('a file is read from disk while it is sent, and goes on where the connection broke', async ({ google }) => {
  const folder = await mkdtemp(join(tmpdir(), 'limner-files-'));
  const bytes = randomBytes(3_000_000);
  await writeFile(join(folder, 'requests.jsonl'), bytes);
  const offsets: number[] = [];
  const { byteLength, readFrom } = await openPieces(join(folder, 'requests.jsonl'));
  google.disturb(({ headers }) => (headers['x-goog-upload-offset'] === '0' ? { cutAfter: 1_000_000 } : undefined));
  const source = {
    byteLength,
    readFrom: (offset: number) => {
      offsets.push(offset);
      return readFrom(offset);
    },
  };
  const { name } = await connect(google.url).upload(source, jsonl, signal);
  expect(google.files.files.get(name)?.bytes.equals(bytes)).toBe(true);
  expect(offsets).toEqual([0, expect.any(Number)]);
  expect(offsets[1]).toBeGreaterThanOrEqual(1_000_000);
  await rm(folder, { recursive: true });
});

test('what a batch made is downloaded as it arrives; what was uploaded is not', async ({ google }) => {
  const files = connect(google.url);
  const made = storeFile(google.files, { displayName: '', mimeType: 'application/jsonl', bytes: words, source: 'GENERATED' });
  const pieces: Buffer[] = [];
  for await (const piece of await files.download(made.name, signal)) pieces.push(piece);
  expect(Buffer.concat(pieces).equals(words)).toBe(true);
  const { name } = await files.upload(toUploadSource(words), jsonl, signal);
  await expect(files.download(name, signal)).rejects.toMatchObject({ code: 'upstream_fault', failure: { status: 400, isUnclear: false } });
});

describe('what goes wrong', () => {
  test('a stumble of Google is passed over where nothing can go wrong by asking twice', async ({ google }) => {
    const files = connect(google.url);
    let stumbles = 2;
    google.disturb(() => (stumbles-- > 0 ? overloaded : undefined));
    const { name } = await files.upload(toUploadSource(words), jsonl, signal);
    stumbles = 2;
    expect(await files.get(name, signal)).toMatchObject({ name });
    stumbles = 9;
    await expect(files.get(name, signal)).rejects.toMatchObject({ code: 'overloaded', failure: { isUnclear: true } });
  });

  test('a file that is gone is named so, and counts as deleted', async ({ google }) => {
    const files = connect(google.url);
    await expect(files.get('files/gone', signal)).rejects.toMatchObject({
      code: 'not_found',
      message: expect.not.stringContaining('model'),
    });
    await files.delete('files/gone', signal);
  });

  test('a wrong key, a full quota and a server that is gone are told apart', async ({ google }) => {
    await expect(connect(google.url, 'another-key-123').get('files/a', signal)).rejects.toMatchObject({ code: 'key_rejected' });
    google.disturb(() => toReply(exhausted('Quota exceeded.')));
    await expect(connect(google.url).get('files/a', signal)).rejects.toMatchObject({ code: 'quota', failure: { isUnclear: false } });
    const other = await startGoogle();
    await other.close();
    await expect(connect(other.url).get('files/a', signal)).rejects.toMatchObject({ code: 'unreachable', failure: { isUnclear: false } });
  });

  test('content and key go to the place of the settings alone, wherever Google says the upload goes on', async ({ google }) => {
    const stranger = await startGoogle();
    const headers = { 'x-goog-upload-url': `${stranger.url}/upload/v1beta/files?upload_id=x`, 'x-goog-upload-status': 'active' };
    google.disturb((request) => (request.headers['x-goog-upload-command'] === 'start' ? { status: 200, headers, body: '{}' } : undefined));
    await expect(connect(google.url).upload(toUploadSource(words), jsonl, signal)).rejects.toThrow('refused');
    expect([stranger.requests, stranger.others]).toEqual([[], []]);
    await stranger.close();
  });

  test('a cancelled request ends with the reason of its signal', async ({ google }) => {
    const controller = new AbortController();
    google.disturb(() => {
      controller.abort(new Error('enough'));
      return { status: 200, body: '', delivery: 'silence' };
    });
    await expect(connect(google.url).get('files/a', controller.signal)).rejects.toThrow('enough');
  });
});
