import type { Pixels, Rgb } from '../../src/image/pixels.ts';

/** Red, green, blue and alpha of a cut-out, 0 to 255 or beyond. */
type Rgba = [red: number, green: number, blue: number, alpha: number];

/** ffmpeg's `colorkey=KEY:0.25:0.08,despill` in our words: alpha is a ramp on the distance from the key; its channels are held to the others'. */
export function colourKey(shot: Pixels, key: Rgb): Pixels {
  return eachPixel(shot, (red, green, blue) => {
    const distance = Math.sqrt((red - key[0]) ** 2 + (green - key[1]) ** 2 + (blue - key[2]) ** 2) / 441.67;
    const others = Math.max(key[0] < 128 ? red : 0, key[1] < 128 ? green : 0, key[2] < 128 ? blue : 0);
    const despill = (value: number, inKey: number) => (inKey < 128 ? value : Math.min(value, others));
    return [despill(red, key[0]), despill(green, key[1]), despill(blue, key[2]), (255 * (distance - 0.25)) / 0.08];
  });
}

/** The HSV cut of sticker scripts: hue within 60° of the key's and saturated is background, everything else subject. */
export function hsvCut(shot: Pixels, key: Rgb): Pixels {
  const keyHue = toHue(...key);
  return eachPixel(shot, (red, green, blue) => {
    const [high, low] = [Math.max(red, green, blue), Math.min(red, green, blue)];
    const saturated = high > 60 && (high - low) / high > 0.25;
    const away = Math.abs(((toHue(red, green, blue) - keyHue + 540) % 360) - 180);
    return [red, green, blue, saturated && away < 60 ? 0 : 255];
  });
}

/** Two shots as published: the backgrounds are taken to be exactly white and black, and alpha from the distance of the two colours. */
export function naiveTwoShot(white: Pixels, black: Pixels): Pixels {
  return eachPixel(white, (red, green, blue, pixel) => {
    const [r, g, b] = [black.data[3 * pixel] ?? 0, black.data[3 * pixel + 1] ?? 0, black.data[3 * pixel + 2] ?? 0];
    const alpha = Math.max(0, 1 - Math.sqrt((red - r) ** 2 + (green - g) ** 2 + (blue - b) ** 2) / 441.67);
    return alpha === 0 ? [0, 0, 0, 0] : [r / alpha, g / alpha, b / alpha, 255 * alpha];
  });
}

function toHue(red: number, green: number, blue: number): number {
  const [high, low] = [Math.max(red, green, blue), Math.min(red, green, blue)];
  if (high === low) return 0;
  if (high === red) return (60 * (green - blue)) / (high - low);
  if (high === green) return 120 + (60 * (blue - red)) / (high - low);
  return 240 + (60 * (red - green)) / (high - low);
}

function eachPixel({ data, width, height }: Pixels, toRgba: (red: number, green: number, blue: number, pixel: number) => Rgba): Pixels {
  const result = new Uint8ClampedArray(4 * width * height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const [red, green, blue, alpha] = toRgba(data[3 * pixel] ?? 0, data[3 * pixel + 1] ?? 0, data[3 * pixel + 2] ?? 0, pixel);
    result[4 * pixel] = red;
    result[4 * pixel + 1] = green;
    result[4 * pixel + 2] = blue;
    result[4 * pixel + 3] = alpha;
  }
  return { data: new Uint8Array(result.buffer), width, height, channels: 4 };
}
