import { finish } from '../image/finish.ts';
import { fileName, maxBytes, pictureFile } from './file.ts';
import { escapeMarkup, toUrl } from './markup.ts';
import type { Opened } from './source.ts';
import type { Exported, ExportWish } from './wish.ts';

/** One file, in the size, shape and format asked. */
export async function exportPlain(picture: Opened, wish: ExportWish): Promise<Exported> {
  const { width, height, fit } = wish;
  const format = wish.format ?? picture.format;
  const { image, notes } = await finish(
    { ...picture, format: picture.kind },
    { width, height, fit, format, maxBytes: maxBytes(wish), xmp: picture.xmp },
  );
  const copied = image.bytes === picture.bytes && picture.notes.length === 0;
  const said =
    copied && notes.length === 0 ? ['Copied as it is, metadata included: it already is what was asked.'] : [...picture.notes, ...notes];
  const unwritten = image.bytes === picture.bytes && !picture.carriesAlt ? [altLeftOut] : [];
  return { files: [pictureFile(fileName(picture.stem, format), image, [...said, ...unwritten])], markup: [], notes: [] };
}

const altLeftOut = 'Its alt text is not in this copy, since nothing else was to change; another format or size has it in the file.';

/** The size link previews are laid out for (https://developers.facebook.com/docs/sharing/webmasters/images). */
const ogSize = { width: 1200, height: 630 } as const;

/** The picture that a shared link shows, and its tags. `isOnly`: it is the only one of the call. */
export async function exportOg(picture: Opened, wish: ExportWish, isOnly: boolean): Promise<Exported> {
  const isSized = wish.width !== undefined || wish.height !== undefined;
  const size = isSized ? toOgShape(wish) : ogSize;
  const format = wish.format ?? 'jpeg';
  const wanted = { ...size, fit: wish.fit, format, maxBytes: maxBytes(wish), xmp: picture.xmp };
  const { image, notes } = await finish({ ...picture, format: picture.kind }, wanted);
  const name = fileName(isOnly ? 'og-image' : `${picture.stem}-og`, format);
  const tags = [
    `<meta property="og:image" content="https://example.com/${toUrl(name)}">`,
    `<meta property="og:image:type" content="image/${format}">`,
    `<meta property="og:image:width" content="${image.width}">`,
    `<meta property="og:image:height" content="${image.height}">`,
    ...(picture.alt ? [`<meta property="og:image:alt" content="${escapeMarkup(picture.alt)}">`] : []),
    '<meta name="twitter:card" content="summary_large_image">',
  ];
  const reading = format === 'jpeg' || format === 'png' ? [] : [`Several networks do not read ${format}; jpeg is safe.`];
  const advice = 'og:image must be an absolute address: put the site’s own for https://example.com.';
  const describe = picture.alt ? [] : ['Add og:image:alt with a description; the picture carries none.'];
  const files = [pictureFile(name, image, [...picture.notes, ...notes, ...reading])];
  return { files, markup: [{ language: 'html', text: tags.join('\n') }], notes: [advice, ...describe] };
}

/** One edge alone keeps the shape of link previews. */
function toOgShape({ width, height }: ExportWish): { width: number; height: number } {
  const shape = ogSize.width / ogSize.height;
  return { width: width ?? Math.round((height ?? ogSize.height) * shape), height: height ?? Math.round((width ?? ogSize.width) / shape) };
}
