import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Google } from '../google/index.ts';

/** The key of all faults: wherever a piece of it turns up, it got there from the key. */
export const key = 'canary-Zq7Xw2Lm9Rt4Kv8Bn3Pd6Sf1';

/** What betrays it: any eight characters in a row, plain, or what base64 makes of them wherever they stand. */
const pieces = [
  ...cut(key, 8),
  ...[0, 1, 2].flatMap((shift) =>
    cut(
      Buffer.from(`${' '.repeat(shift)}${key}`)
        .toString('base64')
        .slice(4, -4),
      10,
    ),
  ),
];

function cut(text: string, length: number): string[] {
  return Array.from({ length: text.length - length + 1 }, (_, start) => text.slice(start, start + length));
}

/** Where pieces of the key were found: in what servers wrote, in files below a folder, in what Google was sent beside its header. */
export async function findKey(folder: string, said: readonly string[], google: Google): Promise<string[]> {
  const found = said.flatMap((text, index) => (hasPiece(text) ? [`what server ${index + 1} wrote`] : []));
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((each) => each.isFile())) {
    const path = join(entry.parentPath, entry.name);
    if (hasPiece(path) || hasPiece(await readPlain(path))) found.push(path);
  }
  if (google.requests.some(({ body }) => hasPiece(JSON.stringify(body)))) found.push('the body of a request');
  if (google.others.some(({ path }) => hasPiece(path))) found.push('the address of a request');
  return found;
}

function hasPiece(text: string | undefined): boolean {
  return text !== undefined && pieces.some((piece) => text.includes(piece));
}

/** A file as text, unpacked where it is packed. */
async function readPlain(path: string): Promise<string> {
  // Other rows go on: what is being written now has its own turn.
  const bytes = await readFile(path).catch(() => Buffer.alloc(0));
  return (path.endsWith('.gz') ? unpack(bytes) : bytes).toString('latin1');
}

function unpack(bytes: Buffer): Buffer {
  try {
    return gunzipSync(bytes);
  } catch {
    return bytes;
  }
}
