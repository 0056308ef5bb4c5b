import { fileURLToPath } from 'node:url';
import { readText } from './files/read.ts';

/** The page as it was put together from `app/` when limner was built: one file of HTML that loads nothing else. */
export async function readGallery(): Promise<string> {
  const page = await readText(fileURLToPath(new URL('./gallery.html', import.meta.url)));
  if (typeof page === 'string') return page;
  throw new Error('gallery.html is not beside the program: install limner again.', { cause: page });
}
