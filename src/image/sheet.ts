import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Packing } from './pack.ts';
import type { Pixels } from './pixels.ts';

/** Lays RGBA pictures on a transparent sheet, pixel for pixel; between two of them others get a turn. */
export async function drawSheet(pictures: readonly Pixels[], { places, width, height }: Packing): Promise<Pixels> {
  const sheet = new Uint8Array(width * height * 4);
  for (const [index, { data, width: rowLength, height: rows }] of pictures.entries()) {
    const { left, top } = places[index] ?? { left: 0, top: 0 };
    for (let row = 0; row < rows; row++) {
      const start = row * rowLength * 4;
      sheet.set(data.subarray(start, start + rowLength * 4), ((top + row) * width + left) * 4);
    }
    await nextTurn();
  }
  return { data: sheet, width, height, channels: 4 };
}
