/** So many cells of a terminal. */
export interface Cells {
  columns: number;
  rows: number;
}

/** Longest piece of a picture kitty takes at once, in characters of base64. */
const pieceLength = 4096;

/** A PNG for kitty's graphics protocol, https://sw.kovidgoyal.net/kitty/graphics-protocol: pixel for pixel, without an answer. A size in cells would be stretched to by some. */
export function toKitty(png: Uint8Array): string {
  const data = Buffer.from(png).toString('base64');
  const pieces = Array.from({ length: Math.ceil(data.length / pieceLength) }, (_, index) =>
    data.slice(index * pieceLength, (index + 1) * pieceLength),
  );
  return pieces
    .map((piece, index) => `\x1b_G${index === 0 ? 'a=T,f=100,q=2,' : ''}m=${index < pieces.length - 1 ? 1 : 0};${piece}\x1b\\`)
    .join('');
}

/** Any picture for iTerm2's inline images, https://iterm2.com/documentation-images.html: as large as fits into the cells, in its own shape. */
export function toIterm(picture: Uint8Array, { columns, rows }: Cells): string {
  const size = `size=${picture.length};width=${columns};height=${rows};preserveAspectRatio=1`;
  return `\x1b]1337;File=inline=1;${size}:${Buffer.from(picture).toString('base64')}\x07`;
}
