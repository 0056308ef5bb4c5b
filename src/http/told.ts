import { relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Fetchable, Remote } from '../remote.ts';
import { imagesUri } from '../resource-uris.ts';
import type { LinkMaker } from './links.ts';
import { toRemoteWords } from './words.ts';

/** What a person has on this disk; real paths. */
export interface Space {
  /** Their files: what paths are relative to. */
  files: string;
  /** Archive, ledger and history. */
  state: string;
}

/** How a caller elsewhere is told where things are. `root` holds every space. */
export function createRemote(name: string, root: string, { files, state }: Space, makeLink: LinkMaker | undefined): Remote {
  const below = toPattern([files, pathToFileURL(files).href], '[/\\\\]');
  const original = toPattern([state, pathToFileURL(state).href], '[/\\\\]images[/\\\\](img_[a-z2-7]{16})(?:\\.[a-z]+)?');
  const archive = toPattern([state, pathToFileURL(state).href], '');
  const itself = toPattern([files, pathToFileURL(files).href], '');
  const other = toPattern([root, pathToFileURL(root).href], '');
  const cut = toCutPattern(files);
  return {
    toTold: (text) =>
      text
        .replace(original, `${imagesUri}/$1`)
        .replace(below, '')
        .replace(itself, 'your space')
        .replace(archive, "limner's archive")
        .replace(other, 'the server')
        .replace(cut, '…'),
    toWords: toRemoteWords,
    toLink: makeLink && ((what) => makeLink(name, toAddress(what, files))),
  };
}

/** The address of what can be fetched, without the server's name. */
function toAddress(what: Fetchable, files: string): string {
  if ('image' in what) return `/images/${what.image}/file`;
  return `/files/${relative(files, what.file).split(sep).map(encodeURIComponent).join('/')}`;
}

function toPattern(folders: readonly string[], rest: string): RegExp {
  return new RegExp(`(?:${folders.map(escapeSigns).join('|')})${rest}`, 'g');
}

/** Errors show the end of a long path, in the middle of whose folders it may begin. */
function toCutPattern(files: string): RegExp {
  const ends = Array.from({ length: files.length - 1 }, (_, index) => escapeSigns(`${files.slice(index + 1)}${sep}`));
  return new RegExp(`…(?:${ends.join('|')})`, 'g');
}

function escapeSigns(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
