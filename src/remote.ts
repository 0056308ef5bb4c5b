/** What can be fetched over HTTP: a picture by its id, or a file of the caller's space by its path here; absolute. */
export type Fetchable = { image: string } | { file: string };

/** An address that is good without a token, and until when. */
export interface Link {
  url: string;
  until: Date;
}

/**
 * A caller on another computer, who has a space of their own here and cannot see this disk. Where things are is told in two ways: on this computer by absolute paths,
 * and to such a caller by paths within the space and by addresses.
 */
export interface Remote {
  /** A text as the caller may have it: paths of this disk become those of the space, originals their addresses. The last thing that is done to what leaves. */
  toTold(text: string): string;
  /** What limner says of itself, which is written for callers on this computer, as it is true for this one. */
  toWords(text: string): string;
  /** Undefined where no links are given out. */
  toLink: ((what: Fetchable) => Link) | undefined;
}
