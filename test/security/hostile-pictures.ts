import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';

/** What limner should do with a picture; whatever it does, it lives, answers soon and stays small. */
export type Expected = 'refuse' | 'accept' | 'either';

/** A picture made to do harm, or a good one that looks like it. */
export interface Hostile {
  name: string;
  bytes: Uint8Array;
  expected: Expected;
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

const pngStart = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

function header(width: number, height: number, { depth = 8, colour = 2, interlaced = 0 } = {}): Buffer {
  const data = Buffer.alloc(13);
  data.writeUInt32BE(width);
  data.writeUInt32BE(height, 4);
  data.set([depth, colour, 0, 0, interlaced], 8);
  return chunk('IHDR', data);
}

/** Chunks put in behind the header of a good PNG. */
function withChunks(png: Buffer, ...chunks: Buffer[]): Buffer {
  return Buffer.concat([png.subarray(0, 33), ...chunks, png.subarray(33)]);
}

/** A GIF of any size whose frames have a pixel each, or claim to fill it. */
function gif(width: number, height: number, frames = 1, isFilled = false): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt16LE(width);
  size.writeUInt16LE(height, 2);
  const frame = Buffer.from('21f90404010000002c0000000001000100000202440100', 'hex');
  if (isFilled) size.copy(frame, 13);
  return Buffer.concat([
    Buffer.from('GIF89a'),
    size,
    Buffer.from([0x80, 0, 0, 255, 255, 255, 0, 0, 0]),
    ...Array.from({ length: frames }, () => frame),
    Buffer.from(';'),
  ]);
}

const blank = (width: number, height: number, channels: 3 | 4 = 3) =>
  sharp({ create: { width, height, channels, background: { r: 200, g: 30, b: 90, alpha: 0.5 } }, limitInputPixels: false });

/** Small files that want to be large pictures; in the short form those that take no time to make. */
export async function* bombs(isWhole: boolean): AsyncGenerator<Hostile> {
  const small = await blank(64, 64).png().toBuffer();
  const zeros = deflateSync(Buffer.alloc(200_000_000));
  const end = chunk('IEND', Buffer.alloc(0));
  const refused = {
    'png that claims 60000×60000': Buffer.concat([pngStart, header(60_000, 60_000), chunk('IDAT', zeros), end]),
    'png that claims 2147483647×1': Buffer.concat([pngStart, header(2_147_483_647, 1), chunk('IDAT', zeros), end]),
    'png whose pixels are a thousand times its bytes and too few': Buffer.concat([
      pngStart,
      header(7000, 7000, { depth: 16, colour: 6 }),
      chunk('IDAT', zeros),
      end,
    ]),
    'avif that claims 6000×5000': claimAvif(await blank(64, 64).avif({ effort: 0 }).toBuffer(), 6000, 5000),
    'webp that claims 16383×16383': claimWebp(await blank(64, 64).webp().toBuffer(), 16_383),
    'gif that claims 65535×65535': gif(65_535, 65_535, 1, true),
    'gif that claims 6000×5000': gif(6000, 5000, 1, true),
    'gif of 20000 frames': gif(16, 16, 20_000),
    'jpeg that claims 65500×65500': claimJpeg(await blank(64, 64).jpeg().toBuffer(), 65_500),
  };
  const either = {
    'png with a colour profile that unpacks to 200 MB': withChunks(small, chunk('iCCP', Buffer.concat([Buffer.from('icc\0\0'), zeros]))),
    'png with words that unpack to 200 MB': withChunks(small, chunk('zTXt', Buffer.concat([Buffer.from('words\0\0'), zeros]))),
    'png with metadata that unpacks to 200 MB': withChunks(
      small,
      chunk('iTXt', Buffer.concat([Buffer.from('XML:com.adobe.xmp\0\x01\0\0\0', 'latin1'), zeros])),
    ),
    'png with 100000 chunks': withChunks(small, ...Array.from({ length: 100_000 }, () => chunk('tEXt', Buffer.from('a\0b')))),
  };
  yield* list(refused, 'refuse');
  yield* list(either, 'either');
  if (isWhole) yield* largePictures();
}

/** True to their headers: a little beyond what limner takes, and as much as it takes. */
async function* largePictures(): AsyncGenerator<Hostile> {
  const refused = {
    'avif of 30 megapixels': () => blank(6000, 5000).avif({ effort: 0 }).toBuffer(),
    'interlaced png of 36 megapixels': () => blank(6000, 6000).png({ progressive: true }).toBuffer(),
    'progressive jpeg of 36 megapixels': () => blank(6000, 6000).jpeg({ progressive: true }).toBuffer(),
    'webp of 64 megapixels': () => blank(8000, 8000).webp({ effort: 0 }).toBuffer(),
    'png of 100 megapixels': () => blank(10_000, 10_000).png().toBuffer(),
  };
  const accepted = {
    'avif of 24 megapixels': () => blank(4898, 4898).avif({ effort: 0 }).toBuffer(),
    'avif with alpha of 24 megapixels': () => blank(4898, 4898, 4).avif({ effort: 0 }).toBuffer(),
    'interlaced png of 24 megapixels': () => blank(4898, 4898).png({ progressive: true }).toBuffer(),
    'interlaced png of 24 megapixels and 16 bits': () => blank(4898, 4898, 4).toColourspace('rgb16').png({ progressive: true }).toBuffer(),
    'progressive jpeg of 24 megapixels': () => blank(4898, 4898).jpeg({ progressive: true, chromaSubsampling: '4:4:4' }).toBuffer(),
    'gif of 24 megapixels': () => blank(4898, 4898).gif({ effort: 1 }).toBuffer(),
    'webp with alpha of 49 megapixels': () => blank(7000, 7000, 4).webp({ effort: 0 }).toBuffer(),
    'animated webp of 49 megapixels': () => animated(7000),
    'png of 49 megapixels and 16 bits': () => blank(7000, 7000, 4).toColourspace('rgb16').png().toBuffer(),
    'jpeg of 49 megapixels': () => blank(7000, 7000).jpeg().toBuffer(),
  };
  for (const [name, make] of Object.entries(refused)) yield { name, bytes: await make(), expected: 'refuse' };
  for (const [name, make] of Object.entries(accepted)) yield { name, bytes: await make(), expected: 'accept' };
}

/** Two frames. */
function animated(edge: number): Promise<Buffer> {
  const rows = Buffer.alloc(edge * edge * 2 * 3, 9).fill(200, edge * edge * 3);
  const raw = { width: edge, height: edge * 2, channels: 3, pageHeight: edge } as const;
  return sharp(rows, { raw, limitInputPixels: false }).webp({ effort: 0 }).toBuffer();
}

/** Another size in the header of an AVIF. */
function claimAvif(avif: Buffer, width: number, height: number): Buffer {
  const claimed = Buffer.from(avif);
  const at = avif.indexOf('ispe');
  claimed.writeUInt32BE(width, at + 8);
  claimed.writeUInt32BE(height, at + 12);
  return claimed;
}

/** Another size in the header of a lossy WebP. */
function claimWebp(webp: Buffer, edge: number): Buffer {
  const claimed = Buffer.from(webp);
  claimed.writeUInt16LE(edge, 26);
  claimed.writeUInt16LE(edge, 28);
  return claimed;
}

/** Another size in the header of a JPEG. */
function claimJpeg(jpeg: Buffer, edge: number): Buffer {
  const at = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
  const claimed = Buffer.from(jpeg);
  claimed.writeUInt16BE(edge, at + 5);
  claimed.writeUInt16BE(edge, at + 7);
  return claimed;
}

/** What is no picture limner takes, whatever it is called, and pictures that are something else as well. */
export async function strangers(): Promise<Hostile[]> {
  const png = await blank(64, 64).png().toBuffer();
  const small = gif(16, 16);
  const tiff = await blank(64, 64).tiff().toBuffer();
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="64" height="64">';
  const refused = {
    'nothing.png': Buffer.alloc(0),
    'one-byte.png': Buffer.from([0x89]),
    'svg.png': Buffer.from(`${svg}<rect width="64" height="64"/></svg>`),
    'svg-with-a-file.png': Buffer.from(`${svg}<image xlink:href="file:///etc/passwd" width="9" height="9"/></svg>`),
    'svg-with-an-entity.png': Buffer.from(
      `<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>${svg}<text>&x;</text></svg>`,
    ),
    'pdf.png': Buffer.from('%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF'),
    'eps.jpg': Buffer.from('%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\nshowpage\n'),
    'mvg.gif': Buffer.from(
      'push graphic-context\nviewbox 0 0 64 64\nfill \'url(https://example.com/x.png"|ls "-la)\'\npop graphic-context',
    ),
    'html.webp': Buffer.from('<!doctype html><script>alert(1)</script>'),
    'words.png': Buffer.from('GEMINI_API_KEY=not-a-picture\n'),
    'bmp.png': Buffer.concat([Buffer.from('BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0', 'latin1'), Buffer.alloc(54)]),
    'ico.png': Buffer.concat([Buffer.from([0, 0, 1, 0, 1, 0, 64, 64, 0, 0, 1, 0, 32, 0, png.length, 0, 0, 0, 22, 0, 0, 0]), png]),
    'heic.jpg': Buffer.concat([Buffer.from('\0\0\0\x18ftypheic\0\0\0\0heicmif1', 'latin1'), Buffer.alloc(64)]),
    'tiff.png': tiff,
    'bigtiff.png': Buffer.concat([Buffer.from('II+\0\x08\0\0\0', 'latin1'), Buffer.alloc(64)]),
    'fits.png': Buffer.from('SIMPLE  =                    T'.padEnd(2880)),
    'exr.png': Buffer.concat([Buffer.from([0x76, 0x2f, 0x31, 0x01, 2, 0, 0, 0]), Buffer.alloc(64)]),
    'ppm.png': Buffer.concat([Buffer.from('P6 8 8 255\n'), Buffer.alloc(192)]),
    'jpeg-xl.png': Buffer.concat([Buffer.from([0xff, 0x0a]), Buffer.alloc(64)]),
    'jpeg-2000.jpg': Buffer.concat([Buffer.from([0, 0, 0, 12, 0x6a, 0x50, 0x20, 0x20, 13, 10, 0x87, 10]), Buffer.alloc(64)]),
    'zip.png': Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(64)]),
    'vips.png': Buffer.concat([Buffer.from([0xb6, 0xa6, 0xf2, 0x08]), Buffer.alloc(64)]),
    'only-the-signature.png': pngStart,
    'only-a-header.png': Buffer.concat([pngStart, header(64, 64)]),
    'no-pixels-wide.png': Buffer.concat([pngStart, header(0, 64), png.subarray(33)]),
    'riff-without-webp.webp': Buffer.concat([Buffer.from('RIFF\x10\0\0\0WAVEfmt ', 'latin1'), Buffer.alloc(64)]),
    'gif-without-a-frame.gif': Buffer.from('GIF89a\x10\0\x10\0\0\0\0;', 'latin1'),
  };
  const either = {
    'script-and-gif.gif': Buffer.concat([Buffer.from('GIF89a/*', 'latin1'), small.subarray(8), Buffer.from('*/=1;alert(1)')]),
    'png-and-zip.png': Buffer.concat([png, Buffer.from('PK\x05\x06', 'latin1'), Buffer.alloc(18)]),
    'png-and-php.png': Buffer.concat([png, Buffer.from('<?php system($_GET[0]); ?>')]),
    'jpeg-and-script.jpg': Buffer.concat([await blank(64, 64).jpeg().toBuffer(), Buffer.from('<script>alert(1)</script>')]),
  };
  return [...list(refused, 'refuse'), ...list(either, 'either')];
}

/** Good pictures of rare kinds. */
export async function oddities(): Promise<Hostile[]> {
  const noise = Buffer.from(Array.from({ length: 64 * 48 * 4 }, (_, index) => (index * 2_654_435_761) >>> 24));
  const drawn = () => sharp(noise, { raw: { width: 64, height: 48, channels: 4 } });
  const opaque = () => drawn().removeAlpha();
  const line = Buffer.alloc(9, 0xa5).fill(0, 0, 1);
  const oneBit = Buffer.concat([
    pngStart,
    header(64, 48, { depth: 1, colour: 0 }),
    chunk('IDAT', deflateSync(Buffer.concat(Array.from({ length: 48 }, () => line)))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
  const frames = { raw: { width: 64, height: 96, channels: 4, pageHeight: 48 } } as const;
  const accepted = {
    'png of one bit': oneBit,
    'png of 16 bits': await opaque().toColourspace('rgb16').png().toBuffer(),
    'grey png with alpha': await drawn().toColourspace('b-w').png().toBuffer(),
    'grey png of 16 bits': await opaque().toColourspace('grey16').png().toBuffer(),
    'png with a palette and transparency': await drawn().png({ palette: true, colours: 16 }).toBuffer(),
    'interlaced png': await opaque().png({ progressive: true }).toBuffer(),
    'jpeg of four inks': await opaque().toColourspace('cmyk').jpeg().toBuffer(),
    'grey jpeg': await opaque().greyscale().jpeg().toBuffer(),
    'progressive jpeg': await opaque().jpeg({ progressive: true }).toBuffer(),
    'jpeg on its side': await opaque().withMetadata({ orientation: 6 }).jpeg().toBuffer(),
    'jpeg with a wide profile': await opaque().withIccProfile('p3').jpeg().toBuffer(),
    'jpeg with words behind it': Buffer.concat([await opaque().jpeg().toBuffer(), Buffer.alloc(1000)]),
    'animated webp': await sharp(Buffer.concat([noise, Buffer.from(noise).reverse()]), frames)
      .webp()
      .toBuffer(),
    'animated gif': await sharp(Buffer.concat([noise, Buffer.from(noise).reverse()]), frames)
      .gif()
      .toBuffer(),
    'lossless webp': await drawn().webp({ lossless: true }).toBuffer(),
    'avif with alpha': await drawn().avif({ effort: 0 }).toBuffer(),
    'gif of 900 frames': gif(16, 16, 900),
    'png of one pixel': await blank(1, 1).png().toBuffer(),
    'png of one row': await blank(3000, 1).png().toBuffer(),
  };
  return list(accepted, 'accept');
}

/** Good pictures cut short or with bits turned over, the same ones every time. */
export async function damages(each: number): Promise<Hostile[]> {
  const noise = Buffer.from(Array.from({ length: 96 * 96 * 4 }, (_, index) => (index * 2_654_435_761) >>> 24));
  const drawn = () => sharp(noise, { raw: { width: 96, height: 96, channels: 4 } });
  const good = {
    png: await drawn().png().toBuffer(),
    interlaced: await drawn().png({ progressive: true }).toBuffer(),
    jpeg: await drawn().jpeg().toBuffer(),
    progressive: await drawn().jpeg({ progressive: true }).toBuffer(),
    webp: await drawn().webp().toBuffer(),
    lossless: await drawn().webp({ lossless: true }).toBuffer(),
    avif: await drawn().avif({ effort: 0 }).toBuffer(),
    gif: await drawn().gif().toBuffer(),
  };
  const random = createRandom(7);
  return Object.entries(good).flatMap(([kind, bytes]) =>
    Array.from({ length: each }, (_, index): Hostile => {
      const isCut = index % 3 === 0;
      const damaged = isCut ? bytes.subarray(0, Math.floor(random() * bytes.length)) : flip(bytes, 1 + (index % 8), random);
      return {
        name: `${kind} ${isCut ? `cut after ${damaged.length} bytes` : `with bits turned over, ${index}`}`,
        bytes: damaged,
        expected: 'either',
      };
    }),
  );
}

/** Turns bits over, most of them near the start, where sizes and counts stand. */
function flip(bytes: Buffer, count: number, random: () => number): Buffer {
  const flipped = Buffer.from(bytes);
  for (let index = 0; index < count; index++) {
    const at = Math.floor(random() ** 3 * bytes.length);
    flipped[at] = (flipped[at] ?? 0) ^ (1 << Math.floor(random() * 8));
  }
  return flipped;
}

/** Mulberry32: the same numbers for the same seed, from 0 to 1. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function list(pictures: Record<string, Uint8Array>, expected: Expected): Hostile[] {
  return Object.entries(pictures).map(([name, bytes]) => ({ name, bytes, expected }));
}
