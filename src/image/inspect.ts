import { ToolError } from '../errors.ts';
import { type Format, isFormat, type Size, sniff } from '../media.ts';
import { quote } from '../text.ts';
import { decoding, maxInputPixels, withSharp } from './sharp.ts';

/** Facts about a picture, read from its header; `width` and `height` as it is seen, after its EXIF orientation. */
export interface PictureFacts extends Size {
  kind: Format | 'gif' | 'tiff';
  hasAlpha: boolean;
}

const refusals: Record<string, string> = {
  heic: 'is HEIC/HEIF, which limner cannot decode. Convert it to JPEG first: on macOS `sips -s format jpeg IN.heic --out OUT.jpg`, elsewhere `heif-convert IN.heic OUT.jpg` or ImageMagick.',
  svg: 'is SVG, which is a drawing without pixels. Export it as PNG first.',
  pdf: 'is a PDF. Export the page as PNG first.',
  bmp: 'is BMP, which limner does not read. Convert it to PNG first.',
};

/** What this picture is, by its bytes. Throws `unreadable_image` naming it, with what to do. `name` is what the caller called it. */
export async function inspect(bytes: Uint8Array, name: string): Promise<PictureFacts> {
  const kind = sniff(bytes);
  if (!isFormat(kind) && kind !== 'gif' && kind !== 'tiff') throw unreadable(name, refusals[kind ?? ''] ?? noPicture(bytes));
  const header = await withSharp((sharp) => sharp(bytes, { ...decoding, limitInputPixels: false }).metadata()).catch((cause) => {
    throw unreadable(name, 'is damaged: its header cannot be read. Export it again, or use another file.', cause);
  });
  if (header.width * header.height > maxInputPixels) {
    throw unreadable(
      name,
      `has ${header.width}×${header.height} pixels; limner takes up to ${maxInputPixels / 1_000_000} million. Make it smaller first.`,
    );
  }
  const lyingOnItsSide = (header.orientation ?? 1) >= 5;
  const [width, height] = lyingOnItsSide ? [header.height, header.width] : [header.width, header.height];
  return { kind, width, height, hasAlpha: header.hasAlpha };
}

/** Decodes all of it. Throws `unreadable_image` naming it. */
export async function requireDecodable(bytes: Uint8Array, name: string): Promise<void> {
  await withSharp((sharp) => sharp(bytes, decoding).stats()).catch((cause) => {
    throw damaged(name, cause);
  });
}

/** Whether any pixel lets something shine through; many pictures have an alpha channel that hides nothing. Throws `unreadable_image`. */
export async function hasTransparency(bytes: Uint8Array, { hasAlpha }: PictureFacts, name: string): Promise<boolean> {
  if (!hasAlpha) return false;
  const { isOpaque } = await withSharp((sharp) => sharp(bytes, decoding).stats()).catch((cause) => {
    throw damaged(name, cause);
  });
  return !isOpaque;
}

function noPicture(bytes: Uint8Array): string {
  return bytes.length === 0
    ? 'is an empty file. Make it again, or use another.'
    : 'is not a picture limner can read (it reads PNG, JPEG, WebP, AVIF, GIF and TIFF).';
}

/** The error for a picture whose header reads and whose pixels do not. */
export function damaged(name: string, cause: unknown): ToolError {
  return unreadable(name, 'is damaged: its pixels cannot be decoded. Export it again, or use another file.', cause);
}

/** An error about one picture of the caller's. */
function unreadable(name: string, why: string, cause?: unknown): ToolError {
  return new ToolError('unreadable_image', `${quote(name, 200)} ${why}`, { cause });
}
