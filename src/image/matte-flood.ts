/** Of the pixels that are 1 in a mask, those connected to the picture's edge, sideways or up and down. */
export function floodFromBorder(mask: Uint8Array, width: number, height: number): Uint8Array {
  const reached = new Uint8Array(mask.length);
  const waiting: number[] = [];
  const open = (pixel: number) => mask[pixel] === 1 && reached[pixel] === 0;
  /** Reaches the whole stretch of a row around a pixel, and leaves the starts of stretches above and below to be done. */
  const fill = (pixel: number) => {
    if (!open(pixel)) return;
    const row = pixel - (pixel % width);
    let from = pixel;
    while (from > row && open(from - 1)) from--;
    let to = from;
    while (to < row + width && open(to)) reached[to++] = 1;
    for (const other of [row - width, row + width]) {
      if (other < 0 || other >= mask.length) continue;
      let inside = false;
      for (let place = other + from - row; place < other + to - row; place++) {
        const here = open(place);
        if (here && !inside) waiting.push(place);
        inside = here;
      }
    }
  };
  const start = (pixel: number) => {
    fill(pixel);
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) fill(next);
  };
  for (let x = 0; x < width; x++) for (const y of [0, height - 1]) start(y * width + x);
  for (let y = 0; y < height; y++) for (const x of [0, width - 1]) start(y * width + x);
  return reached;
}
