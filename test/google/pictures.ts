import { createCipheriv } from 'node:crypto';
import sharp from 'sharp';

export type PictureFormat = 'jpeg' | 'png' | 'webp' | 'avif';

/** What a drawn picture looks like. */
export interface Look {
  width: number;
  height: number;
  format: PictureFormat;
  /** Any CSS colour. */
  background: string;
  /** Where the centre of the white disc lies, as shares of width and height. */
  subject: { x: number; y: number };
  /** The background is transparent; `format` must have alpha. */
  alpha: boolean;
  /** Every pixel random: a file about as large as such a picture can be. */
  noise: boolean;
}

/** Where the white disc lies unless told otherwise; its radius is an eighth of the shorter side. */
export const subject = { x: 0.3, y: 0.4 };

/** What backgrounds are made of: far from each other, from the white disc and from the black corner. */
const colours = [
  '#c0392b',
  '#d35400',
  '#b7950b',
  '#27ae60',
  '#148f77',
  '#2471a3',
  '#1a5276',
  '#7d3c98',
  '#a93266',
  '#7b5b3a',
  '#5d6d7e',
  '#4a7a2c',
];

/** The background of the default picture for a prompt: always the same one for the same words. */
export function colourOf(prompt: string, shift = 0): string {
  let hash = 0;
  for (const char of prompt) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) >>> 0;
  return colours[(hash + shift) % colours.length] ?? '#5d6d7e';
}

const drawn = new Map<string, Promise<Buffer>>();

/** Draws a white disc on a plain ground with a black square in the bottom right corner. The same look is drawn once. */
export function draw(look: Partial<Look> = {}): Promise<Buffer> {
  const whole = { width: 1408, height: 768, format: 'jpeg' as const, background: '#5d6d7e', subject, alpha: false, noise: false, ...look };
  const key = JSON.stringify(whole);
  const known = drawn.get(key);
  if (known) return known;
  const picture = render(whole);
  drawn.set(key, picture);
  return picture;
}

function render(look: Look): Promise<Buffer> {
  const { width, height, format } = look;
  const source = look.noise
    ? sharp(keystream(width * height * 3), { raw: { width, height, channels: 3 } })
    : sharp(Buffer.from(toSvg(look)), { limitInputPixels: false });
  const flat = look.alpha ? source : source.removeAlpha();
  if (format === 'jpeg') return flat.jpeg(look.noise ? { quality: 100, chromaSubsampling: '4:4:4' } : { quality: 90 }).toBuffer();
  if (format === 'png') return flat.png({ compressionLevel: 3 }).toBuffer();
  if (format === 'webp') return flat.webp({ effort: 0 }).toBuffer();
  return flat.avif({ effort: 0 }).toBuffer();
}

function toSvg({ width, height, background, subject: at, alpha }: Look): string {
  const side = Math.min(width, height) / 8;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">`,
    alpha ? '' : `<rect width="${width}" height="${height}" fill="${background}"/>`,
    `<circle cx="${width * at.x}" cy="${height * at.y}" r="${side}" fill="white"/>`,
    `<rect x="${width - side}" y="${height - side}" width="${side}" height="${side}" fill="black"/>`,
    '</svg>',
  ].join('');
}

/** `length` bytes that no compression makes smaller; the same ones every time. */
function keystream(length: number): Buffer {
  return createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(length));
}

let longest = '';
let signed = 0;

/** A thought signature of this many characters: base64 that means nothing to anybody else, just like Google's; no two are the same. */
export function signature(characters: number): string {
  if (longest.length < characters) longest = keystream(Math.ceil(Math.max(characters, 1_200_000) / 4) * 3).toString('base64');
  signed += 1;
  const own = Buffer.from(String(signed).padStart(12, '0')).toString('base64');
  return `${own}${longest}`.slice(0, characters - (characters % 4));
}

/**
 * `jpeg` with an APP11 segment such as carries Google's C2PA manifest, bound to `instance`: no two answers are the same file, and a re-encoded
 * one has lost it. The length is one more than a multiple of three, so that its base64 always ends in padding.
 */
export function withManifest(jpeg: Buffer, instance: string): Buffer {
  const claim = `jumdc2pa\0urn:c2pa:${instance}\0Google C2PA Core Generator Library\0c2pa.created\0Created by Google Generative AI.\0trainedAlgorithmicMedia\0`;
  const spare = 6000 + ((5 - ((jpeg.length + Buffer.byteLength(claim)) % 3)) % 3);
  const box = Buffer.concat([Buffer.from(claim), keystream(spare)]);
  const head = Buffer.alloc(20);
  head.writeUInt16BE(0xffeb, 0);
  head.writeUInt16BE(head.length - 2 + box.length, 2);
  head.write('JP', 4, 'latin1');
  head.writeUInt16BE(1, 6);
  head.writeUInt32BE(1, 8);
  head.writeUInt32BE(box.length + 8, 12);
  head.write('jumb', 16, 'latin1');
  // JFIF wants its APP0 directly after the first two bytes, so the manifest follows it.
  const after = jpeg.readUInt16BE(2) === 0xffe0 ? 4 + jpeg.readUInt16BE(4) : 2;
  return Buffer.concat([jpeg.subarray(0, after), head, box, jpeg.subarray(after)]);
}

/** `jpeg` with the XMP that Vertex AI writes in the manifest's place; no two answers are the same file. */
export function withPlainMetadata(jpeg: Buffer, instance: string): Buffer {
  const term = 'http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia';
  const packet = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="${instance}" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" Iptc4xmpExt:DigitalSourceType="${term}"/></rdf:RDF></x:xmpmeta>`;
  const payload = Buffer.from(`http://ns.adobe.com/xap/1.0/\0${packet}`);
  const head = Buffer.from([0xff, 0xe1, 0, 0]);
  head.writeUInt16BE(payload.length + 2, 2);
  const after = jpeg.readUInt16BE(2) === 0xffe0 ? 4 + jpeg.readUInt16BE(4) : 2;
  return Buffer.concat([jpeg.subarray(0, after), head, payload, jpeg.subarray(after)]);
}
