import { make } from './dom.ts';
import { type Picture, toAlt, toName, toShape, toSize } from './picture.ts';
import type { Surroundings } from './surroundings.ts';

/** A small picture that comes when it can; where it cannot, its words stand there. */
export function makeSmall(picture: Picture, alt: string, { small }: Surroundings): HTMLImageElement {
  const image = make('img', { alt, loading: 'lazy' });
  void small(picture).then((address) => address && image.setAttribute('src', address));
  return image;
}

/** A picture in the grid: a button that opens it. */
export function makeCard(picture: Picture, surroundings: Surroundings, open: () => void): HTMLLIElement {
  const name = make('span', {}, make('b', {}, toName(picture)), ` ${toSize(picture)}`);
  const card = make('li', {}, make('button', { click: open }, makeSmall(picture, toAlt(picture), surroundings), name));
  card.style.setProperty('--shape', String(Math.min(Math.max(toShape(picture), 0.4), 3)));
  return card;
}
