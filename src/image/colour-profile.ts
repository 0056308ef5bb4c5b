import { crc32, deflateSync } from 'node:zlib';

/** Bytes of a PNG before its second chunk: signature, and IHDR with its length, name, 13 bytes and checksum. */
const afterHeader = 8 + 4 + 4 + 13 + 4;

/**
 * A PNG with a colour profile put into it (PNG specification, 11.3.2.3), its pixels untouched: sharp can only convert pixels into a profile. The PNG must
 * not have one yet.
 */
export function embedProfile(png: Uint8Array, profile: Uint8Array): Uint8Array {
  const body = Buffer.concat([Buffer.from('iCCP'), Buffer.from('profile\0\0', 'latin1'), deflateSync(profile)]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(body.length - 4);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([png.subarray(0, afterHeader), length, body, checksum, png.subarray(afterHeader)]);
}
