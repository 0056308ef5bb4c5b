import type { Format, Size } from '../media.ts';

/**
 * The size of a picture, upright or not, as its first bytes say it, without any decoder: for a picture that was paid for where there is none. Undefined where
 * they do not say it.
 */
export function readSizeFromHeader(bytes: Uint8Array, format: Format): Size | undefined {
  try {
    const size = readers[format](new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    return size && size.width > 0 && size.height > 0 ? size : undefined;
  } catch (error) {
    // Read beyond the end.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The same where nothing can turn the picture, so that it is its size as it is seen: a PNG or JPEG without EXIF. Undefined for all others. */
export function readUprightSize(bytes: Uint8Array, format: Format): Size | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const mayBeTurned = format === 'png' ? hasExifChunk(view) : format === 'jpeg' ? hasExifSegment(view) : true;
    return mayBeTurned ? undefined : readSizeFromHeader(bytes, format);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** From chunk to chunk until the pixels, which EXIF may also follow; whether it does, the end of the file tells (PNG specification, 5.3 and 11.3). */
function hasExifChunk(view: Buffer): boolean {
  if (view.toString('latin1', 12, 16) !== 'IHDR' || view.indexOf('eXIf', -tailBytes) >= 0) return true;
  for (let at = 8; ; at += 12 + view.readUInt32BE(at)) {
    const type = view.toString('latin1', at + 4, at + 8);
    if (type === 'IDAT') return false;
    if (type === 'eXIf') return true;
  }
}

/** What may stand behind the pixels of a PNG, in bytes. */
const tailBytes = 65_536;

/** From segment to segment until the frame's; EXIF is a segment APP1. */
function hasExifSegment(view: Buffer): boolean {
  for (let at = 2; view.readUInt8(at) === 0xff; at += 2 + view.readUInt16BE(at + 2)) {
    const marker = view.readUInt8(at + 1);
    if (marker === 0xe1 && view.toString('latin1', at + 4, at + 8) === 'Exif') return true;
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) return false;
  }
  return true;
}

const readers: Record<Format, (view: DataView) => Size | undefined> = { png: readPng, jpeg: readJpeg, webp: readWebp, avif: readAvif };

/** IHDR stands first. */
function readPng(view: DataView): Size {
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

/** From segment to segment until the frame's, SOF0 to SOF15 but for DHT, JPG and DAC. */
function readJpeg(view: DataView): Size | undefined {
  for (let at = 2; view.getUint8(at) === 0xff; at += 2 + view.getUint16(at + 2)) {
    const marker = view.getUint8(at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
  }
  return undefined;
}

/** Extended, lossless or lossy, as the first chunk is (RFC 9649). */
function readWebp(view: DataView): Size | undefined {
  const chunk = view.getUint32(12);
  if (chunk === 0x56503858) {
    const edge = (at: number) => 1 + view.getUint16(at, true) + 65_536 * view.getUint8(at + 2);
    return { width: edge(24), height: edge(27) };
  }
  if (chunk === 0x5650384c) {
    const bits = view.getUint32(21, true);
    return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >> 14) & 0x3fff) };
  }
  return chunk === 0x56503820 ? { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff } : undefined;
}

/** The first box that states an extent. */
function readAvif(view: DataView): Size | undefined {
  const last = Math.min(view.byteLength - 16, 4096);
  for (let at = 0; at < last; at++) {
    if (view.getUint32(at) === 0x69737065) return { width: view.getUint32(at + 8), height: view.getUint32(at + 12) };
  }
  return undefined;
}
