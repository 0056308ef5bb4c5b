import type { Answer } from './answer.ts';
import { candidate, envelope, responseIdOf } from './envelope.ts';
import { colourOf, draw, type Look, type PictureFormat, signature, withManifest, withPlainMetadata } from './pictures.ts';
import { type GoogleRequest, isForVertex } from './request.ts';
import { pixelsOf } from './sizes.ts';
import { sniff } from './sniff.ts';

/** What one picture is. Whatever is absent is as Google would make it for the request. */
export interface PictureLook {
  /** `jpeg`, as the whole Gemini 3 family makes; `png` with `alpha`. */
  format?: PictureFormat;
  width?: number;
  height?: number;
  background?: string;
  subject?: Look['subject'];
  alpha?: boolean;
  noise?: boolean;
  /** These bytes and no drawing; nothing is added to them. */
  bytes?: Buffer;
  /** The label, when it is not to tell the truth. */
  mimeType?: string;
  /** Only the first half of the file. */
  cut?: boolean;
}

interface Grounding {
  queries: readonly string[];
  chunks: readonly { title: string; uri: string }[];
}

/** What a good answer holds, and how it may be bent. */
export interface PictureOptions extends PictureLook {
  /** Said before the picture. */
  text?: string;
  /** Said after it. */
  textAfter?: string;
  /** Characters of each thought signature: 1.2 million unless told; 0 for none. */
  signatureBytes?: number;
  /** How many drafts come before, as thoughts with a thought text; the last one is the final picture. */
  thoughts?: number;
  /** Drafts and nothing else: one, unless `thoughts` says more. */
  onlyThoughts?: boolean;
  /** The same picture this many times. */
  copies?: number;
  /** A different picture after the first; `{}` for the default one in another colour. */
  second?: PictureLook;
  base64?: 'standard' | 'url' | 'unpadded' | 'wrapped' | 'broken';
  /** False leaves usageMetadata out. */
  usage?: false;
  /** What was looked up; a request with search gets one query and one page by itself. */
  grounding?: Grounding;
  finishReason?: string;
}

/** A picture, JPEG, of the size Google really returns for the ratio and size that were asked for. */
export function picture(options: PictureOptions = {}): Answer {
  return async (request) => {
    const parts = await toParts(options, request);
    const grounding = options.grounding ?? (request.search ? defaultGrounding(request) : undefined);
    const more = grounding && { groundingMetadata: toGroundingMetadata(grounding) };
    const pictures = options.onlyThoughts ? 0 : (options.copies ?? 1) + (options.second ? 1 : 0);
    return envelope(request, { candidates: [candidate(parts, options.finishReason ?? 'STOP', more)], pictures, usage: options.usage });
  };
}

/** The bytes `picture(look)` delivers for `request`, before base64. `shift` tells pictures of one answer apart. */
export async function bytesOf(look: PictureLook, request: GoogleRequest, shift = 0): Promise<Buffer> {
  const whole = look.bytes ?? (await drawFor(look, request, shift));
  return look.cut ? whole.subarray(0, Math.floor(whole.length / 2)) : whole;
}

async function drawFor(look: PictureLook, request: GoogleRequest, shift: number): Promise<Buffer> {
  const { width: usualWidth, height: usualHeight } = toSize(request);
  const { alpha = false, noise = false, width = usualWidth, height = usualHeight } = look;
  const format = look.format ?? (alpha ? 'png' : 'jpeg');
  const background = look.background ?? colourOf(request.texts.join('\n'), shift);
  const drawing = await draw({ format, width, height, alpha, noise, background, ...(look.subject && { subject: look.subject }) });
  if (format !== 'jpeg') return drawing;
  return (isForVertex(request) ? withPlainMetadata : withManifest)(drawing, `${responseIdOf(request)}-${shift}`);
}

function toSize(request: GoogleRequest): { width: number; height: number } {
  const [width, height] = pixelsOf(request.model, request.aspectRatio, request.imageSize);
  return { width, height };
}

async function toParts(options: PictureOptions, request: GoogleRequest): Promise<unknown[]> {
  const { text, textAfter, second, copies = 1, onlyThoughts = false, thoughts = onlyThoughts ? 1 : 0 } = options;
  const signed = (part: Record<string, unknown>): unknown => sign(part, options.signatureBytes ?? 1_200_000);
  const thoughtParts = await toThoughts(thoughts, options, request);
  if (onlyThoughts) return thoughtParts;
  const first = toInlineData(options, await bytesOf(options, request), options.base64);
  return [
    ...thoughtParts,
    ...(text === undefined ? [] : [signed({ text })]),
    ...Array.from({ length: copies }, () => signed({ inlineData: first })),
    ...(second ? [signed({ inlineData: toInlineData(second, await bytesOf(second, request, 1), options.base64) })] : []),
    ...(textAfter === undefined ? [] : [{ text: textAfter }]),
  ];
}

async function toThoughts(count: number, options: PictureOptions, request: GoogleRequest): Promise<unknown[]> {
  if (count === 0) return [];
  // The last draft is the final picture itself, so it has the final picture's shift.
  const shifts = Array.from({ length: count }, (_, index) => (index === count - 1 ? 0 : index + 2));
  const drafts = await Promise.all(shifts.map((shift) => bytesOf(options, request, shift)));
  const images = drafts.map((bytes) => ({ inlineData: toInlineData(options, bytes, options.base64), thought: true }));
  return [{ text: '**Composing the scene**\n\nI am weighing where the subject belongs.', thought: true }, ...images];
}

function sign(part: Record<string, unknown>, characters: number): unknown {
  return characters > 0 ? { ...part, thoughtSignature: signature(characters) } : part;
}

function toInlineData(look: PictureLook, bytes: Buffer, encoding: PictureOptions['base64']): unknown {
  return { mimeType: look.mimeType ?? sniff(bytes) ?? 'image/jpeg', data: encode(bytes, encoding) };
}

function encode(bytes: Buffer, encoding: PictureOptions['base64'] = 'standard'): string {
  const standard = bytes.toString('base64');
  if (encoding === 'url') return bytes.toString('base64url');
  if (encoding === 'unpadded') return standard.replace(/=+$/, '');
  if (encoding === 'wrapped') return standard.replace(/.{76}/g, '$&\r\n');
  // One character short at the start and strangers in between: a lenient decoder gets bytes out of it, but no picture.
  if (encoding === 'broken') return `#${standard.slice(1, 1000)}%%${standard.slice(1001)}`;
  return standard;
}

function defaultGrounding(request: GoogleRequest): Grounding {
  return {
    queries: [request.texts.join(' ').slice(0, 60)],
    chunks: [{ title: 'example.com', uri: 'https://vertexaisearch.cloud.google.com/grounding-api-redirect/limner-test' }],
  };
}

function toGroundingMetadata({ queries, chunks }: Grounding): unknown {
  return {
    webSearchQueries: queries,
    groundingChunks: chunks.map((web) => ({ web })),
    searchEntryPoint: { renderedContent: '<style>.container{display:flex}</style><div class="container">Google Search</div>' },
  };
}
