import { makeActions } from './actions.ts';
import { announce, find, make } from './dom.ts';
import { makeCard } from './grid.ts';
import { enterHost } from './host.ts';
import { textAt } from './json.ts';
import type { Picture } from './picture.ts';
import type { Shown } from './result.ts';
import { archive, readPage, stay } from './served.ts';
import { cutSheet } from './sheet.ts';
import type { Surroundings } from './surroundings.ts';
import { createViewer, type OpenViewer } from './viewer.ts';

/*
 * The page: in a host, what a tool made; in a browser, the archive. It stores nothing and asks nobody but those two for anything.
 */

const pictures: Picture[] = [];
/** Every picture that was heard of, by its id. */
const known = new Map<string | undefined, Picture>();
const [grid, inline] = [find('grid'), find('inline')];

const say = (words: string) => {
  find('words').textContent = words;
};

/** Hosts may hand on a result twice, and pictures that were made meanwhile push others to the next page: each is shown once. */
function add(more: readonly Picture[], surroundings: Surroundings, open: OpenViewer): void {
  const fresh = more.filter(({ id }) => !id || !pictures.some((picture) => picture.id === id));
  for (const picture of fresh) known.set(picture.id, picture);
  pictures.push(...fresh);
  grid.append(...fresh.map((picture) => makeCard(picture, surroundings, () => open(picture))));
  grid.className = pictures.length < 3 ? 'few' : '';
}

async function showResults(): Promise<unknown> {
  const showing: Promise<(shown: Shown) => Promise<void>> = enterHost((shown) => void showing.then((show) => show(shown)), say).then(
    (surroundings) => {
      const open = createViewer(surroundings, pictures, known, made);
      async function show({ pictures: more, sheet, summary, words }: Shown): Promise<void> {
        find('summary').textContent = summary;
        say(words);
        // Where single pictures cannot be had, they are cut out of the sheet.
        const parts = sheet && !(surroundings.canRead && more[0]?.id) ? await cutSheet(sheet, more).catch(() => []) : [];
        for (const [index, picture] of more.entries()) picture.small ??= parts[index];
        add(more, surroundings, open);
        const [only, ...others] = pictures;
        inline.replaceChildren(...(only && !others.length ? [makeActions(only, surroundings, made)] : []));
      }
      function made(shown: Shown): void {
        void show(shown).then(() => {
          const [first, ...others] = shown.pictures;
          if (first) open(first, !others.length);
          announce(others.length ? `${others.length + 1} new pictures are there.` : 'The new picture is there.');
        });
      }
      return show;
    },
  );
  return showing;
}

async function showArchive(): Promise<void> {
  document.documentElement.className = 'archive';
  const open = createViewer(archive, pictures, known, () => {});
  const end = make('div', {});
  let from = 0;
  const watch = new IntersectionObserver(
    async ([entry]) => {
      if (!entry?.isIntersecting) return;
      watch.disconnect();
      const page = await readPage(from);
      from += page.length;
      find('summary').textContent = from ? 'Newest first' : 'No pictures yet';
      add(page, archive, open);
      if (page.length) watch.observe(end);
    },
    { rootMargin: '800px' },
  );
  grid.after(end);
  watch.observe(end);
  await stay();
  say('limner gallery has ended; start it again to see more.');
}

(window.parent === window ? showArchive() : showResults()).catch((error: unknown) => say(textAt(error, 'message') ?? ''));
