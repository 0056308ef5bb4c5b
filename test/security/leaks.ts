import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** A key that looks like none, so that only whoever knows it can keep it in; every eight characters of it are unlike any word. */
export const canary = 'Zq7Xw2Lm9Rt4Kv8Bn3Pd6Sf1Hj5Tg0YcU-u_Ge9';

/** Ways in which an answer may repeat a text. */
export const disguises: readonly (readonly [name: string, write: (text: string) => string])[] = [
  ['in plain', (text) => text],
  ['in base64', (text) => Buffer.from(text).toString('base64')],
  ['in base64, after one more byte', (text) => Buffer.from(`:${text}`).toString('base64')],
  ['in base64 of an address, after two more bytes', (text) => Buffer.from(`k=${text}`).toString('base64url')],
  ['in hexadecimal', (text) => Buffer.from(text).toString('hex')],
  ['in capital hexadecimal', (text) => Buffer.from(text).toString('hex').toUpperCase()],
  ['percent-encoded', (text) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16)}`).join('')],
  ['percent-encoded twice', (text) => [...Buffer.from(text)].map((byte) => `%25${byte.toString(16)}`).join('')],
  ['escaped as in JSON', (text) => [...text].map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')],
  ['escaped as in HTML', (text) => [...text].map((letter) => `&#${letter.charCodeAt(0)};`).join('')],
  ['laced with zero-width spaces', (text) => [...text].join('\u200b')],
  ['laced with tags and bidi', (text) => [...text].join('\u{e0041}\u202e')],
  ['laced with terminal codes', (text) => [...text].join('\u001b[0m')],
  ['by its first eight characters', (text) => `${text.slice(0, 8)}…`],
  ['by eight characters from its middle', (text) => `…${text.slice(15, 23)}…`],
  ['by its last eight characters', (text) => `****${text.slice(-8)}`],
  ['cut in two', (text) => `${text.slice(0, 20)} ${text.slice(20)}`],
  ['in an address', (text) => `https://evil.example/v1?key=${text}&alt=json`],
  ['in a header', (text) => `x-goog-api-key: ${text}\r\nAuthorization: Bearer ${text}`],
];

const windows = (text: string, length: number) => Array.from({ length: text.length - length + 1 }, (_, at) => text.slice(at, at + length));

/** What no exit may hold: every eight characters of the key in plain, and as many of it in each other form. */
const needles: readonly string[] = [
  ...windows(canary, 8).flatMap((piece) => [
    piece,
    Buffer.from(piece).toString('hex'),
    Buffer.from(piece).toString('hex').toUpperCase(),
    [...Buffer.from(piece)].map((byte) => `%${byte.toString(16)}`).join(''),
    [...Buffer.from(piece)].map((byte) => `\\u00${byte.toString(16)}`).join(''),
    [...piece].map((letter) => `&#${letter.charCodeAt(0)};`).join(''),
  ]),
  ...[0, 1, 2].flatMap((before) => {
    const bytes = Buffer.from(':'.repeat(before) + canary);
    const inside = (text: string) =>
      text
        .slice(before === 0 ? 0 : 4)
        .replace(/=+$/, '')
        .slice(0, -2);
    return [inside(bytes.toString('base64')), inside(bytes.toString('base64url'))].flatMap((text) => windows(text, 11));
  }),
];

// biome-ignore lint/suspicious/noControlCharactersInRegex: terminal codes are what is looked for
const lacing = /\u001b\[[0-9;]*m|[\p{Cf}\p{DI}]/gu;

/** Bytes of the key found in a text, also where hidden characters or escapes of escapes lie between its letters. */
export function leaked(text: string): number {
  const plain = text.replace(lacing, '').replaceAll('%25', '%').replaceAll('\\\\u', '\\u');
  return needles.reduce((sum, needle) => sum + (text.includes(needle) || plain.includes(needle) ? needle.length : 0), 0);
}

/** Every file below a folder as text, packed ones unpacked, its own path before it. */
export async function readAll(folder: string): Promise<{ path: string; text: string }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    files.map(async (path) => {
      const bytes = await readFile(path);
      return { path, text: `${path}\n${(path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1')}` };
    }),
  );
}

/** A wire to a server that keeps what is sent through it, the one header that may hold the key left out. */
export async function tapWire(url: string): Promise<{ url: string; sent: () => string; close: () => Promise<void> }> {
  const chunks: Buffer[] = [];
  const server = createServer((near) => {
    const far = connect(Number(new URL(url).port), '127.0.0.1');
    near.on('data', (chunk: Buffer) => void chunks.push(chunk));
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) socket.on('error', () => near.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    sent: () => Buffer.concat(chunks).toString('latin1').replaceAll(`x-goog-api-key: ${canary}\r\n`, ''),
    close: async () => {
      server.close();
      await once(server, 'close');
    },
  };
}
