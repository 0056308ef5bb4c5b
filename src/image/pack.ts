import type { Size } from '../media.ts';

/** Where each box lies on a sheet, in the order given, and how large the sheet is. */
export interface Packing extends Size {
  places: readonly { left: number; top: number }[];
}

/**
 * Packs boxes on shelves, tallest first, none turned, with `gap` pixels around each so that scaled drawing takes nothing from a neighbour. Several widths are
 * tried from the widest box on, and the sheet of the smallest longer edge wins, then the smallest area.
 */
export function packOnShelves(boxes: readonly Size[], gap: number): Packing {
  const order = boxes
    .map((box, index) => ({ ...box, index }))
    .sort((a, b) => b.height - a.height || b.width - a.width || a.index - b.index);
  const widest = Math.max(...boxes.map(({ width }) => width)) + 2 * gap;
  const inARow = boxes.reduce((sum, { width }) => sum + width + gap, gap);
  const widths = Array.from({ length: 48 }, (_, step) => Math.round(widest + ((inARow - widest) * step) / 47));
  const packings = widths.map((width) => layShelves(order, width, gap));
  return packings.reduce((best, packing) => (isBetter(packing, best) ? packing : best));
}

function isBetter(a: Size, b: Size): boolean {
  const [longerA, longerB] = [Math.max(a.width, a.height), Math.max(b.width, b.height)];
  return longerA < longerB || (longerA === longerB && a.width * a.height < b.width * b.height);
}

function layShelves(order: readonly (Size & { index: number })[], sheetWidth: number, gap: number): Packing {
  const places: { left: number; top: number }[] = [];
  let [left, top, shelf, width] = [gap, gap, 0, 0];
  for (const box of order) {
    if (left > gap && left + box.width + gap > sheetWidth) {
      top += shelf + gap;
      [left, shelf] = [gap, 0];
    }
    places[box.index] = { left, top };
    left += box.width + gap;
    shelf = Math.max(shelf, box.height);
    width = Math.max(width, left);
  }
  return { places, width, height: top + shelf + gap };
}
