import { randomUUID } from 'node:crypto';
import type { Redactor } from '../redactor.ts';
import { type Base64Decoder, createBase64Decoder } from './base64.ts';
import { createPictureStore } from './byte-store.ts';
import type { ArrivingPicture } from './image-model.ts';
import { withPngChecksums } from './png-checksums.ts';

/** Pictures of one answer, kept apart from its JSON, where a short word stands for each. */
export interface SetAside {
  /** How long the body will be, in bytes, where that is known. */
  expect(bodyBytes: number | undefined): void;
  /** Begins the next picture. */
  open(): PictureSink;
  /** The picture a text of the answer stands for; undefined for any other text. */
  find(text: string): Uint8Array | undefined;
}

/** Takes one picture as the base64 of it arrives. */
export interface PictureSink extends Pick<Base64Decoder, 'write' | 'writePlain'> {
  /** The picture is complete: the word that stands for it. */
  close(): string;
}

/** How many bytes arrive before they are looked through: seldom enough to cost nothing, often enough to hold nobody up. */
const stretchBytes = 256 * 1024;

/** So much is told of at once at least, until the end. */
const toldBytes = 512 * 1024;

/** No upstream can guess the words, so none of its texts passes for a picture. The key is taken out of the bytes while they come; `begin` is told of what will not change any more. */
export function createSetAside({ redactBytes, reach }: Redactor, begin?: () => ArrivingPicture): SetAside {
  const store = createPictureStore();
  const pictures = new Map<string, Uint8Array>();
  const secret = randomUUID();

  return {
    expect(bodyBytes) {
      if (bodyBytes !== undefined) store.expect(Math.ceil((bodyBytes * 3) / 4));
    },
    open() {
      store.begin();
      const decoder = createBase64Decoder(store);
      const arriving = begin?.();
      let [clean, told, changed] = [0, 0, false];
      /** A key may stand across what has come and what has not. */
      const tell = (end: number, enough: number) => {
        if (end - told < enough) return;
        arriving?.add(store.current().subarray(told, end));
        told = end;
      };
      /** Looks through what has come since the last time, when that is enough. */
      const lookThrough = (enough: number) => {
        if (store.length() - clean < enough) return;
        const bytes = store.current();
        const stretch = bytes.subarray(Math.max(0, clean - reach));
        const redacted = redactBytes(stretch);
        clean = bytes.length;
        if (redacted !== stretch) stretch.set(redacted);
        changed ||= redacted !== stretch;
        tell(clean - reach, toldBytes);
      };
      return {
        write(characters) {
          const isFit = decoder.write(characters);
          lookThrough(stretchBytes);
          return isFit;
        },
        writePlain(characters) {
          const taken = decoder.writePlain(characters);
          lookThrough(stretchBytes);
          return taken;
        },
        close() {
          decoder.end();
          lookThrough(1);
          tell(store.length(), 1);
          const bytes = store.current();
          if (!changed) arriving?.end(bytes);
          const word = `limner-picture-${pictures.size + 1}-${secret}`;
          pictures.set(word, changed ? withPngChecksums(bytes) : bytes);
          return word;
        },
      };
    },
    find: (text) => pictures.get(text),
  };
}
