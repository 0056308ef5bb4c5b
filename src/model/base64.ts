/** Where decoded bytes are put, one after the other. */
export interface ByteStore {
  /** Memory for so many bytes after the last; what is written there counts once `advance` is called. */
  reserve(length: number): Buffer;
  advance(length: number): void;
}

export interface Base64Decoder {
  /** Takes the first characters as long as they are nothing but base64, and says how many: most often all; a few or none where anything else follows. */
  writePlain(characters: Buffer): number;
  /** Takes some characters of a JSON string, as bytes and with no escape among them. False when one of them may not stand in such a string. */
  write(characters: Buffer): boolean;
  /** Puts down what an end without padding leaves. */
  end(): void;
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const [stranger, padding, control] = [-1, -2, -3];

/** What a character counts; both alphabets are taken, as upstreams have been seen to send (RFC 4648, 4 and 5). */
const values = new Int8Array(256).fill(stranger);
values.fill(control, 0, 0x20);
for (const [value, character] of [...alphabet, '+', '/'].entries()) values[character.charCodeAt(0)] = value;
for (const [character, value] of [
  ['-', 62],
  ['_', 63],
  ['=', padding],
] as const)
  values[character.charCodeAt(0)] = value;

/** Fewer characters than these are decoded sooner here than by asking Node. */
const worthwhile = 512;

/**
 * Decodes base64 that comes in pieces, as Node decodes it whole: characters of neither alphabet are passed over, `=` ends it wherever it stands, and
 * padding may be missing. Nearly all of it goes through Node's own decoder, whose count of bytes tells whether there was anything to pass over.
 */
export function createBase64Decoder(store: ByteStore): Base64Decoder {
  /** Bits of the group that is not complete, and how many characters they came from. */
  let [bits, count] = [0, 0];
  let ended = false;

  function writeSlowly(characters: Buffer): boolean {
    const room = store.reserve(Math.ceil(((characters.length + count) * 3) / 4));
    let at = 0;
    for (let index = 0; index < characters.length; index += 1) {
      const value = values[characters[index] ?? 0] ?? stranger;
      if (value === control) return false;
      if (value === padding) ended = true;
      if (value < 0 || ended) continue;
      bits = (bits << 6) | value;
      count += 1;
      if (count < 4) continue;
      room[at] = bits >> 16;
      room[at + 1] = bits >> 8;
      room[at + 2] = bits;
      at += 3;
      [bits, count] = [0, 0];
    }
    store.advance(at);
    return true;
  }

  /** Whole groups of four characters; false, and nothing done, when not all of them are of the alphabet. */
  function writeGroups(characters: Buffer): boolean {
    const length = (characters.length / 4) * 3;
    if (store.reserve(length).write(characters.toString('latin1'), 'base64') < length) return false;
    store.advance(length);
    return true;
  }

  function writePlain(characters: Buffer): number {
    const start = (4 - count) % 4;
    // The last group, when padding makes it a short one, is not one of these.
    const padded = characters.subarray(-2).filter((character) => values[character] === padding).length;
    const groups = (characters.length - padded - start) & ~3;
    if (ended || groups <= 0 || !isPlain(characters.subarray(0, start))) return 0;
    writeSlowly(characters.subarray(0, start));
    if (!writeGroups(characters.subarray(start, start + groups))) return start;
    return start + groups;
  }

  return {
    writePlain,
    write(characters) {
      const rest = characters.length < worthwhile ? characters : characters.subarray(writePlain(characters));
      return writeSlowly(rest);
    },
    end() {
      const length = count === 0 ? 0 : count - 1;
      const room = store.reserve(length);
      if (length > 0) room[0] = count === 2 ? bits >> 4 : bits >> 10;
      if (length > 1) room[1] = bits >> 2;
      store.advance(length);
    },
  };
}

function isPlain(characters: Buffer): boolean {
  return characters.every((character) => (values[character] ?? stranger) >= 0);
}
