import { imageIdPattern } from '../archive/record.ts';
import { isFormat, sniff, toMediaType } from '../media.ts';
import { toOutgoing } from '../outgoing.ts';
import { toCleanJson } from '../text.ts';
import { findOriginals, makeSmall, readDelivered, readOriginalAt, type Sources } from '../views/bytes.ts';
import { type PictureView, toView } from '../views/facts.ts';
import { readFamily } from '../views/family.ts';
import type { Reply, Respond } from './server.ts';

/** Pictures told of at once: some screens full. */
const pageLength = 60;

/**
 * What the page asks of the archive: `images`, the newest, and of each `images/{id}/preview`, `/file`, `/original` and `/history`. Ids alone lead to files, and only to those whose bytes are the
 * ones that were written for them.
 */
export function createRespond(sources: Sources): Respond {
  const list = createListing(sources);
  const toJson = (value: unknown): Reply => ({
    mediaType: 'application/json',
    body: toOutgoing(toCleanJson(value), sources.config.redactor),
  });
  return async (path, from, unwanted) => {
    if (path === 'images') return toJson({ images: await list(Number.isSafeInteger(from) && from >= 0 ? from : 0) });
    const [, id = '', view] = /^images\/([^/]+)\/(preview|file|original|history)$/.exec(path) ?? [];
    if (!imageIdPattern.test(id)) return undefined;
    const record = await sources.archive.find(id);
    if (view === 'history') return record && toJson({ images: await readFamily(record, sources.archive) });
    if (view === 'preview') return toPicture((await makeSmall(id, record, sources, unwanted))?.bytes);
    if (view === 'original') return toPicture(await readOriginal(id, sources));
    return toPicture((record && (await readDelivered(record, sources.config))) ?? (await readOriginal(id, sources)));
  };
}

/** The newest pictures, read as far as somebody looks. A page that begins anew sees what was made since. */
function createListing({ archive }: Sources): (from: number) => Promise<PictureView[]> {
  let listing = { found: Array.of<PictureView>(), rest: archive.newestOfAll() };
  return async (from) => {
    if (from === 0) listing = { found: [], rest: archive.newestOfAll() };
    const { found, rest } = listing;
    while (found.length < from + pageLength) {
      const { value: record, done } = await rest.next();
      if (done) break;
      // A second shot is no picture anybody asked for.
      if (record.shotOf === undefined) found.push(toView(record));
    }
    return found.slice(from, from + pageLength);
  };
}

async function readOriginal(id: string, sources: Sources): Promise<Uint8Array | undefined> {
  const record = await sources.archive.find(id);
  for (const place of await findOriginals(id, record, sources)) {
    const bytes = await readOriginalAt(place, record, sources.config);
    if (bytes) return bytes;
  }
  return undefined;
}

function toPicture(bytes: Uint8Array | undefined): Reply | undefined {
  const kind = bytes && sniff(bytes);
  return bytes && isFormat(kind) ? { mediaType: toMediaType(kind), body: bytes } : undefined;
}
