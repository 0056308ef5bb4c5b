import { readPersonFile, removePersonFile, rewritePersonFile } from '../files/person-file.ts';
import { unquote } from '../settings/key.ts';
import { createJsonFormat } from './json-format.ts';

/** limner reads its settings as plain JSON. */
const format = createJsonFormat(true);

const names = ['GEMINI_API_KEY', 'GOOGLE_API_KEY'] as const;

/** For this person alone. */
const mode = 0o600;

/** The key in the per-user settings file; undefined when it has none. Throws `Unreadable` and `cannot_write`. */
export async function readStoredKey(path: string): Promise<string | undefined> {
  const settings = format.parse((await readPersonFile(path)).text ?? '');
  const values = names.map((name) => settings[name]).map((value) => unquote(typeof value === 'string' ? value : undefined));
  return values.find((value) => value !== undefined && value !== '');
}

/** Puts a key into the per-user settings file in the place of any other; other settings stay. Throws `Unreadable` and `cannot_write`. */
export async function storeKey(path: string, key: string): Promise<void> {
  const file = await readPersonFile(path);
  await rewritePersonFile(file, format.set(format.remove(file.text ?? '', [names[1]]), [names[0]], key), mode);
}

/** Takes the key out of the per-user settings file, and the file away when nothing else is in it. False when there was no key. */
export async function removeKey(path: string): Promise<boolean> {
  const file = await readPersonFile(path);
  if (file.text === undefined || !names.some((name) => name in format.parse(file.text ?? ''))) return false;
  const text = names.reduce((left, name) => format.remove(left, [name]), file.text);
  if (Object.keys(format.parse(text)).length === 0) await removePersonFile(file);
  else await rewritePersonFile(file, text, mode);
  return true;
}
