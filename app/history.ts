import { make } from './dom.ts';
import { makeSmall } from './grid.ts';
import { type Picture, toAlt } from './picture.ts';
import type { Surroundings } from './surroundings.ts';

/** The history of a picture as a tree that grows to the right: each picture with what came of it, one branch below the other. */
export function makeHistory(
  family: readonly Picture[],
  current: Picture,
  surroundings: Surroundings,
  open: (picture: Picture) => void,
): HTMLElement {
  const toBranch = (picture: Picture): HTMLLIElement => {
    const next = family.filter(({ parents }) => parents[0] === picture.id);
    const name = toAlt(picture) + (next.length > 1 ? ` (${next.length} versions follow)` : '');
    const isCurrent = picture.id === current.id && 'true';
    const attributes = { 'aria-label': name, title: name, 'aria-current': isCurrent, click: () => open(picture) };
    const step = make('button', attributes, makeSmall(picture, '', surroundings));
    return make('li', {}, step, ...(next.length ? [make('ul', {}, ...next.map(toBranch))] : []));
  };
  // What was tampered with may lead in circles; such pictures come after nothing that is shown, and are left out.
  const first = family.filter(({ parents: [parent] }) => !family.some(({ id }) => id === parent));
  return make('ul', {}, ...first.map(toBranch));
}
