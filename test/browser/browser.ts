import { access, mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { test as base } from 'vitest';
import { z } from 'zod';
import type { ExportedFile } from '../../src/export/wish.ts';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
export const launch = { executablePath, args: ['--no-sandbox'] };
const screenshots = join(import.meta.dirname, 'screenshots');

/** A web site of exported files, on this computer only. */
export interface Site {
  /** Ends in `/`. */
  url: string;
  /** Paths that were asked for, in order. */
  requests: string[];
  /** Answers to files wait until what this returns is called. */
  hold(): () => void;
}

type ServeSite = (files: readonly Pick<ExportedFile, 'name' | 'bytes' | 'mediaType'>[], html: string) => Promise<Site>;

interface Fixtures {
  browser: Browser;
  serve: ServeSite;
  /** Opens a site in a window of its own. */
  open(site: Site, options?: BrowserContextOptions): Promise<Page>;
  /** Opens a site as a person's browser does, with a profile, where sites can be installed. */
  openWithProfile(site: Site): Promise<Page>;
}

export const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest tells a fixture's needs by this pattern.
  browser: async ({}, use) => {
    await requireChromium();
    const browser = await chromium.launch(launch);
    await use(browser);
    await browser.close();
  },
  // biome-ignore lint/correctness/noEmptyPattern: vitest tells a fixture's needs by this pattern.
  openWithProfile: async ({}, use) => {
    await requireChromium();
    const context = await chromium.launchPersistentContext('', launch);
    await use((site) => goTo(context, site));
    await context.close();
  },
  // biome-ignore lint/correctness/noEmptyPattern: vitest tells a fixture's needs by this pattern.
  serve: async ({}, use) => {
    const stops: (() => void)[] = [];
    await use(async (files, html) => {
      const { site, stop } = await startSite(files, html);
      stops.push(stop);
      return site;
    });
    for (const stop of stops) stop();
  },
  open: async ({ browser }, use) => {
    await use(async (site, options = {}) => {
      return goTo(await browser.newContext({ viewport: { width: 800, height: 600 }, ...options }), site);
    });
  },
});

export async function requireChromium(): Promise<void> {
  await access(executablePath).catch(() => {
    throw new Error(`No Chromium at ${executablePath}. Install it (Debian: apt-get install chromium), or name one in CHROMIUM.`);
  });
}

async function goTo(context: BrowserContext, site: Site): Promise<Page> {
  const page = await context.newPage();
  await page.goto(site.url, { waitUntil: 'commit' });
  return page;
}

async function startSite(files: Parameters<ServeSite>[0], html: string): Promise<{ site: Site; stop: () => void }> {
  const requests: string[] = [];
  let held: Promise<void> | undefined;
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    requests.push(path);
    if (path === '/')
      return response.setHeader('content-type', 'text/html; charset=utf-8').end(`<!doctype html><title>limner</title>${html}`);
    await held;
    const file = files.find(({ name }) => `/${name}` === path);
    if (file === undefined) return response.writeHead(404).end();
    return response.setHeader('content-type', file.mediaType).end(file.bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The site has no port.');
  const hold = () => {
    let release = () => {};
    held = new Promise<void>((resolve) => {
      release = resolve;
    });
    return release;
  };
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return { site: { url: `http://127.0.0.1:${address.port}/`, requests, hold }, stop };
}

/** Keeps a picture of the page for a person to look at. */
export async function keepScreenshot(page: Page, name: string, isWhole = true): Promise<void> {
  await mkdir(screenshots, { recursive: true });
  await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: isWhole });
}

const Images = z.array(z.object({ src: z.string(), width: z.number(), height: z.number() }));

/** Waits until every picture of the page is decoded, and gives the file each chose and its size; a picture that cannot be decoded rejects. */
export async function decodeImages(page: Page): Promise<z.infer<typeof Images>> {
  await page.waitForLoadState('load');
  return Images.parse(
    await page.evaluate(`(async () => {
      const images = [...document.images];
      await Promise.all(images.map((image) => image.decode()));
      return images.map((image) => ({
        src: decodeURIComponent(new URL(image.currentSrc).pathname.slice(1)),
        width: image.naturalWidth,
        height: image.naturalHeight,
      }));
    })()`),
  );
}
