import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { expect, vi } from 'vitest';
import { test as base, built, type Computer } from '../fixtures.ts';
import { expectAccessible } from './app-host.ts';
import { keepScreenshot, launch, requireChromium } from './browser.ts';

interface Opened {
  page: Page;
  /** Requests beyond the gallery's own address. */
  strays: string[];
  errors: string[];
  exit: Promise<unknown>;
}

interface Fixtures {
  browser: Browser;
  /** Starts `limner gallery`, and opens what it prints. */
  open(options?: BrowserContextOptions): Promise<Opened>;
}

const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the pattern
  browser: async ({}, use) => {
    await requireChromium();
    const browser = await chromium.launch(launch);
    await use(browser);
    await browser.close();
  },
  open: async ({ browser, computer }, use) => {
    const started: { kill(): unknown; exit: Promise<unknown> }[] = [];
    await use(async (options = {}) => {
      const { url, exit, kill } = await startGallery(computer);
      started.push({ kill, exit });
      const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })).newPage();
      const [strays, errors]: [string[], string[]] = [[], []];
      page.on('request', (request) => {
        if (!request.url().startsWith(url) && !request.url().startsWith('data:')) strays.push(request.url());
      });
      page.on('pageerror', (error) => errors.push(error.message));
      page.on('console', (message) => {
        if (message.type() === 'error') errors.push(message.text());
      });
      await page.goto(url);
      return { page, strays, errors, exit };
    });
    for (const { kill } of started) kill();
    await Promise.all(started.map(({ exit }) => exit));
  },
});

async function startGallery(computer: Computer) {
  const child = spawn(process.execPath, [built, 'gallery', '--no-open'], { cwd: computer.project, env: computer.env });
  const exit = once(child, 'exit').then(([code]: unknown[]) => code);
  const [line]: unknown[] = await once(child.stdout, 'data');
  return { url: String(line).trim(), exit, kill: () => child.kill('SIGINT') };
}

const standin = { env: { LIMNER_BACKEND: 'standin' } };
const loaded = (page: Page) =>
  page.evaluate("[...document.querySelectorAll('#grid img')].filter((image) => image.naturalWidth > 0).length");

test('the archive is looked at, compared and gone through; a request is copied to be pasted; closing the page ends it', async ({
  start,
  open,
  computer,
}) => {
  const limner = await start(standin);
  const mountains = (
    await limner.call('generate_image', { prompt: 'Teal mountains and a gold sunrise, flat illustration', aspect_ratio: '16:9' })
  ).file;
  const winter = (await limner.call('edit_image', { prompt: 'Make it a winter evening with falling snow', image: mountains.id })).file;
  await limner.call('edit_image', { prompt: 'Autumn colours instead', image: mountains.id });
  await limner.call('edit_image', { prompt: 'Add a small cabin by the water', image: winter.id, count: 2 });
  await limner.call('generate_image', { prompt: 'A fox standin:alpha', background: 'transparent', output: 'fox.png' });
  for (const [prompt, aspect_ratio] of [
    ['A lighthouse in a storm', '3:2'],
    ['Still life with lemons', '1:1'],
    ['A cat at the window', '3:4'],
    ['City street at night, rain', '4:3'],
  ])
    await limner.call('generate_image', { prompt, aspect_ratio });

  const { page, strays, errors, exit } = await open({ permissions: ['clipboard-read', 'clipboard-write'] });
  await vi.waitFor(async () => expect(await loaded(page)).toBe(10), { timeout: 20_000 });
  await expectAccessible(page);
  await keepScreenshot(page, 'gallery', false);

  await page.getByRole('button', { name: /winter evening/ }).click();
  await page.getByRole('button', { name: 'Compare' }).click();
  await vi.waitFor(async () => expect(await page.getByRole('navigation').getByRole('button').count()).toBe(5));
  await vi.waitFor(
    async () =>
      expect(await page.evaluate("[...document.querySelectorAll('dialog img')].every((image) => image.naturalWidth > 0)")).toBe(true),
    { timeout: 10_000 },
  );
  await expectAccessible(page);
  // For the README a person's folder, not this test's.
  await page.evaluate(
    `for (const line of document.querySelectorAll('section p')) line.textContent = line.textContent.replace(${JSON.stringify(computer.home)}, '/home/ada')`,
  );
  await keepScreenshot(page, 'gallery-compare', false);
  expect(await page.getByRole('button', { name: 'Use this one' }).count()).toBe(0);
  await page.getByRole('button', { name: 'Refine' }).click();
  await page.keyboard.type('Make it darker');
  await page.getByRole('button', { name: 'Copy the request' }).click();
  await vi.waitFor(async () => expect(await page.locator('#status').innerText()).toBe('Copied: paste it to your agent.'));
  expect(await page.evaluate('navigator.clipboard.readText()')).toBe(
    `Call limner's edit_image with {"image":"${winter.id}","prompt":"Make it darker"}`,
  );
  await page.getByRole('button', { name: 'Copy path' }).click();
  await vi.waitFor(async () => expect(await page.evaluate('navigator.clipboard.readText()')).toBe(winter.path));
  expect([strays, errors]).toEqual([[], []]);

  await page.reload();
  await vi.waitFor(async () => expect(await loaded(page)).toBe(10), { timeout: 20_000 });
  await page.close();
  expect(await exit).toBe(0);
});

test('what is further down is fetched when somebody gets there; a gallery that ends says so', async ({ start, open }) => {
  const limner = await start(standin);
  const oldest = (await limner.call('generate_image', { prompt: 'The oldest' })).file;
  for (let call = 0; call < 9; call += 1) await limner.call('generate_image', { prompt: `Foxes ${call}`, count: 8 });
  await limner.call('edit_image', { prompt: 'The newest', image: oldest.id });
  const { page, strays, errors } = await open({ viewport: { width: 480, height: 600 }, colorScheme: 'dark' });
  const cards = page.locator('#grid li');
  await vi.waitFor(async () => expect(await loaded(page)).not.toBe(0), { timeout: 20_000 });
  expect(await cards.count()).toBe(60);
  expect(await loaded(page)).not.toBe(60);
  // What is known by its history alone is not in the grid yet.
  await page.getByRole('button', { name: 'The newest' }).click();
  await vi.waitFor(async () => expect(await page.getByRole('navigation').getByRole('button', { name: 'The oldest' }).count()).toBe(1));
  await page.keyboard.press('Escape');
  await cards.last().scrollIntoViewIfNeeded();
  await vi.waitFor(async () => expect(await cards.count()).toBe(74));
  expect(new Set(await cards.allInnerTexts()).size).toBe(74);
  await expectAccessible(page);
  await keepScreenshot(page, 'gallery-dark-narrow', false);
  expect([strays, errors]).toEqual([[], []]);
});

test('an empty archive, and a gallery that has ended, are told', async ({ open, computer }) => {
  const { page } = await open();
  await vi.waitFor(async () => expect(await page.locator('#summary').innerText()).toBe('No pictures yet'));
  await expectAccessible(page);
  const ending = await startGallery(computer);
  const other = await page.context().newPage();
  await other.goto(ending.url);
  ending.kill();
  await ending.exit;
  await vi.waitFor(async () =>
    expect(await other.locator('#words').innerText()).toBe('limner gallery has ended; start it again to see more.'),
  );
});
