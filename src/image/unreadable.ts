import { ToolError } from '../errors.ts';
import { type Format, isFormat, sniff } from '../media.ts';
import { quote } from '../text.ts';

const refusals: Record<string, string> = {
  heic: 'is HEIC/HEIF, which limner cannot decode. Convert it to JPEG first: on macOS `sips -s format jpeg IN.heic --out OUT.jpg`, elsewhere `heif-convert IN.heic OUT.jpg` or ImageMagick.',
  tiff: 'is TIFF, which limner does not read. Convert it to PNG first: on macOS `sips -s format png IN.tiff --out OUT.png`, elsewhere ImageMagick.',
  svg: 'is SVG, which is a drawing without pixels. Export it as PNG first.',
  pdf: 'is a PDF. Export the page as PNG first.',
  bmp: 'is BMP, which limner does not read. Convert it to PNG first.',
};

/** The kind of a picture that limner reads, by its first bytes alone. Throws `unreadable_image` for any other, with what to do. */
export function requireKind(bytes: Uint8Array, name: string): Format | 'gif' {
  const kind = sniff(bytes);
  if (isFormat(kind) || kind === 'gif') return kind;
  throw unreadable(name, refusals[kind ?? ''] ?? noPicture(bytes));
}

function noPicture(bytes: Uint8Array): string {
  return bytes.length === 0
    ? 'is an empty file. Make it again, or use another.'
    : 'is not a picture limner can read (it reads PNG, JPEG, WebP, AVIF and GIF).';
}

/** The error for a picture whose header reads and whose pixels do not. */
export function damaged(name: string, cause: unknown): ToolError {
  return unreadable(name, 'is damaged: its pixels cannot be decoded. Export it again, or use another file.', cause);
}

/** An error about one picture of the caller's; `why` goes on after its name. */
export function unreadable(name: string, why: string, cause?: unknown): ToolError {
  return new ToolError('unreadable_image', `${quote(name, 200)} ${why}`, { cause });
}
