import type sharpModule from 'sharp';

export type Sharp = typeof sharpModule;

/** Larger pictures are refused before they are decoded: 100 million pixels take 400 MB as RGBA. */
export const maxInputPixels = 100_000_000;

let loading: Promise<Sharp> | undefined;
let queue: Promise<unknown> = Promise.resolve();

/**
 * Runs one pixel job with sharp, the only door to it. sharp is loaded on first use, since loading costs a start-up's worth of time, and jobs run one
 * after another, which measured no slower than side by side on two cores and needs half the memory; so does a switched-off cache.
 */
export async function withSharp<T>(job: (sharp: Sharp) => Promise<T>): Promise<T> {
  return takeTurn(async () => job(await loadSharp()));
}

/** Waits for the pixel jobs before it. A job must not ask for another turn: it would wait for itself. */
export function takeTurn<T>(job: () => Promise<T>): Promise<T> {
  const turn = queue.then(job);
  queue = turn.catch(() => undefined);
  return turn;
}

function loadSharp(): Promise<Sharp> {
  loading ??= import('sharp').then(({ default: sharp }) => {
    sharp.cache(false);
    return sharp;
  });
  return loading;
}

/** Options for decoding bytes whoever made them: nothing larger than stated, first frame only, broken data is an error. */
export const decoding = { limitInputPixels: maxInputPixels, failOn: 'error', pages: 1 } as const;
