import { headerOnly, withSharp } from './sharp.ts';

/** The XMP packet of a picture, as text; undefined when it has none. */
export async function readXmpPacket(bytes: Uint8Array): Promise<string | undefined> {
  return withSharp(async (sharp) => (await sharp(bytes, headerOnly).metadata()).xmpAsString);
}
