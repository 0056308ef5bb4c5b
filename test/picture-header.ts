/** What a file says of itself, read without the library that wrote it. */
export interface PictureHeader {
  format: 'png' | 'jpeg' | 'webp' | 'avif';
  width: number;
  height: number;
}

/** Reads type and pixels from the bytes, as the formats' specifications lay them out; throws for anything else. */
export function readPictureHeader(bytes: Uint8Array): PictureHeader {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.readUInt32BE(0) === 0x89504e47) return { format: 'png', width: file.readUInt32BE(16), height: file.readUInt32BE(20) };
  if (file.readUInt16BE(0) === 0xffd8) return readJpeg(file);
  if (file.toString('latin1', 0, 4) === 'RIFF' && file.toString('latin1', 8, 12) === 'WEBP') return readWebp(file);
  if (file.toString('latin1', 4, 12) === 'ftypavif') return readAvif(file);
  throw new Error(`no picture: ${file.toString('hex', 0, 16)}`);
}

/** ITU T.81: segments from the start of the image to the start of a frame. */
function readJpeg(file: Buffer): PictureHeader {
  for (let at = 2; at < file.length; at += 2 + file.readUInt16BE(at + 2)) {
    const marker = file[at + 1] ?? 0;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return { format: 'jpeg', width: file.readUInt16BE(at + 7), height: file.readUInt16BE(at + 5) };
  }
  throw new Error('a JPEG without a frame');
}

/** RFC 9649: the canvas of VP8X, or the frame of VP8 or VP8L. */
function readWebp(file: Buffer): PictureHeader {
  const chunk = file.toString('latin1', 12, 16);
  if (chunk === 'VP8X') return { format: 'webp', width: file.readUIntLE(24, 3) + 1, height: file.readUIntLE(27, 3) + 1 };
  if (chunk === 'VP8 ') return { format: 'webp', width: file.readUInt16LE(26) & 0x3fff, height: file.readUInt16LE(28) & 0x3fff };
  const packed = file.readUInt32LE(21);
  return { format: 'webp', width: (packed & 0x3fff) + 1, height: ((packed >> 14) & 0x3fff) + 1 };
}

/** ISO/IEC 23008-12: the spatial extents, which are the same for colour and alpha. */
function readAvif(file: Buffer): PictureHeader {
  const at = file.indexOf('ispe');
  return { format: 'avif', width: file.readUInt32BE(at + 8), height: file.readUInt32BE(at + 12) };
}
