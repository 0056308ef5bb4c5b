import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { testKey } from '../google/index.ts';

const readme = join(import.meta.dirname, '..', '..', 'README.md');

/** What a person does with a block of the README: runs it, or writes it into the host's configuration. */
export interface Entry {
  isCommand: boolean;
  text: string;
}

/** What the README tells a person of a host (its first block of code behind the host's name in bold), with what the person puts in: the path of limner, a key. */
export async function readEntry(host: string, limner: string): Promise<Entry> {
  const text = await readFile(readme, 'utf8');
  const from = text.indexOf(`**${host}**`);
  const [, language, block] = (from === -1 ? null : /```(\w+)\n(.*?)```/s.exec(text.slice(from))) ?? [];
  if (block === undefined) throw new Error(`README.md has no entry for ${host}`);
  return { isCommand: language === 'sh', text: block.replaceAll('/path/to/limner', limner).replaceAll(/your[- ]key/g, testKey) };
}
