import { DOMParser } from '@xmldom/xmldom';
import { type DefaultTreeAdapterMap, parseFragment } from 'parse5';
import { PNG } from 'pngjs';
import type { ExportedFile } from '../../src/export/wish.ts';

/** A PNG decoded by pngjs. `colourType` as in its header: 2 is RGB, 6 is RGBA. */
export interface Decoded {
  width: number;
  height: number;
  colourType: number;
  rgba: Buffer;
}

export function decodePng(bytes: Uint8Array): Decoded {
  const { width, height, data } = PNG.sync.read(Buffer.from(bytes));
  return { width, height, rgba: data, colourType: bytes[25] ?? -1 };
}

/** Coordinates of the pixels for which something holds. */
export function pixelsWhere({ rgba, width }: Decoded, holds: (rgba: readonly number[]) => boolean): { x: number; y: number }[] {
  const found: { x: number; y: number }[] = [];
  for (let index = 0; index * 4 < rgba.length; index++) {
    if (holds([...rgba.subarray(index * 4, index * 4 + 4)])) found.push({ x: index % width, y: Math.floor(index / width) });
  }
  return found;
}

export interface Tag {
  name: string;
  attributes: Record<string, string>;
}

/** The elements of HTML in document order. Throws when the markup is not clean. */
export function parseHtml(html: string): Tag[] {
  const errors: string[] = [];
  const fragment = parseFragment(html, { onParseError: ({ code }) => errors.push(code) });
  if (errors.length > 0) throw new Error(errors.join());
  return fragment.childNodes.flatMap(collect);
}

function collect(node: DefaultTreeAdapterMap['childNode']): Tag[] {
  if (!('attrs' in node)) return [];
  const attributes = Object.fromEntries(node.attrs.map(({ name, value }) => [name, value]));
  return [{ name: node.nodeName, attributes }, ...node.childNodes.flatMap(collect)];
}

/** Throws when it is no well-formed XML. */
export function parseXml(file: ExportedFile) {
  const onError = (level: string, message: string) => {
    throw new Error(`${level}: ${message}`);
  };
  return new DOMParser({ onError }).parseFromString(Buffer.from(file.bytes).toString(), 'text/xml');
}

/** Each address of a srcset and what is said of it. */
export function parseSrcset(srcset = ''): { url: string; descriptor: string }[] {
  return srcset.split(', ').map((candidate) => {
    const [url = '', descriptor = ''] = candidate.split(' ');
    return { url: decodeURIComponent(url), descriptor };
  });
}
