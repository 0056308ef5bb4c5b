import { type Fault, named } from '../fault.ts';
import { quote } from '../text.ts';
import type { Findings, Setting, Surroundings } from './source.ts';

/** A secret that no logging or serialising can show by accident: it is held by a function and not by a property. */
export interface Secret {
  reveal(): string;
}

const names = ['GEMINI_API_KEY', 'GOOGLE_API_KEY'] as const;

/** The setting the key is taken from. */
export function findKeyName(setting: Setting): (typeof names)[number] | undefined {
  return names.find((name) => unquote(setting(name)));
}

/** The key that is used, trimmed, unquoted and checked; what is wrong with it is said without any of it. */
export function toKey(setting: Setting, found: Findings): Secret | undefined {
  const [gemini, google] = names.map((name) => unquote(setting(name)));
  if (gemini && google && gemini !== google)
    found.warnings.push({ says: 'GEMINI_API_KEY and GOOGLE_API_KEY are both set and differ: GEMINI_API_KEY is used' });
  const key = gemini || google;
  if (!key) return undefined;
  const wrong = findKeyFault(key);
  if (wrong === undefined) return { reveal: () => key };
  found.problems.push(named(gemini ? names[0] : names[1], wrong));
  return undefined;
}

/**
 * What may not be shown: every key there is, the unused one and the parts of a spoilt one included. A path is none of it, since all other paths share
 * pieces with it.
 */
export function toSecrets(setting: Setting): string[] {
  const values = names.flatMap((name) => unquote(setting(name)) ?? []).filter((value) => !isPlaceholder(value));
  return values.flatMap(toParts).filter((part) => part.length >= shortestKey);
}

function toParts(value: string): string[] {
  if (path.test(value)) return [];
  const parts = value.split(strange);
  return parts.some((part) => path.test(part)) ? parts.filter((part) => !path.test(part)) : [value, ...parts];
}

/** Google's keys have 39 characters or more. Fewer than these could not be told from words, so they could not be kept out of what is shown. */
const shortestKey = 8;
const strange = /[^\w.~+/=-]+/;
/** As a file of secrets is named where the key itself belongs. */
const path = /^([/~]|\.{1,2}[/\\]|[a-z]:[/\\])/i;

/** Text that holds a key, without quotation marks and white space around it. */
export function unquote(value: string | undefined): string | undefined {
  return value?.replace(/^(["'`])([\s\S]*)\1$/, '$2').trim();
}

/** What no key can be, in words that go on from its name. A line break would be quoted, key and all, by the HTTP layer's own error. */
export function findKeyFault(key: string): Fault | undefined {
  if (variable.test(key))
    return { says: 'holds a variable that nobody filled in', fix: 'write the key itself, or have the host fill the variable in' };
  if (isPlaceholder(key))
    return { says: 'holds a placeholder', fix: 'replace it with the key itself, from https://aistudio.google.com/apikey' };
  if (path.test(key)) return { says: 'holds a path', fix: 'put the key itself, since limner reads no file for it' };
  if (/^(bearer|basic|key)\b\s*[:=]?\s/i.test(key)) return { says: 'begins with a word such as Bearer', fix: 'write the key alone' };
  if (strange.test(key))
    return {
      says: 'holds characters no key has (such as a space, a line break, a quotation mark or an unexpanded $ or {})',
      fix: 'copy the key again',
    };
  if (key.length < shortestKey) return { says: `has fewer than ${shortestKey} characters, which no key has`, fix: 'copy the key again' };
  return undefined;
}

/** As shells, hosts and editors write one. */
const variable = /^\$|^%.*%$|[{}]/;
const placeholders = [
  /^<.*>$/,
  /^(your|insert|enter|paste|add)[-_ ].*key/i,
  /^(my[-_])?((gemini|google)[-_])?(api[-_ ]?)?key$/i,
  /^(x+|\.+|…|change[-_]?me|todo|none|null|undefined|placeholder)$/i,
];

function isPlaceholder(key: string): boolean {
  return variable.test(key) || placeholders.some((pattern) => pattern.test(key));
}

/** The settings that name another address in Google's place. */
type AddressName = 'GOOGLE_GEMINI_BASE_URL' | 'GOOGLE_VERTEX_BASE_URL';

/**
 * The address the key is sent to. Google's own when absent; in clear only within this computer; without what would be lost or shown in an address.
 * Settings come from the environment and the person's own file alone, so no project can choose it.
 */
export function toBaseUrl(name: AddressName, setting: Setting, found: Findings): string | undefined {
  const value = setting(name);
  if (value === undefined) return undefined;
  const wrong = findAddressFault(value);
  if (wrong === undefined) return value.replace(/\/+$/, '');
  found.problems.push(named(name, wrong));
  return undefined;
}

function findAddressFault(value: string): Fault | undefined {
  if (!URL.canParse(value) || !/^https?:\/\//i.test(value))
    return { says: `is ${quote(value)}`, expected: 'an address such as https://generativelanguage.googleapis.com' };
  const { protocol, hostname, username, password, search, hash } = new URL(value);
  if (username || password)
    return { says: 'holds a name or a password before the @', fix: 'leave it out, limner sends no other credential than its own' };
  if (search || hash || /[?#]/.test(value)) return { says: 'holds a ? or a #', fix: 'give the address alone' };
  if (protocol === 'http:' && !isLoopback(hostname))
    return {
      says: `is ${quote(value)}: the key would travel in clear. It must begin with https://; http:// is for this computer alone (localhost, 127.0.0.1, [::1])`,
    };
  return undefined;
}

/** The name and addresses of this computer, as `URL` writes them. Names below localhost are not among them: some systems ask a name server about those. */
function isLoopback(hostname: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname);
}

/** Certificates are checked whatever the environment says, since the key goes over that connection; `index.ts` takes the variable out. */
export function checkCertificates({ env }: Surroundings, found: Findings): void {
  if (env.NODE_TLS_REJECT_UNAUTHORIZED !== '0') return;
  found.warnings.push({
    says: 'NODE_TLS_REJECT_UNAUTHORIZED=0 was ignored: the key only goes over connections whose certificate is right. For a certificate authority of your own set NODE_EXTRA_CA_CERTS',
  });
}
