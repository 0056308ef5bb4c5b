import type { Config } from '../config.ts';
import { toRealPath } from '../files/paths.ts';
import { quote, showPath } from '../text.ts';
import type { Journal } from './journal.ts';
import { createLinks, type Links } from './links.ts';
import type { TeamOptions } from './options.ts';
import { openNobody, openPeople, type People } from './people.ts';
import { readGuarded, readPeople } from './token-file.ts';

/** Why there is no server, in words for whoever starts it. */
export class Unservable extends Error {}

/** Whoever is on the network is somebody whose token has to be asked for. */
export function requireNarrow({ host, tokens }: TeamOptions): void {
  if (tokens !== undefined || /^(127(\.\d{1,3}){3}|::1|localhost)$/.test(host)) return;
  throw new Unservable(
    `Without tokens limner serves this computer alone, and --host ${quote(host)} is wider. Make a token for each person with "limner serve token NAME --tokens FILE", then start it with --tokens FILE.`,
  );
}

/** The folder of all spaces; real, so that what it is called in a path is what is taken out of texts. */
export async function requireRoot(folder: string): Promise<string> {
  const root = await toRealPath(folder);
  if (root.length <= 150 && quote(root, 200) === `"${root}"` && showPath(root) === root) return root;
  throw new Unservable(
    `The spaces cannot lie in ${showPath(root)}: its path is too long, or has characters that are not always shown as they are. Name another folder with --spaces.`,
  );
}

/** Who is let in. */
export async function openDoor({ tokens }: TeamOptions, { platform }: Config, journal: Journal): Promise<People> {
  if (tokens === undefined) {
    journal.event('warn', 'no tokens', { what: 'everybody on this computer may call, and spend' });
    return openNobody('local');
  }
  const people = await readPeople(tokens, platform);
  if (people.size === 0)
    throw new Unservable(`${showPath(tokens)} names nobody. Make a token with "limner serve token NAME --tokens FILE".`);
  return openPeople(tokens, platform, (what) => journal.event('error', 'nobody is let in', { what }));
}

/** Shorter secrets can be guessed; in bytes. */
const shortestSecret = 32;

/** The links the server gives out; undefined where there is no secret to sign them with. */
export async function openLinks(
  { linkSecret, linkHours }: TeamOptions,
  { platform }: Config,
  base: () => string,
): Promise<Links | undefined> {
  if (linkSecret === undefined) return undefined;
  const secret = Buffer.from((await readGuarded(linkSecret, platform, 'the secret of download links')).trim());
  if (secret.length >= shortestSecret) return createLinks(secret, base, linkHours);
  throw new Unservable(
    `${showPath(linkSecret)} holds a secret of fewer than ${shortestSecret} bytes. Make one: head -c 32 /dev/urandom | base64`,
  );
}
