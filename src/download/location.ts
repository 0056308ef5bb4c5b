import { isIP } from 'node:net';
import { isAllowedHost, isPublicName, type UrlRule } from '../allowed-hosts.ts';
import { ToolError } from '../errors.ts';
import { cleanText, quote } from '../text.ts';
import { isPublicAddress } from './address.ts';

/** What to do about an address that is not fetched. */
export const instead = 'Download the picture and pass its path.';

/**
 * The address of a picture an argument names, checked by all that can be said without asking anybody. Throws `not_allowed` or `invalid_argument` with one sentence on what
 * was expected.
 */
export function toPictureUrl(argument: string, rule: UrlRule): URL {
  const shown = quote(toShown(argument), 120);
  if (/^http:/i.test(argument)) {
    throw new ToolError(
      'not_allowed',
      `${shown} is an http address; limner fetches https only. Give its https address, if it has one. ${instead}`,
    );
  }
  const url = isPlain(argument) && URL.canParse(argument) ? new URL(argument) : undefined;
  if (url === undefined) {
    throw new ToolError('invalid_argument', `${shown} is not an address such as https://example.com/picture.png. ${instead}`);
  }
  const why = findObjection(url, argument, rule);
  if (why !== undefined) throw new ToolError('not_allowed', `limner does not fetch ${shown}: ${why} ${instead}`);
  return url;
}

/** Where a redirect leads, when that may be fetched just as well; undefined when not. */
export function toNextUrl(location: string, from: URL, rule: UrlRule): URL | undefined {
  if (!URL.canParse(location, from.href)) return undefined;
  const url = new URL(location, from.href);
  return findObjection(url, url.href, rule) === undefined ? url : undefined;
}

/** One reading only: no spaces, controls or hidden characters, which parsers drop, and no backslash, which some take for a slash. */
function isPlain(argument: string): boolean {
  return /^https:\/\/[^/]/i.test(argument) && !/[\s\p{Cc}\p{Cf}\p{Cs}\\]/u.test(argument);
}

function findObjection(url: URL, written: string, rule: UrlRule): string | undefined {
  if (url.protocol !== 'https:') return 'it fetches https only.';
  const authority = /^[^/]*\/\/([^/?#]*)/.exec(written)?.[1] ?? '';
  if (authority.includes('@') || url.username !== '' || url.password !== '') return 'it holds a user name or password.';
  if (url.port !== '') return 'it fetches from port 443 only, the one of https.';
  const host = toHostname(url);
  if (!(isIP(host) === 0 ? isPublicName(host) : isPublicAddress(host))) return 'its host is not one of the public internet.';
  if (!isAllowedHost(host, rule)) return 'its host is not in LIMNER_ALLOW_URLS, where the person can add it.';
  return undefined;
}

/** The host as resolvers and certificates know it: no brackets, no closing dot. */
export function toHostname({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
}

/** An address as it may be shown and kept: without its query, which may hold a key, and without user and password. */
export function toShown(address: string): string {
  return cleanText(address, 4096)
    .replace(/^([a-z][a-z0-9+.-]*:[/\\]*)[^/\\]*@/i, '$1…@')
    .replace(/[?#].*$/s, '');
}

/** Host and file name, for texts: `example.com/picture.png`. */
export function toPictureName(url: URL): string {
  const file = cleanText(decode(url.pathname.split('/').at(-1) ?? ''), 80).replace(/[^\p{L}\p{N}\p{M}._()+,=-]+/gu, '-');
  return `${toHostname(url)}/${file}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
