import { join, parse, sep } from 'node:path';
import { isTooWide } from '../system-folders.ts';
import { quote } from '../text.ts';
import { isInside, type Places } from './paths.ts';

/** Longest path, and longest name in it, that a person is asked about, in characters: it has to be read. */
const [longestPath, longestName] = [200, 60];

/** Names in which nothing can be said but a name: no quotation marks, line ends, list separators or anything that is not seen. */
const plainName = /^[\p{L}\p{N}\p{M}_(][\p{L}\p{N}\p{M} ._()+,&=@#~-]*$/u;

/** What the system and its services keep, beside what is too wide in any case. */
const kept = /^\/(private\/)?(boot|dev|etc|proc|root|run|sys|var)(\/|$)/;

/**
 * Whether the person may be asked to open a folder. Told by the words of its path alone, so that being asked says nothing of what is on the disk. Never: what the
 * settings refuse as too wide, folders of the system or with a hidden part, other computers, what programs keep in a home, limner's own; nor what lies in an
 * allowed folder and is closed all the same, since a link leads out of it.
 */
export function isOpenable(folder: string, places: Places & { userFile: string }): boolean {
  if (places.remote) return false;
  const { root } = parse(folder);
  const names = folder.slice(root.length).split(sep);
  const isPlain = names.every((name) => name.length <= longestName && plainName.test(name) && !name.endsWith(' '));
  // What would be shown otherwise than it is could be another folder.
  if (!isPlain || folder.length > longestPath || quote(folder, longestPath + 2) !== `"${folder}"`) return false;
  if (isTooWide(folder, places) || /^[\\/]{2}/.test(root) || (kept.test(folder) && !isInside(places.home, folder))) return false;
  const closed = [places.stateDir, parse(places.userFile).dir, ...['Library', 'AppData'].map((name) => join(places.home, name))];
  if (closed.some((own) => isInside(own, folder) || isInside(folder, own))) return false;
  return !places.allowedDirs.some((allowed) => isInside(allowed, folder));
}
