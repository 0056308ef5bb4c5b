import type { Fault } from './fault.ts';
import { quote } from './text.ts';

/** Where pictures may be downloaded from. */
export interface UrlRule {
  /** Host names in lower case as they stand in a URL; `*.example.com` means every name below example.com, not that name itself. */
  hosts: 'none' | 'any' | readonly string[];
  /** The variable that sends this computer's traffic through a proxy, where there is one. */
  proxy?: string;
}

/**
 * Names that mean this computer, its own network or nothing at all, with everything below them: special-use names of RFC 6761, 6762, 7686, 8375 and
 * 9476 (https://www.iana.org/assignments/special-use-domain-names/), `internal`, which ICANN keeps for private networks and cloud providers use for their
 * metadata services, and the names that routers and offices made up.
 */
const privateSuffixes = new Set(
  'localhost local localdomain internal intranet private lan home corp workgroup arpa test invalid onion alt'.split(' '),
);

/** Whether a name can be one of the public internet's: of two labels at least, and none of those that are private by rule. Takes it as a URL's `hostname`. */
export function isPublicName(hostname: string): boolean {
  const name = withoutDot(hostname.toLowerCase());
  const labels = name.split('.');
  if (labels.length < 2 || name.length > 253) return false;
  if (!labels.every((label) => /^[a-z0-9_-]{1,63}$/.test(label)) || /^\d+$/.test(labels.at(-1) ?? '')) return false;
  return !privateSuffixes.has(labels.at(-1) ?? '');
}

/** Whether the rule names this host. Takes it as a URL's `hostname`. */
export function isAllowedHost(hostname: string, { hosts }: UrlRule): boolean {
  const name = withoutDot(hostname);
  if (typeof hosts === 'string') return hosts === 'any';
  return hosts.some((host) => (host.startsWith('*.') ? name.endsWith(host.slice(1)) : name === host));
}

/** `example.com.` is the same host as `example.com`. */
function withoutDot(hostname: string): string {
  return hostname.replace(/\.$/, '');
}

const on = /^(on|true|yes|1)$/i;
const off = /^(off|false|no|0|none)$/i;
const expected = 'it must be off, on, or host names such as "images.example.com, *.example.org"';

/** Variables by which programs are told of a proxy, small letters as well. */
const proxyVariables = ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY'];

/**
 * What `LIMNER_ALLOW_URLS` allows. A value that is wrong allows nothing, a wrong name in a list is left out, and each is told; through a proxy, which
 * connects where it likes, no address can be checked, so that `on` is not enough there.
 */
export function toUrlRule(value: string | undefined, env: NodeJS.ProcessEnv, warnings: Fault[]): UrlRule {
  const proxy = Object.keys(env).find((name) => proxyVariables.includes(name.toUpperCase()) && env[name]?.trim());
  const hosts = toHosts(value, warnings);
  if (hosts === 'any' && proxy !== undefined) {
    warnings.push({
      says: `LIMNER_ALLOW_URLS is on and ${proxy} is set: behind a proxy limner fetches from hosts that are listed only, and asks them directly. List them in LIMNER_ALLOW_URLS`,
    });
  }
  return { hosts, ...(proxy !== undefined && { proxy }) };
}

function toHosts(value: string | undefined, warnings: Fault[]): UrlRule['hosts'] {
  if (value === undefined || off.test(value)) return 'none';
  if (on.test(value)) return 'any';
  // A list in the settings file arrives joined by colons.
  const parts = value.split(/[\s,;]+|:(?=[^:/]*\.)/).filter((part) => part !== '');
  const hosts: string[] = [];
  for (const part of parts) {
    const host = toHost(part);
    if (host !== undefined) hosts.push(host);
    else warnings.push({ says: `LIMNER_ALLOW_URLS holds ${quote(part)}, which was left out: ${expected}` });
  }
  if (hosts.length > 0) return hosts;
  warnings.push({ says: 'LIMNER_ALLOW_URLS allows no address' });
  return 'none';
}

/** A name as a URL would hold it; undefined for what is no public name, such as an address, a pattern in the middle or a port. */
function toHost(part: string): string | undefined {
  const [, wildcard = '', name = ''] = /^(\*\.)?([\p{L}\p{N}\p{M}_.-]+)$/u.exec(part) ?? [];
  if (!URL.canParse(`https://${name}/`)) return undefined;
  const { hostname } = new URL(`https://${name}/`);
  return isPublicName(hostname) ? `${wildcard}${withoutDot(hostname)}` : undefined;
}
