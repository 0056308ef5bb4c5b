import type { Packing } from './pack.ts';
import type { Pixels } from './pixels.ts';

/** Lays pictures on a transparent sheet, pixel for pixel. */
export function drawSheet(pictures: readonly Pixels[], { places, width, height }: Packing): Pixels {
  const data = new Uint8Array(width * height * 4);
  for (const [index, picture] of pictures.entries()) {
    const place = places[index];
    if (place !== undefined) lay(picture, data, (place.top * width + place.left) * 4, width * 4);
  }
  return { data, width, height, channels: 4 };
}

function lay({ data, width, height, channels }: Pixels, sheet: Uint8Array, start: number, stride: number): void {
  for (let row = 0; row < height; row++) {
    const from = row * width * channels;
    const to = start + row * stride;
    if (channels === 4) {
      sheet.set(data.subarray(from, from + width * 4), to);
      continue;
    }
    for (let column = 0; column < width; column++) {
      sheet.set(data.subarray(from + column * 3, from + column * 3 + 3), to + column * 4);
      sheet[to + column * 4 + 3] = 255;
    }
  }
}
