import { basename } from 'node:path';
import type { Config } from '../config.ts';
import { inspect } from '../decoder/pictures.ts';
import { download } from '../download/download.ts';
import { toShown } from '../download/location.ts';
import { ToolError } from '../errors.ts';
import { isInside, type Places, toAbsolutePath, workingFolder } from '../files/paths.ts';
import { readBytes, readPictureFile } from '../files/read.ts';
import type { PictureFacts } from '../image/inspect.ts';
import { cleanText, quote, showPath } from '../text.ts';
import type { Archive, History, NoHistory } from './archive.ts';
import type { Ledger } from './ledger.ts';
import { type DeliveredRecord, type ImageRecord, imageIdPattern, toSha256 } from './record.ts';
import { isUnclaimed } from './unclaimed.ts';

/** A picture an argument names, found and read. */
export interface Picture {
  /** File name, for the model and for errors. */
  name: string;
  /** The file that was used, absolute; of a downloaded picture its address, without the query. */
  path: string;
  /** It came from an address: no file is at `path`, nor anything beside it. */
  isDownloaded?: true;
  bytes: Uint8Array;
  facts: PictureFacts;
  sha256: string;
  /** What is known of it, when limner made it and it was not changed since. */
  record?: ImageRecord;
  /** The conversation it came from; only of a picture that is to be edited. */
  history?: History | NoHistory;
  /** The original, since the file that was delivered is gone or another now: what was made of it for that file is meant all the same. */
  isOriginal?: true;
  /** What the caller should hear about the choice of the file. */
  warning?: string;
}

type PlacesAndState = Places & Pick<Config, 'stateDir' | 'urls' | 'timeoutMs'>;

/** What outlives a call. */
export interface Memory {
  archive: Archive;
  ledger: Ledger;
}

/**
 * The picture an argument means: a path, the id of a picture limner made, `last`, or, where the person allows it, an https address. Throws `not_found` with the recent
 * pictures, `not_allowed`, `unreadable_image`, `invalid_argument` for base64, other addresses and an ambiguous `last`, and what `download` throws.
 */
export async function identify(argument: string, places: PlacesAndState, memory: Memory, cancelled?: AbortSignal): Promise<Picture> {
  const wanted = argument.trim();
  refuseOtherForms(wanted, places);
  if (isAddress(wanted)) return identifyDownload(wanted, places, memory, cancelled);
  if (wanted.toLowerCase() === 'last') return findLast(places, memory);
  const { archive } = memory;
  const id = toId(wanted, places);
  if (id !== undefined) return findById(id, places, archive);
  const { path, bytes } = await readPictureFile(wanted, places).catch((error) => addRecent(error, places, archive));
  const sha256 = toSha256(bytes);
  const record = await archive.findByContent(sha256);
  return { name: basename(path), path, bytes, sha256, facts: await inspect(bytes, wanted), ...(record && { record }) };
}

/** The id an argument is, or the id of an original that an answer named: those lie in the archive, where paths do not reach. */
function toId(argument: string, places: PlacesAndState): string | undefined {
  const named = argument.replace(/^limner:\/\/images\//i, '').toLowerCase();
  if (imageIdPattern.test(named)) return named;
  const stem = basename(argument).replace(/\.\w+$/, '');
  return imageIdPattern.test(stem) && isInside(places.stateDir, toAbsolutePath(argument, places)) ? stem : undefined;
}

function refuseOtherForms(argument: string, places: PlacesAndState): void {
  if (/^data:/i.test(argument) || (argument.length > 300 && /^[A-Za-z0-9+/=_\s-]+$/.test(argument))) {
    throw new ToolError('invalid_argument', 'A picture was given as base64 data; limner takes paths. Save it as a file and pass its path.');
  }
  const { urls } = places;
  const shown = quote(toShown(argument), 120);
  if (isAddress(argument)) {
    if (urls.hosts === 'none') {
      throw new ToolError(
        'invalid_argument',
        `${shown} is an address; limner takes paths. Download the picture and pass its path; the person can allow https addresses with LIMNER_ALLOW_URLS.`,
      );
    }
    if (urls.hosts === 'any' && urls.proxy !== undefined) {
      throw new ToolError(
        'not_allowed',
        `limner does not fetch ${shown}: ${urls.proxy} is set, and behind a proxy it fetches only from hosts the person lists in LIMNER_ALLOW_URLS. Download the picture and pass its path.`,
      );
    }
  } else if (/^[a-z][a-z0-9+.-]+:\/\//i.test(argument) && !/^(file:|limner:\/\/images\/)/i.test(argument)) {
    throw new ToolError('invalid_argument', `${shown} is an address; limner takes paths. Download the picture and pass its path.`);
  }
}

function isAddress(argument: string): boolean {
  return /^https?:/i.test(argument);
}

/** A downloaded picture is known by its bytes like any other. */
async function identifyDownload(
  argument: string,
  places: PlacesAndState,
  { archive }: Memory,
  cancelled: AbortSignal | undefined,
): Promise<Picture> {
  const { bytes, address, name } = await download(argument, places, cancelled);
  const sha256 = toSha256(bytes);
  const record = await archive.findByContent(sha256);
  const facts = await inspect(bytes, name);
  return { name, path: address, isDownloaded: true, bytes, sha256, facts, ...(record && { record }) };
}

async function findLast(places: PlacesAndState, { archive, ledger }: Memory): Promise<Picture> {
  const here = workingFolder(places);
  const newest = await findNewest(here, { archive, ledger });
  if (newest === undefined)
    throw new ToolError('not_found', `"last" names nothing: limner has made no picture in ${showPath(here)} yet. Give a path or an id.`);
  const together = (await archive.ofCall(newest.call)).filter(({ delivered }) => delivered !== undefined);
  if (together.length > 1) {
    const ids = together.map((record) => `${record.id} (${showPath(basename(record.delivered?.path ?? ''))})`).join(', ');
    throw new ToolError(
      'invalid_argument',
      `"last" could mean any of ${together.length} variations: ${ids}. Give the id or the path of one.`,
    );
  }
  return load(newest, places);
}

/** The newest picture this process answered with, else the newest of this folder somebody was answered with. */
async function findNewest(here: string, { archive, ledger }: Memory): Promise<DeliveredRecord | undefined> {
  const own = ledger.lastAnswered();
  const mine = own === undefined ? undefined : (await archive.ofCall(own)).find(({ delivered }) => delivered);
  if (mine?.delivered) return { ...mine, delivered: mine.delivered };
  const unclaimed = new Set((await ledger.recentCalls()).filter((call) => isUnclaimed(call, ledger)).map(({ call }) => call));
  for await (const record of archive.newestFirst(here)) if (!unclaimed.has(record.call)) return record;
  return undefined;
}

async function findById(id: string, places: PlacesAndState, archive: Archive): Promise<Picture> {
  const record = await archive.find(id);
  if (record) return load(record, places);
  throw new ToolError('not_found', `limner knows no picture ${id}. ${await describeRecent(places, archive)}`);
}

/** The delivered file while it is as it was; else the original. */
async function load(record: ImageRecord, places: PlacesAndState): Promise<Picture> {
  const { delivered, original, id } = record;
  let isOutside = false;
  const found =
    delivered &&
    (await readPictureFile(delivered.path, places).catch((error: unknown) => {
      isOutside = error instanceof ToolError && error.code === 'not_allowed';
      return undefined;
    }));
  const unchanged = found && toSha256(found.bytes) === delivered.sha256 ? found : undefined;
  const path = unchanged?.path ?? original?.path;
  const bytes = unchanged?.bytes ?? (path === undefined ? undefined : await readBytes(path));
  if (path === undefined || bytes === undefined) {
    throw new ToolError(
      'not_found',
      `The file of ${id}, ${delivered ? showPath(delivered.path) : 'never delivered'}, was changed or removed, and no original is kept.`,
    );
  }
  const name = basename(delivered?.path ?? path);
  const picture = { name, path, bytes, sha256: toSha256(bytes), facts: await inspect(bytes, id), record };
  if (unchanged || delivered === undefined) return picture;
  const { background } = record.finish;
  const painted = background ? ` It is opaque, painted on ${background.ground}, as it was before it was cut out.` : '';
  const why = isOutside
    ? 'lies outside the folders limner may read here, so the original of'
    : 'was changed, moved or removed since, so the original of';
  const warning = `${showPath(delivered.path)} ${why} ${id} was used${isOutside ? '.' : '; to use the file as it is now, give its path.'}${painted}`;
  return { ...picture, warning, isOriginal: true };
}

async function addRecent(error: unknown, places: PlacesAndState, archive: Archive): Promise<never> {
  if (!(error instanceof ToolError) || error.code !== 'not_found') throw error;
  throw new ToolError('not_found', `${error.message} ${await describeRecent(places, archive)}`, { cause: error });
}

/** The last few pictures of this folder, so that "yesterday's fox" can be found. */
async function describeRecent(places: PlacesAndState, archive: Archive): Promise<string> {
  const here = workingFolder(places);
  const recent: DeliveredRecord[] = [];
  for await (const record of archive.newestFirst(here)) if (recent.push(record) >= 5) break;
  if (recent.length === 0) return `limner has made no pictures in ${showPath(here)} yet.`;
  const lines = recent.map(
    (record) =>
      `${record.id}, ${record.at.slice(0, 16).replace('T', ' ')} UTC, ${quote(cleanText(record.prompt, 60), 40)}, ${showPath(record.delivered.path)}`,
  );
  return `Recent pictures:\n${lines.join('\n')}`;
}
