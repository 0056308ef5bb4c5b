import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { readMode } from '../files/narrow.ts';
import { isDeviceName } from '../files/paths.ts';
import { readPersonFile, rewritePersonFile } from '../files/person-file.ts';
import { quote, showPath } from '../text.ts';

/** What whoever runs the server allows one person. */
const person = z.strictObject({
  /** sha256 of the token, which is random and long, so that nothing slower is needed. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  usd_per_day: z.number().nonnegative().optional(),
  usd_per_call: z.number().nonnegative().optional(),
  requests_per_minute: z.int().positive().optional(),
  calls_at_once: z.int().positive().optional(),
});

/** A person's line in the file. */
export type Entry = z.infer<typeof person>;

/** What the names of people, which are those of folders too, are made of. */
export const namePattern = /^[a-z][a-z0-9_-]{0,31}$/;

const people = z.record(z.string().regex(namePattern), person);

/** What is wrong with the file of tokens, in words for whoever runs the server. */
export class TokenTrouble extends Error {}

/** The people of a file, by their names. Throws `TokenTrouble` where it is not there, cannot be read, is not what it should be, or is open to others. */
export async function readPeople(path: string, platform: NodeJS.Platform): Promise<ReadonlyMap<string, Entry>> {
  const text = await readGuarded(path, platform, 'the file of tokens');
  return new Map(Object.entries(parse(text, path)));
}

/** A text that opens doors: for the user that limner runs as, and a group at most. Throws `TokenTrouble`. */
export async function readGuarded(path: string, platform: NodeJS.Platform, what: string): Promise<string> {
  const { text } = await readPersonFile(path).catch((error: unknown) => {
    throw new TokenTrouble(`${error instanceof Error ? error.message : String(error)}`);
  });
  if (text === undefined) throw new TokenTrouble(`There is no file ${showPath(path)}, which should be ${what}.`);
  const mode = (await readMode(path)) ?? 0;
  if (platform !== 'win32' && (mode & 0o027) !== 0)
    throw new TokenTrouble(`${showPath(path)} is open to others on this computer, and it is ${what}: run chmod 600 on it.`);
  return text;
}

function parse(text: string, path: string): Record<string, Entry> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new TokenTrouble(`${showPath(path)} is not readable JSON; it should be what "limner serve token NAME" makes.`);
  }
  const parsed = people.safeParse(value);
  const [issue] = parsed.error?.issues ?? [];
  if (issue)
    throw new TokenTrouble(`${showPath(path)}: ${quote(issue.path.join('.') || 'it', 80)} is wrong (${quote(issue.message, 120)}).`);
  const names = Object.keys(parsed.data ?? {});
  const device = names.find(isDeviceName);
  if (device !== undefined) throw new TokenTrouble(`${showPath(path)}: ${device} is a name that Windows reserves; take another.`);
  return parsed.data ?? {};
}

/** A new token of 256 random bits; what begins with `limner_` is told for one by those who look for secrets in what is published. */
export function newToken(): string {
  return `limner_${randomBytes(32).toString('base64url')}`;
}

/** What is kept of a token. */
export function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** Puts a person into the file, or another token in the place of theirs; `undefined` takes them out. Throws `TokenTrouble` and `cannot_write`. */
export async function changePeople(
  path: string,
  name: string,
  entry: Entry | undefined,
): Promise<'added' | 'changed' | 'removed' | 'absent'> {
  const file = await readPersonFile(path);
  const { [name]: before, ...others } = file.text === undefined ? {} : parse(file.text, path);
  if (entry === undefined && before === undefined) return 'absent';
  const after = entry === undefined ? others : { ...others, [name]: { ...before, ...entry } };
  await rewritePersonFile(file, `${JSON.stringify(after, undefined, 2)}\n`, 0o600);
  if (entry === undefined) return 'removed';
  return before === undefined ? 'added' : 'changed';
}
