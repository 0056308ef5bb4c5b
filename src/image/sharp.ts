import type sharpModule from 'sharp';
import { maxPixels } from './limits.ts';

export type Sharp = typeof sharpModule;

let loading: Promise<Sharp> | undefined;
let queue: Promise<unknown> = Promise.resolve();

/**
 * Runs one pixel job with sharp, the only door to it. Jobs run one after another, which measured no slower than side by side on two cores and needs half the
 * memory. A job must not ask for another turn: it would wait for itself.
 */
export async function withSharp<T>(job: (sharp: Sharp) => Promise<T>): Promise<T> {
  const turn = queue.then(async () => job(await loadSharp()));
  queue = turn.catch(() => undefined);
  return turn;
}

/**
 * Loads sharp, at first need since that takes a start-up's worth of time. Rejects where it cannot be loaded. Without a cache and with one thread a picture, which is sharp's own choice on most
 * Linux machines, memory is what was measured, whatever the computer.
 */
function loadSharp(): Promise<Sharp> {
  loading ??= import('sharp').then(({ default: sharp }) => {
    sharp.cache(false);
    sharp.concurrency(1);
    return sharp;
  });
  return loading;
}

/** The loaders limner needs, all from bytes in memory, never from a path: JPEG, PNG, WebP, AVIF, GIF. */
const loaders = ['JpegBuffer', 'PngBuffer', 'WebpBuffer', 'HeifBuffer', 'NsgifBuffer'].map((name) => `VipsForeignLoad${name}`);

/** Leaves this process no other loaders than those: rarely used ones are where memory bugs live. Rejects where sharp cannot be loaded. */
export async function closeLoaders(): Promise<void> {
  const sharp = await loadSharp();
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: loaders });
}

/** Options for decoding bytes whoever made them: nothing larger than stated, first frame only, broken data is an error. */
export const decoding = { limitInputPixels: maxPixels, failOn: 'error', pages: 1 } as const;

/** Options for reading a header, whose size is ours to judge. */
export const headerOnly = { ...decoding, limitInputPixels: false } as const;
