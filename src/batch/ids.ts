import { createHash } from 'node:crypto';

/** Names that are the same whenever they are made: what was done before a crash is found again by them, and nothing is done twice. */
function toLetters(...parts: readonly (string | number)[]): string {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest();
  return [...digest.subarray(0, 16)].map((byte) => alphabet[byte % 32]).join('');
}

/** What a batch is the same as another by: what it asks for, and where its files go. */
export function toBatchId(source: string, folder: string, round: number): string {
  return `batch_${toLetters('batch', source, folder, round)}`;
}

function toCallId(batch: string, line: number): string {
  return `call_${toLetters('call', batch, line)}`;
}

/** One request of a batch: which variation of which line, in which chunk. */
export interface Unit {
  line: number;
  /** From 1. */
  variation: number;
}

/** As it is told from others in the files Google gets and gives. */
export function toKey({ line, variation }: Unit): string {
  return `${line}-${variation}`;
}

export function toUnit(key: string): Unit {
  const [line = 0, variation = 0] = key.split('-').map(Number);
  return { line, variation };
}

/** What the ledger and the archive know a unit of a chunk by. */
export function toUnitIds(batch: string, chunk: number, { line, variation }: Unit): { call: string; image: string; request: string } {
  const letters = toLetters('unit', batch, chunk, line, variation);
  return { call: toCallId(batch, line), image: `img_${letters}`, request: `req_${letters}` };
}

/** What a chunk is called at Google's, and found by again. */
export function toDisplayName(batch: string, chunk: number): string {
  return `limner-${batch}-${String(chunk).padStart(4, '0')}`;
}
