import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { testKey } from '../google/index.ts';

const readme = join(import.meta.dirname, '..', '..', 'README.md');

/** What the README tells a person to write for a host (its first block of code behind the host's name in bold), with what the person puts in: the path of limner, a key. */
export async function readEntry(host: string, limner: string): Promise<string> {
  const text = await readFile(readme, 'utf8');
  const from = text.indexOf(`**${host}**`);
  const [, block] = (from === -1 ? null : /```\w+\n(.*?)```/s.exec(text.slice(from))) ?? [];
  if (block === undefined) throw new Error(`README.md has no entry for ${host}`);
  return block.replaceAll('/path/to/limner', limner).replaceAll(/your[- ]key/g, testKey);
}
