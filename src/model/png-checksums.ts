import { crc32 } from 'node:zlib';

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** A PNG whose chunks were changed, with their checksums made right again, in place; anything else as it is. */
export function withPngChecksums(bytes: Uint8Array): Uint8Array {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!view.subarray(0, signature.length).equals(signature)) return bytes;
  // A chunk is its length, its type, that many bytes, and a checksum of type and bytes (PNG specification, 5.3).
  for (let at = signature.length; at + 12 <= view.length; ) {
    const end = at + 8 + view.readUInt32BE(at);
    if (end + 4 > view.length) break;
    view.writeUInt32BE(crc32(view.subarray(at + 4, end)), end);
    at = end + 4;
  }
  return bytes;
}
