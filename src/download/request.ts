import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { version } from '../version.ts';
import { isPublicAddress } from './address.ts';
import { toHostname } from './location.ts';

/**
 * Every address of a host, or undefined unless there are some and all of them are public: of a mixed answer any could be dialled. A host that nobody knows and one
 * that is private are the same, so that nothing can be learned of the names of a network.
 */
export async function findPublicAddresses(url: URL, signal: AbortSignal): Promise<LookupAddress[] | undefined> {
  const host = toHostname(url);
  const family = isIP(host);
  const addresses = family === 0 ? await lookUp(host, signal) : [{ address: host, family }];
  return addresses.length > 0 && addresses.every(({ address }) => isPublicAddress(address)) ? addresses : undefined;
}

/** The system's resolver, so that the hosts file counts; it cannot be interrupted, only no longer waited for. */
async function lookUp(host: string, signal: AbortSignal): Promise<LookupAddress[]> {
  const giveUp = new AbortController();
  const aborted = once(signal, 'abort', { signal: giveUp.signal });
  try {
    signal.throwIfAborted();
    const found = lookup(host, { all: true }).catch(() => []);
    return await Promise.race([found, aborted.then(() => Promise.reject(signal.reason))]);
  } finally {
    giveUp.abort();
    aborted.catch(() => undefined);
  }
}

/** Longest header block of an answer, in bytes; Node's own default. */
const maxHeaderBytes = 16_384;

/** How long one address of several is tried, in milliseconds; Node's default of 250 is too short for some ways around the world. */
const attemptMs = 2000;

/**
 * Asks for a picture at one of the addresses that were checked, and at no other: nothing is looked up again. The connection is made directly, whatever proxy the environment
 * names; its certificate is verified, whatever the environment says; it carries no cookie, no credentials and no trace of who asks. Resolves when the
 * headers are there; rejects with the system's errors.
 */
export async function ask(url: URL, addresses: readonly LookupAddress[], signal: AbortSignal): Promise<IncomingMessage> {
  const agent = new Agent({ keepAlive: false, maxCachedSessions: 0, autoSelectFamilyAttemptTimeout: attemptMs });
  const sent = request({
    agent,
    host: toHostname(url),
    port: 443,
    path: `${url.pathname}${url.search}`,
    lookup: answerWith(addresses),
    rejectUnauthorized: true,
    insecureHTTPParser: false,
    maxHeaderSize: maxHeaderBytes,
    headers: { Accept: 'image/*', 'Accept-Encoding': 'identity', 'User-Agent': `limner/${version}` },
    signal,
  });
  sent.on('socket', (socket) => {
    socket.once('connect', () => {
      if (!isPublicAddress(socket.remoteAddress ?? '')) sent.destroy(new Error('connected elsewhere'));
    });
  });
  return new Promise((resolve, reject) => {
    // What breaks after the headers came is told by the answer's own stream; another protocol, where a host answers with that, is told by the end alone.
    sent.on('response', resolve).on('error', reject);
    sent.on('close', () => reject(new Error('no answer')));
    sent.end();
  });
}

/** A resolver that knows these addresses only. */
function answerWith(addresses: readonly LookupAddress[]): LookupFunction {
  return (_host, { all }, answer) => {
    const [first] = addresses;
    if (all) answer(null, [...addresses]);
    else if (first) answer(null, first.address, first.family);
    else answer(new Error('no address'), '');
  };
}
