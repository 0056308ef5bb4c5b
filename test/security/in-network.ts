import type { RequestListener } from 'node:http';
import type { Answer } from '../answer.ts';
import { test as base, type Limner, photo, withKey } from '../fixtures.ts';
import { type Network, startNetwork } from './network.ts';

interface Fixtures {
  network: Network;
  /** Starts a server that lives in the network, with addresses allowed unless told otherwise. */
  startIn(env?: Record<string, string>): Promise<Limner>;
  /** What left the program that should not have: connections to anywhere but the network's public places. */
  strays(): Promise<string[]>;
}

export const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the pattern
  network: async ({}, use) => {
    const network = await startNetwork();
    network.serve('/a.png', send(await photo(320, 240)));
    await use(network);
    await network.close();
  },
  startIn: async ({ start, google, network }, use) => {
    await use((env = {}) => start({ env: { ...withKey(google), ...network.env, LIMNER_ALLOW_URLS: 'on', ...env } }));
  },
  strays: async ({ network, google }, use) => {
    const upstream = `127.0.0.1 ${new URL(google.url).port}`;
    await use(async () =>
      (await network.dials()).filter((dial) => dial !== upstream && !/^(93\.184\.216\.\d+|2606:4700:4700::1111) 443$/.test(dial)),
    );
  },
});

/** A listener that sends bytes; `headers` may belie them. */
export function send(
  bytes: Buffer | string,
  headers: Record<string, string | number> = { 'content-type': 'image/png' },
  status = 200,
): RequestListener {
  return (_request, response) => void response.writeHead(status, headers).end(bytes);
}

export function redirect(location: string, status = 302): RequestListener {
  return (_request, response) => void response.writeHead(status, { location }).end();
}

/** Finishes a picture, which is free and needs nobody. */
export function fetchPicture(limner: Limner, image: string): Promise<Answer> {
  return limner.call('export_image', { images: [image], output: 'fetched/', format: 'png' });
}

/** Does it for many, some at a time, in order. */
export async function inTurns<T, R>(items: readonly T[], work: (item: T) => Promise<R>, width = 8): Promise<R[]> {
  const done: R[] = [];
  for (let start = 0; start < items.length; start += width) done.push(...(await Promise.all(items.slice(start, start + width).map(work))));
  return done;
}
