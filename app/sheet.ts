import { type Picture, toShape } from './picture.ts';

/** Between the pictures of a sheet, in pixels. */
const gap = 8;

/** The single pictures of a numbered sheet, in order, as addresses; the grid is the one whose cells are most like the pictures in shape. */
export async function cutSheet(address: string, pictures: readonly Picture[]): Promise<string[]> {
  const sheet = new Image();
  sheet.src = address;
  await sheet.decode();
  const shape = pictures[0] ? toShape(pictures[0]) : 1;
  const grids = pictures.map((_, index) => {
    const [columns, rows] = [index + 1, Math.ceil(pictures.length / (index + 1))];
    const [width, height] = [(sheet.width - gap) / columns - gap, (sheet.height - gap) / rows - gap];
    return { columns, width, height, off: Math.abs(Math.log(width / height / shape)) };
  });
  const { columns, width, height } = grids.reduce((best, grid) => (grid.off < best.off ? grid : best));
  return pictures.map((_, index) => {
    const [left, top] = [gap + (index % columns) * (width + gap), gap + Math.floor(index / columns) * (height + gap)];
    const canvas = document.createElement('canvas');
    Object.assign(canvas, { width, height });
    canvas.getContext('2d')?.drawImage(sheet, -left, -top);
    return canvas.toDataURL('image/jpeg');
  });
}
