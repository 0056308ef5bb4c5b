import { runJob } from '../decoder/decoder.ts';
import { readSizeFromHeader } from '../image/header-size.ts';
import type { Size } from '../media.ts';
import type { Terminal } from './context.ts';
import { type Cells, toIterm, toKitty } from './escape-pictures.ts';
import { type Cell, findProtocol, type Protocol } from './picture-protocol.ts';
import { toSixel } from './sixel.ts';

/** Longest edge of the previews that are shown, in pixels. */
export const previewEdge = 1024;

/** Shows pictures in one terminal. */
export type Screen = (preview: Uint8Array) => Promise<void>;

/** A way to show previews (JPEG) in this terminal, in its width and half its height; undefined when it shows none. */
export async function openScreen(terminal: Terminal | undefined): Promise<Screen | undefined> {
  if (terminal === undefined) return undefined;
  const found = await findProtocol(terminal);
  if (found === undefined) return undefined;
  return async (preview) => terminal.draw(`${await toSequence(preview, terminal, found)}\n`);
}

async function toSequence(
  preview: Uint8Array,
  terminal: Terminal,
  { protocol, cell }: { protocol: Protocol; cell: Cell },
): Promise<string> {
  const size = readSizeFromHeader(preview, 'jpeg') ?? { width: 1, height: 1 };
  const place = toPlace(size, terminal, cell);
  if (protocol === 'iterm') return toIterm(preview, place.cells);
  const { bytes, ...drawn } = await runJob('makeTerminalPicture', preview, place.pixels, protocol === 'sixel' ? 'pixels' : 'png');
  if (protocol === 'kitty') return toKitty(bytes);
  const { width, height } = drawn;
  // These numbers become part of what steers the terminal, and come from another process.
  if (![width, height].every(Number.isInteger) || bytes.length !== 3 * width * height) throw new RangeError('no pixels came');
  return toSixel(bytes, { width, height });
}

interface Place {
  cells: Cells;
  pixels: Size;
}

/** Where it fits: the whole width, half the height, and no larger than it is. */
export function toPlace(size: Size, { columns, rows }: Cells, cell: Cell): Place {
  const room = { width: Math.max(1, columns - 1) * cell.width, height: Math.max(1, Math.floor(rows / 2)) * cell.height };
  const scale = Math.min(room.width / size.width, room.height / size.height, 1);
  const pixels = { width: Math.max(1, Math.floor(size.width * scale)), height: Math.max(1, Math.floor(size.height * scale)) };
  return {
    pixels,
    cells: { columns: Math.max(1, Math.floor(pixels.width / cell.width)), rows: Math.max(1, Math.floor(pixels.height / cell.height)) },
  };
}
