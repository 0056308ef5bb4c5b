import sharp from 'sharp';
import { expect } from 'vitest';
import { z } from 'zod';
import { exportPictures } from '../../src/export/export.ts';
import { decodePng } from '../export/parsers.ts';
import { cutByColour, drawFox, drawHills, exportOne, toSource } from '../export/pictures.ts';
import { decodeImages, keepScreenshot, test } from './browser.ts';

test('a browser fetches the favicon it is linked to and decodes every file', async ({ serve, open }) => {
  const { files, markup } = await exportOne('fox.png', await drawFox(), { preset: 'favicon' });
  const images = files.map(({ name }) => `<img src="/${name}">`).join(' ');
  const site = await serve(
    files,
    `${markup[0]?.text}<body style="background:#9ab">${images} <img src="/favicon.ico" width="16" height="16">`,
  );
  const page = await open(site);
  expect((await decodeImages(page)).map(({ width }) => width)).toEqual([48, 96, 180, 48]);
  await keepScreenshot(page, 'favicon');
});

test('the tags alone make the browser fetch an icon of ours', async ({ serve, open }) => {
  const { files, markup } = await exportOne('fox.png', await drawFox(), { preset: 'favicon' });
  const site = await serve(files, markup[0]?.text ?? '');
  await open(site);
  await expect.poll(() => site.requests.filter((path) => path !== '/'), { timeout: 20_000 }).not.toEqual([]);
  expect(files.map(({ name }) => `/${name}`)).toContain(site.requests.find((path) => path !== '/'));
});

const installable = { name: 'Fox', short_name: 'Fox', start_url: '/', display: 'standalone', background_color: '#ffffff' };

test('a browser reads the manifest without a complaint and would install the site with these icons', async ({ serve, openWithProfile }) => {
  const { files, markup } = await exportOne('fox.png', await drawFox(), { preset: 'pwa' });
  const entries: unknown = JSON.parse(markup[0]?.text ?? '');
  const manifest = { ...installable, ...z.object({ icons: z.array(z.unknown()) }).parse(entries) };
  const manifestFile = {
    name: 'manifest.webmanifest',
    bytes: Buffer.from(JSON.stringify(manifest)),
    mediaType: 'application/manifest+json',
  };
  // What a launcher may cut away from a maskable icon: everything outside the circle of 80 %.
  const masked = files.map(
    ({ name }) => `<img src="/${name}" width="192"${name.includes('maskable') ? ' style="clip-path:circle(40%)"' : ''}>`,
  );
  const site = await serve(
    [...files, manifestFile],
    `<link rel="manifest" href="/manifest.webmanifest"><body style="background:#9ab">${masked.join(' ')}`,
  );
  const page = await openWithProfile(site);
  expect((await decodeImages(page)).map(({ width }) => width)).toEqual([192, 512, 192, 512]);
  const protocol = await page.context().newCDPSession(page);
  const { errors, data } = await protocol.send('Page.getAppManifest');
  expect(errors).toEqual([]);
  expect(JSON.parse(data ?? '')).toEqual(manifest);
  expect(await protocol.send('Page.getInstallabilityErrors')).toEqual({ installabilityErrors: [] });
  await keepScreenshot(page, 'pwa');
});

test.for([
  { width: 400, deviceScaleFactor: 1, chosen: 'my hills-480.avif' },
  { width: 400, deviceScaleFactor: 2, chosen: 'my hills-960.avif' },
  { width: 1400, deviceScaleFactor: 1, chosen: 'my hills-1440.avif' },
])('of a responsive set a window $width wide at $deviceScaleFactor× fetches only $chosen', async (window, { serve, open }) => {
  const { files, markup } = await exportOne('my hills.jpg', await drawHills(1600, 900), { preset: 'srcset' });
  const site = await serve(files, `<style>body{margin:0}img{width:100%;height:auto}</style>${markup[0]?.text}`);
  const { width, deviceScaleFactor, chosen } = window;
  const page = await open(site, { viewport: { width, height: 600 }, deviceScaleFactor });
  const [image] = await decodeImages(page);
  expect(image?.src).toBe(chosen);
  expect(site.requests.filter((path) => path.startsWith('/my hills'))).toEqual([`/${chosen}`]);
  await keepScreenshot(page, `srcset-${width}-${deviceScaleFactor}x`);
});

test('a responsive picture keeps its place, in its colour, before its file arrives', async ({ serve, open }) => {
  const { files, markup } = await exportOne('hills.jpg', await drawHills(1600, 900), { preset: 'srcset', widths: [800] });
  const site = await serve(files, `<style>body{margin:0}img{width:100%;height:auto}</style>${markup[0]?.text}`);
  const release = site.hold();
  const page = await open(site);
  const measure = async () => {
    const text = await page.evaluate(
      `JSON.stringify([document.images[0].offsetHeight, getComputedStyle(document.images[0]).backgroundColor])`,
    );
    return z.tuple([z.number(), z.string()]).parse(JSON.parse(z.string().parse(text)));
  };
  await page.locator('img').waitFor();
  const [height, colour] = await measure();
  expect(height).toBe(450);
  expect(colour).toMatch(/^rgb\(\d+, \d+, \d+\)$/);
  await keepScreenshot(page, 'srcset-before');
  release();
  await decodeImages(page);
  expect((await measure())[0]).toBe(450);
});

test.for([1, 2, 3])('of densities a screen of %i× fetches its own', async (deviceScaleFactor, { serve, open }) => {
  const { files, markup } = await exportOne('hills.jpg', await drawHills(1600, 900), { preset: 'densities', width: 500 });
  const site = await serve(files, markup[0]?.text ?? '');
  const page = await open(site, { deviceScaleFactor });
  const [image] = await decodeImages(page);
  expect(image).toMatchObject({ src: deviceScaleFactor === 1 ? 'hills.jpg' : `hills@${deviceScaleFactor}x.jpg`, width: 500 });
});

test('a sprite’s class shows its picture, pixel for pixel', async ({ serve, open }) => {
  const fox = await drawFox('#2f6f5e');
  const sizes = [40, 64, 25];
  const pictures = await Promise.all(sizes.map((edge) => sharp(fox).resize(edge, edge).png().toBuffer()));
  const sources = await Promise.all(pictures.map((bytes, index) => toSource(`fox ${index}.png`, bytes)));
  const { files, markup } = await exportPictures(sources, { preset: 'sprite' }, cutByColour());
  const page = await open(
    await serve(
      files,
      `<style>${markup[0]?.text}</style>${sizes.map((_, index) => `<i class="sprite sprite-fox-${index}"></i>`).join('')}`,
    ),
  );
  await page.waitForLoadState('load');
  for (const [index, picture] of pictures.entries()) {
    const shown = decodePng(await page.locator('i').nth(index).screenshot());
    expect(shown.rgba.equals(decodePng(picture).rgba)).toBe(true);
  }
});
