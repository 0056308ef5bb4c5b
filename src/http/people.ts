import { timingSafeEqual } from 'node:crypto';
import { identity } from '../files/identity.ts';
import { type Entry, hashToken, readPeople, TokenTrouble } from './token-file.ts';

/** Somebody the server answers. */
export interface Person {
  name: string;
  allowed: Omit<Entry, 'sha256'>;
}

/** Who may call. */
export interface People {
  /** Whose token this is; undefined for nobody's. Throws `TokenTrouble` while the file cannot be used. */
  find(token: string): Promise<Person | undefined>;
  /** Somebody by name, as long as they are in the file. */
  named(name: string): Promise<Person | undefined>;
  /** Names of all. */
  names(): Promise<string[]>;
}

/** The people of a file, which is read again when it has changed. While it cannot be used nobody is let in. */
export function openPeople(path: string, platform: NodeJS.Platform, onTrouble: (why: string) => void): People {
  let known: { identity: string; entries: ReadonlyMap<string, Entry> } | undefined;
  let told = '';

  async function read(): Promise<ReadonlyMap<string, Entry>> {
    const now = await identity(path);
    if (known !== undefined && now !== undefined && known.identity === now) return known.entries;
    known = undefined;
    try {
      const entries = await readPeople(path, platform);
      known = now === undefined ? undefined : { identity: now, entries };
      told = '';
      return entries;
    } catch (error) {
      if (error instanceof TokenTrouble && error.message !== told) {
        told = error.message;
        onTrouble(told);
      }
      throw error;
    }
  }

  return {
    async find(token) {
      const hash = hashToken(token);
      let found: Person | undefined;
      // All are compared, each in the same time, so that nothing is told by how long it takes.
      for (const [name, { sha256, ...allowed }] of await read())
        if (timingSafeEqual(Buffer.from(sha256, 'hex'), hash)) found = { name, allowed };
      return found;
    },
    async named(name) {
      const { sha256: _hash, ...allowed } = (await read()).get(name) ?? { sha256: undefined };
      return _hash === undefined ? undefined : { name, allowed };
    },
    names: async () => [...(await read()).keys()],
  };
}

/** The one person of a server on this computer that asks for no tokens. */
export function openNobody(name: string): People {
  const person = { name, allowed: {} };
  return { find: async () => person, named: async (wanted) => (wanted === name ? person : undefined), names: async () => [name] };
}
