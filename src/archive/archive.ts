import { createHash, randomBytes } from 'node:crypto';
import { basename, join } from 'node:path';
import { appendLine, ensureWritable, publish } from '../files/publish.ts';
import { readBytes, readText } from '../files/read.ts';
import type { Format, Size } from '../media.ts';

/** A file as it was when limner wrote it. */
export interface KeptFile extends Size {
  /** Absolute. */
  path: string;
  format: Format;
  bytes: number;
  sha256: string;
}

/** What is remembered of one picture limner made. */
export interface ImageRecord {
  id: string;
  /** Shared by the variations of one call. */
  call: string;
  /** ISO 8601. */
  at: string;
  tool: string;
  backend: 'gemini' | 'standin';
  model: string;
  prompt: string;
  /** Ids of the pictures it was made from, where limner made those too. */
  parents: readonly string[];
  /** The working folder at the time; `last` looks here after a restart. */
  folder: string;
  /** The bytes as the model returned them; absent when the state folder could not be written. */
  original?: KeptFile | undefined;
  delivered: KeptFile;
  dollars?: number | undefined;
}

/** What outlives a call: originals and records, plain files in the state folder. */
export interface Archive {
  /** Puts bytes as they came on disk, before anything else is done with them. Resolves with the path. Throws `cannot_write`. */
  keepOriginal(id: string, bytes: Uint8Array, extension: string): Promise<string>;
  /** Keeps a copy of a file that is about to be replaced, and says where. Throws `cannot_write`. */
  keepReplaced(path: string): Promise<string | undefined>;
  /** Throws `cannot_write`. */
  remember(record: ImageRecord): Promise<void>;
  /** Every record, oldest first; lines that are damaged are passed over. */
  recall(): Promise<ImageRecord[]>;
  /** The records of this process, oldest first, whether or not they reached the disk. */
  ofThisProcess(): readonly ImageRecord[];
}

/** `img_` and 16 base32 characters: 80 random bits. */
export function newImageId(): string {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
  return `img_${[...randomBytes(16)].map((byte) => alphabet[byte % 32]).join('')}`;
}

export const imageIdPattern = /^img_[a-z2-7]{16}$/;

export function toSha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Opens the archive of a state folder; nothing is made until something is kept. */
export function openArchive(stateDir: string): Archive {
  const [originals, replaced, records] = [join(stateDir, 'originals'), join(stateDir, 'replaced'), join(stateDir, 'images.jsonl')];
  const own: ImageRecord[] = [];
  return {
    async keepOriginal(id, bytes, extension) {
      await ensureWritable(originals, bytes.length, 0o700);
      return publish(join(originals, `${id}.${extension}`), bytes, 'number', { mode: 0o600 });
    },
    async keepReplaced(path) {
      const bytes = await readBytes(path);
      if (bytes === undefined) return undefined;
      await ensureWritable(replaced, bytes.length, 0o700);
      return publish(join(replaced, `${toSha256(bytes).slice(0, 12)}-${basename(path)}`), bytes, 'number', { mode: 0o600 });
    },
    async remember(record) {
      own.push(record);
      await ensureWritable(stateDir, 0, 0o700);
      await appendLine(records, JSON.stringify(record));
    },
    async recall() {
      const text = await readText(records);
      const lines = typeof text === 'string' ? text.split('\n') : [];
      const onDisk = lines.map(parseRecord).filter((record) => record !== undefined);
      const seen = new Set(onDisk.map((record) => record.id));
      return [...onDisk, ...own.filter((record) => !seen.has(record.id))];
    },
    ofThisProcess: () => own,
  };
}

function parseRecord(line: string): ImageRecord | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is ImageRecord {
  return (
    has(value, ['id', 'call', 'at', 'tool', 'prompt', 'folder', 'model']) &&
    Array.isArray(value.parents) &&
    has(value.delivered, ['path', 'sha256'])
  );
}

function has(value: unknown, names: readonly string[]): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const fields = new Map<string, unknown>(Object.entries(value));
  return names.every((name) => typeof fields.get(name) === 'string');
}
