import { basename } from 'node:path';
import type { Config } from '../config.ts';
import { ToolError } from '../errors.ts';
import { isInside, type Places, toAbsolutePath } from '../files/paths.ts';
import { readBytes, readPictureFile } from '../files/read.ts';
import { inspect, type PictureFacts } from '../image/inspect.ts';
import { cleanText, quote } from '../text.ts';
import { type Archive, type ImageRecord, imageIdPattern, toSha256 } from './archive.ts';

/** A picture an argument names, found and read. */
export interface Picture {
  /** File name, for the model and for errors. */
  name: string;
  /** The file that was used, absolute. */
  path: string;
  bytes: Uint8Array;
  facts: PictureFacts;
  /** Its id, when limner made it and it was not changed since. */
  id?: string;
  /** What the caller should hear about the choice of the file. */
  warning?: string;
}

type PlacesAndState = Places & Pick<Config, 'stateDir'>;

/**
 * The picture an argument means: a path, the id of a picture limner made, or `last`. Throws `not_found` with the recent pictures, `not_allowed`,
 * `unreadable_image`, or `invalid_argument` for base64, addresses and an ambiguous `last`.
 */
export async function identify(argument: string, places: PlacesAndState, archive: Archive): Promise<Picture> {
  const wanted = argument.trim();
  refuseOtherForms(wanted);
  if (wanted.toLowerCase() === 'last') return findLast(places, archive);
  const id = toId(wanted, places);
  if (id !== undefined) return findById(id, places, archive);
  const { path, bytes } = await readPictureFile(wanted, places).catch((error) => addRecent(error, places, archive));
  const sha256 = toSha256(bytes);
  const record = (await archive.recall()).findLast((known) => known.delivered.sha256 === sha256 || known.original?.sha256 === sha256);
  return { name: basename(path), path, bytes, facts: await inspect(bytes, wanted), ...(record && { id: record.id }) };
}

/** The id an argument is, or the id of an original that an answer named: those lie in the archive, where paths do not reach. */
function toId(argument: string, places: PlacesAndState): string | undefined {
  if (imageIdPattern.test(argument)) return argument;
  const stem = basename(argument).replace(/\.\w+$/, '');
  return imageIdPattern.test(stem) && isInside(places.stateDir, toAbsolutePath(argument, places)) ? stem : undefined;
}

function refuseOtherForms(argument: string): void {
  if (/^data:/i.test(argument) || (argument.length > 300 && /^[A-Za-z0-9+/=_\s-]+$/.test(argument))) {
    throw new ToolError('invalid_argument', 'A picture was given as base64 data; limner takes paths. Save it as a file and pass its path.');
  }
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(argument) && !/^file:/i.test(argument)) {
    throw new ToolError(
      'invalid_argument',
      `${quote(argument, 120)} is an address; limner takes paths. Download the picture and pass its path.`,
    );
  }
}

async function findLast(places: PlacesAndState, archive: Archive): Promise<Picture> {
  const here = workingFolder(places);
  const newest = archive.ofThisProcess().at(-1) ?? (await archive.recall()).findLast((record) => record.folder === here);
  if (newest === undefined)
    throw new ToolError('not_found', `"last" names nothing: limner has made no picture in ${here} yet. Give a path or an id.`);
  const together = [...(await archive.recall())].filter((record) => record.call === newest.call);
  if (together.length > 1) {
    const ids = together.map((record) => `${record.id} (${basename(record.delivered.path)})`).join(', ');
    throw new ToolError(
      'invalid_argument',
      `"last" could mean any of ${together.length} variations: ${ids}. Give the id or the path of one.`,
    );
  }
  return load(newest, places);
}

async function findById(id: string, places: PlacesAndState, archive: Archive): Promise<Picture> {
  const record = (await archive.recall()).findLast((known) => known.id === id);
  if (record) return load(record, places);
  throw new ToolError('not_found', `limner knows no picture ${id}. ${await describeRecent(places, archive)}`);
}

/** The delivered file while it is as it was; else the original. */
async function load(record: ImageRecord, places: PlacesAndState): Promise<Picture> {
  const delivered = await readPictureFile(record.delivered.path, places).catch(() => undefined);
  const unchanged = delivered && toSha256(delivered.bytes) === record.delivered.sha256 ? delivered : undefined;
  const path = unchanged?.path ?? record.original?.path;
  const bytes = unchanged?.bytes ?? (path === undefined ? undefined : await readBytes(path));
  if (path === undefined || bytes === undefined) {
    throw new ToolError(
      'not_found',
      `The file of ${record.id}, ${record.delivered.path}, was changed or removed, and no original is kept.`,
    );
  }
  const picture = { name: basename(record.delivered.path), path, bytes, facts: await inspect(bytes, record.id), id: record.id };
  if (unchanged) return picture;
  const warning = `${record.delivered.path} was changed, moved or removed since, so the original of ${record.id} was used; to use the file as it is now, give its path.`;
  return { ...picture, warning };
}

async function addRecent(error: unknown, places: PlacesAndState, archive: Archive): Promise<never> {
  if (!(error instanceof ToolError) || error.code !== 'not_found') throw error;
  throw new ToolError('not_found', `${error.message} ${await describeRecent(places, archive)}`, { cause: error });
}

/** What "here" means for `last` and for recent pictures. */
function workingFolder(places: PlacesAndState): string {
  return places.projectDir ?? places.outputDir;
}

/** The last few pictures of this folder, so that "yesterday's fox" can be found. */
async function describeRecent(places: PlacesAndState, archive: Archive): Promise<string> {
  const here = workingFolder(places);
  const recent = (await archive.recall())
    .filter((record) => record.folder === here)
    .slice(-5)
    .reverse();
  if (recent.length === 0) return `limner has made no pictures in ${here} yet.`;
  const lines = recent.map(
    (record) =>
      `${record.id}, ${record.at.slice(0, 16).replace('T', ' ')} UTC, ${quote(cleanText(record.prompt, 60), 40)}, ${record.delivered.path}`,
  );
  return `Recent pictures:\n${lines.join('\n')}`;
}
