import type { IncomingMessage } from 'node:http';
import type { UrlRule } from '../allowed-hosts.ts';
import { ToolError } from '../errors.ts';
import { sniff } from '../media.ts';
import { formatBytes, quote } from '../text.ts';
import { instead, toNextUrl, toPictureName, toPictureUrl, toShown } from './location.ts';
import { ask, findPublicAddresses } from './request.ts';

/** What is downloaded is read this far; larger pictures are for disks. */
const maxBytes = 20_000_000;

/** Time for it all, names, redirects and a slow body included, in milliseconds. */
const maxMs = 10_000;

/** Redirects that are followed. */
const maxRedirects = 3;

const redirects = [301, 302, 303, 307, 308];

/** How a download is bounded. */
export interface DownloadRules {
  urls: UrlRule;
  /** Time for the whole call, in milliseconds. */
  timeoutMs: number;
}

/** A picture that was downloaded; not decoded yet. */
export interface Downloaded {
  bytes: Uint8Array;
  /** Where it was asked for, without the query, which may hold a key. */
  address: string;
  /** Host and file name, cleaned. */
  name: string;
}

/**
 * The picture at a public https address, as bytes of any kind. Throws `not_allowed` for an address that may not be fetched, or that leads on to one, `not_found`,
 * `unreadable_image` for one that is too large or a web page, `unreachable` and `cancelled`; nothing of what the host says is repeated.
 */
export async function download(argument: string, rules: DownloadRules, cancelled: AbortSignal | undefined): Promise<Downloaded> {
  const url = toPictureUrl(argument, rules.urls);
  const address = toShown(url.href);
  const shown = quote(address, 120);
  const milliseconds = Math.min(maxMs, rules.timeoutMs);
  const clock = new AbortController();
  const timer = setTimeout(() => clock.abort(), milliseconds);
  try {
    const signal = cancelled ? AbortSignal.any([cancelled, clock.signal]) : clock.signal;
    const bytes = await readPicture(await follow(url, shown, rules.urls, signal), shown);
    return { bytes, address, name: toPictureName(url) };
  } catch (error) {
    if (error instanceof ToolError) throw error;
    if (cancelled?.aborted) throw new ToolError('cancelled', `The call was cancelled while ${shown} was downloaded.`, { cause: error });
    throw unreachable(shown, milliseconds, rules.urls, error);
  } finally {
    clearTimeout(timer);
    // Whatever is still open has been left.
    clock.abort();
  }
}

/** The answer at the end of the redirects, each checked like the first. */
async function follow(start: URL, shown: string, rule: UrlRule, signal: AbortSignal): Promise<IncomingMessage> {
  let url = start;
  for (let hop = 0; hop <= maxRedirects; hop += 1) {
    const addresses = await findPublicAddresses(url, signal);
    if (addresses === undefined) throw hop === 0 ? noPublicAddress(shown) : ledAstray(shown);
    const response = await ask(url, addresses, signal);
    const { statusCode = 0, headers } = response;
    if (statusCode === 200) return response;
    response.destroy();
    if (!redirects.includes(statusCode) || headers.location === undefined) throw refusedBy(shown, statusCode);
    const next = toNextUrl(headers.location, url, rule);
    if (next === undefined) throw ledAstray(shown);
    url = next;
  }
  throw new ToolError('unreachable', `${shown} leads on more than ${maxRedirects} times. Give the address it ends at. ${instead}`);
}

async function readPicture(response: IncomingMessage, shown: string): Promise<Uint8Array> {
  const { headers } = response;
  const declared = Number(headers['content-length'] ?? 0);
  const encoding = headers['content-encoding']?.trim().toLowerCase() || 'identity';
  if (declared > maxBytes || encoding !== 'identity') {
    response.destroy();
    throw declared > maxBytes
      ? tooLarge(shown)
      : new ToolError('unreadable_image', `${shown} came packed, which was not asked for. ${instead}`);
  }
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of response) {
    if (!(chunk instanceof Uint8Array)) throw new Error('a body of text');
    total += chunk.length;
    // Leaving the loop closes the connection.
    if (total > maxBytes) throw tooLarge(shown);
    chunks.push(chunk);
  }
  if (!response.complete) throw new Error('cut off');
  const bytes = Buffer.concat(chunks, total);
  if (sniff(bytes) === undefined && isWebPage(bytes, headers['content-type'])) {
    throw new ToolError(
      'unreadable_image',
      `${shown} is a web page, not a picture. Give the address of the picture itself, or download it and pass its path.`,
    );
  }
  return bytes;
}

function isWebPage(bytes: Uint8Array, type = ''): boolean {
  return (
    /^text\/html\b/i.test(type) || /^\s*<(!doctype html|html|head|body)\b/i.test(Buffer.from(bytes.subarray(0, 512)).toString('latin1'))
  );
}

function noPublicAddress(shown: string): ToolError {
  return new ToolError(
    'not_allowed',
    `limner does not fetch ${shown}: no public internet address is known for its host. Check the spelling. ${instead}`,
  );
}

/** The same words wherever it led: what a public host says is not to be a way to ask about private ones. */
function ledAstray(shown: string): ToolError {
  return new ToolError('not_allowed', `${shown} leads on to an address that limner may not fetch. ${instead}`);
}

function refusedBy(shown: string, status: number): ToolError {
  if (status === 404 || status === 410)
    return new ToolError('not_found', `There is no picture at ${shown} (HTTP ${status}). Check the address.`);
  return new ToolError('unreachable', `The host of ${shown} answered with HTTP ${status} instead of a picture. ${instead}`);
}

function tooLarge(shown: string): ToolError {
  return new ToolError('unreadable_image', `${shown} is larger than ${formatBytes(maxBytes)}, the most limner downloads. ${instead}`);
}

/** One sentence for a port that is closed, one that never answers, a wrong certificate and a body that breaks off. */
function unreachable(shown: string, milliseconds: number, { proxy }: UrlRule, cause: unknown): ToolError {
  const directly = proxy === undefined ? '' : ` limner asks hosts directly, not through the proxy of ${proxy}.`;
  return new ToolError(
    'unreachable',
    `${shown} could not be downloaded: its host gave no whole answer over a valid secure connection within ${milliseconds / 1000} s.${directly} Try again. ${instead}`,
    { cause },
  );
}
