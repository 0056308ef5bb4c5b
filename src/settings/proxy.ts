import { type Backend, isPaid } from '../backend.ts';
import { quote } from '../text.ts';
import type { Secret } from './key.ts';
import type { Findings, Surroundings } from './source.ts';

/** The proxy of this computer, on the way to Google. */
export interface WebProxy {
  /** The variable it was taken from. */
  name: string;
  /** Scheme, host and port; nothing secret. */
  url: string;
  /** Name and password as the header `Proxy-Authorization` takes them. */
  authorization: Secret | undefined;
  /** What `NO_PROXY` says: names, with their port or without, and endings such as `.example.com`; `*` is everything. */
  spared: readonly string[];
  /** The variable that was taken from. */
  sparedBy: string | undefined;
}

/** Small letters win, as with curl and Node. Where nothing is said of https, the one for http is taken, as Google's own tools do. */
const variables = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'];

/** The proxy for requests to Google. One that cannot be read stops every call: whoever set it wants nothing to go past it. */
export function toProxy({ env }: Surroundings, backend: Backend, found: Findings): { proxy: WebProxy | undefined; secrets: string[] } {
  const name = variables.find((each) => env[each]?.trim());
  const value = name === undefined ? undefined : env[name]?.trim();
  if (name === undefined || value === undefined) return { proxy: undefined, secrets: [] };
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.hostname === '') {
    const scheme = url === undefined ? undefined : url.protocol.replace(':', '');
    if (isPaid(backend))
      found.problems.push({
        says:
          scheme === undefined || /^https?$/.test(scheme) ? `${name} cannot be read as an address` : `${name} begins with ${quote(scheme)}`,
        expected: 'the address of an HTTP proxy, such as http://proxy.example:3128',
      });
    return { proxy: undefined, secrets: toParts(value) };
  }
  const { username, password } = { username: decode(url.username), password: decode(url.password) };
  const pair = `${username}:${password}`;
  const isOpen = pair === ':';
  const sparedBy = ['no_proxy', 'NO_PROXY'].find((each) => env[each]?.trim());
  const spared = (sparedBy === undefined ? '' : (env[sparedBy] ?? '')).toLowerCase().split(/[\s,]+/);
  return {
    proxy: {
      name,
      url: url.origin,
      authorization: isOpen ? undefined : { reveal: () => `Basic ${Buffer.from(pair).toString('base64')}` },
      spared: spared.filter((entry) => entry !== ''),
      sparedBy,
    },
    secrets: isOpen ? [] : toSecrets(password, pair),
  };
}

/** Shorter ones could not be told from words; they are shown nowhere, but cannot be looked for. */
const shortest = 8;

function toSecrets(password: string, pair: string): string[] {
  return [password, pair].filter((secret) => secret.length >= shortest);
}

/** What may be the password in an address that cannot be read. */
function toParts(value: string): string[] {
  const before = /^(?:[^/]*\/\/)?(.*)@/.exec(value)?.[1] ?? '';
  return toSecrets(before.replace(/^[^:]*:/, ''), before);
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Whether requests to this address go past the proxy. Those that stay on this computer always do. */
export function isSpared({ protocol, hostname, port }: URL, { spared }: WebProxy): boolean {
  if (protocol === 'http:') return true;
  const places = [hostname, `${hostname}:${port || '443'}`];
  return spared.some(
    (entry) =>
      entry === '*' ||
      places.includes(entry) ||
      hostname.endsWith(`.${entry.replace(/^\*?\./, '')}`) ||
      (/^\*?\./.test(entry) && hostname === entry.replace(/^\*?\./, '')),
  );
}
