import { at, listAt } from './json.ts';
import { type Picture, readPicture } from './picture.ts';
import type { Surroundings } from './surroundings.ts';

async function read(address: string): Promise<unknown> {
  const response = await fetch(address);
  if (response.ok) return response.json();
  throw new Error(await response.text());
}

/** The archive as `limner gallery` serves it: to be read only. */
export const archive: Surroundings = {
  canRead: true,
  pastes: true,
  small: async ({ id }) => `images/${id}/preview`,
  full: async ({ id }) => `images/${id}/file`,
  family: async ({ id }) => listAt(await read(`images/${id}/history`).catch(() => undefined), 'images').map(readPicture),
};

/** The next of the newest pictures, after so many; none when there are no more. */
export const readPage = async (from: number): Promise<Picture[]> => listAt(await read(`images?from=${from}`), 'images').map(readPicture);

/** As long as this is under way, the page is open; it ends when `limner gallery` does. */
export const stay = (): Promise<unknown> =>
  fetch('open')
    .then((response) => response.text())
    .catch((error: unknown) => at(error, 'message'));
