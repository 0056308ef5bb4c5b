import { compress } from '../image/compress.ts';
import { toIco } from '../image/ico.ts';
import { drawIcon } from '../image/icon.ts';
import type { IconArt } from '../image/icon-art.ts';
import { iconFile, openArt, sayEnlarged, sayHowLaidOut, toLayout } from './icons.ts';
import type { Opened } from './source.ts';
import type { Exported, ExportedFile, ExportWish } from './wish.ts';

/** Tabs and shortcuts at 1x, 2x and on Windows; other places take the PNGs. */
const icoEdges = [16, 32, 48] as const;
/** A multiple of 48, as search engines want it, and large enough for shortcuts at 2x. */
const pngEdge = 96;
const appleEdge = 180;

/** favicon.ico, a PNG and Apple's touch icon, and the tags that link them from the root of a site. */
export async function exportFavicon(picture: Opened, { fit }: ExportWish): Promise<Exported> {
  const art = await openArt(picture, fit);
  const files = [
    await icoFile('favicon.ico', art),
    await iconFile(`favicon-${pngEdge}x${pngEdge}.png`, art, 'small', pngEdge, picture.xmp),
    await iconFile('apple-touch-icon.png', art, 'opaque', appleEdge, picture.xmp),
  ];
  const tags = [
    `<link rel="icon" href="/favicon.ico" sizes="${icoEdges.map((edge) => `${edge}x${edge}`).join(' ')}">`,
    `<link rel="icon" type="image/png" href="/favicon-${pngEdge}x${pngEdge}.png" sizes="${pngEdge}x${pngEdge}">`,
    '<link rel="apple-touch-icon" href="/apple-touch-icon.png">',
  ];
  const notes = [...sayHowLaidOut(picture, art, ['small', 'opaque']), 'The tags expect the files at the root of the site.'];
  return { files, markup: [{ language: 'html', text: tags.join('\n') }], notes };
}

/** Each size is made from the picture, not from the next larger one. */
async function icoFile(name: string, art: IconArt): Promise<ExportedFile> {
  const entries: { png: Uint8Array; width: number; height: number }[] = [];
  for (const edge of icoEdges) {
    const { bytes } = await compress(await drawIcon(art, toLayout(art, 'small', edge)), { format: 'png' });
    entries.push({ png: bytes, width: edge, height: edge });
  }
  const largest = Math.max(...icoEdges);
  const notes = [`Holds ${icoEdges.join(', ')} pixels.`, ...sayEnlarged(art, toLayout(art, 'small', largest))];
  return { name, bytes: toIco(entries), mediaType: 'image/x-icon', width: largest, height: largest, notes };
}

const appEdges = [192, 512] as const;

/** The icons of an installable site and their entries in its manifest, which is not written: it holds much else and is usually there. */
export async function exportPwa(picture: Opened, { fit }: ExportWish): Promise<Exported> {
  const art = await openArt(picture, fit);
  const files: ExportedFile[] = [];
  const entries: { src: string; sizes: string; type: string; purpose: string }[] = [];
  // One file for both purposes would be cut by masks or have too much room without.
  for (const purpose of ['any', 'maskable'] as const) {
    for (const edge of appEdges) {
      const name = purpose === 'any' ? `icon-${edge}.png` : `icon-maskable-${edge}.png`;
      files.push(await iconFile(name, art, purpose === 'any' ? 'plain' : 'maskable', edge, picture.xmp));
      entries.push({ src: `/${name}`, sizes: `${edge}x${edge}`, type: 'image/png', purpose });
    }
  }
  const lines = entries.map((entry) => `    ${JSON.stringify(entry)}`).join(',\n');
  const notes = [
    ...sayHowLaidOut(picture, art, ['plain', 'maskable']),
    'Put the icons entry into the web app manifest; it expects the files at the root of the site. iOS takes apple-touch-icon.png from the preset favicon instead.',
  ];
  return { files, markup: [{ language: 'json', text: `{\n  "icons": [\n${lines}\n  ]\n}` }], notes };
}
