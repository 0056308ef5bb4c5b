import type { Format, Size } from '../media.ts';
import { describeExcess } from './limits.ts';
import { decoding, headerOnly, withSharp } from './sharp.ts';
import { damaged, requireKind, unreadable } from './unreadable.ts';

/** Facts about a picture, read from its header; `width` and `height` as it is seen, after its EXIF orientation. */
export interface PictureFacts extends Size {
  kind: Format | 'gif';
  hasAlpha: boolean;
}

/** What this picture is, by its bytes. Throws `unreadable_image` naming it, with what to do. `name` is what the caller called it. */
export async function inspect(bytes: Uint8Array, name: string): Promise<PictureFacts> {
  const kind = requireKind(bytes, name);
  const header = await withSharp((sharp) => sharp(bytes, headerOnly).metadata()).catch((cause) => {
    throw unreadable(name, 'is damaged: its header cannot be read. Export it again, or use another file.', cause);
  });
  const { pages = 1, isProgressive = false } = header;
  const excess = describeExcess({ kind, width: header.width, height: header.height, frames: pages, isInterlaced: isProgressive });
  if (excess !== undefined) throw unreadable(name, excess);
  const { width, height } = header.autoOrient;
  return { kind, width, height, hasAlpha: header.hasAlpha };
}

/** Decodes all of it. Throws `unreadable_image` naming it. */
export async function requireDecodable(bytes: Uint8Array, name: string): Promise<void> {
  await readChannel(bytes, 0, name);
}

/** Whether any pixel lets something shine through; many pictures have an alpha channel that hides nothing. Throws `unreadable_image`. */
export async function hasTransparency(bytes: Uint8Array, name: string): Promise<boolean> {
  return (await readChannel(bytes, 'alpha', name)).some((alpha) => alpha < 255);
}

/** Reading one channel goes through all of the picture row by row: a byte a pixel, not four and more. */
function readChannel(bytes: Uint8Array, channel: 0 | 'alpha', name: string): Promise<Buffer> {
  return withSharp((sharp) =>
    sharp(bytes, decoding).toColourspace('srgb').extractChannel(channel).raw({ depth: 'uchar' }).toBuffer(),
  ).catch((cause) => {
    throw damaged(name, cause);
  });
}
