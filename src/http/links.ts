import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Link } from '../remote.ts';

/** Makes a link for a person; `address` is the path part of it. */
export type LinkMaker = (name: string, address: string) => Link;

/** Whom a request comes for, by a link that is good. */
export type LinkReader = (url: URL) => string | undefined;

/** Links that are good without a token until they expire. Every process with the same secret makes and takes them. */
export interface Links {
  make: LinkMaker;
  read: LinkReader;
}

/** `base` is the address people know the server by, `hours` how long a link is good. */
export function createLinks(secret: Uint8Array, base: () => string, hours: number): Links {
  const sign = (name: string, address: string, until: string) =>
    createHmac('sha256', secret)
      .update(JSON.stringify([name, address, until]))
      .digest();
  return {
    make(name, address) {
      // Whole hours, so that the same picture has the same address for a while.
      const until = new Date(Math.ceil(Date.now() / hourMs + hours) * hourMs);
      const seconds = String(until.getTime() / 1000);
      const query = new URLSearchParams({ for: name, until: seconds, sig: sign(name, address, seconds).toString('base64url') });
      return { url: `${base()}${address}?${query}`, until };
    },
    read({ pathname, searchParams }) {
      const [name, until, signature] = ['for', 'until', 'sig'].map((key) => searchParams.get(key) ?? '');
      if (!name || !until || !signature) return undefined;
      const [given, expected] = [Buffer.from(signature, 'base64url'), sign(name, pathname, until)];
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
      return Number(until) * 1000 > Date.now() ? name : undefined;
    },
  };
}

const hourMs = 3_600_000;
