import type { PictureFacts } from '../image/inspect.ts';
import type { Format } from '../media.ts';

/**
 * The picture as an upright PNG without its flat background, or the very same bytes where it is transparent already; throws where the background is not
 * flat. `name` is what the caller calls it, `xmp` the packet of that PNG.
 */
export type RemoveBackground = (bytes: Uint8Array, name: string, xmp: string) => Promise<{ bytes: Uint8Array; notes: readonly string[] }>;

/** The work on the pictures themselves, which is done elsewhere: they are anybody's. */
export interface ExportWork {
  /** The files of one picture; `isOnly`: it is the only one of the call. */
  exportOne(source: ExportSource, wish: ExportWish, isOnly: boolean): Promise<Exported>;
  /** One sheet of them all. */
  exportSheet(sources: readonly ExportSource[], wish: ExportWish): Promise<Exported>;
}

export const presets = ['none', 'favicon', 'pwa', 'ios', 'android', 'og', 'srcset', 'densities', 'sprite', 'pixel-art'] as const;
export type Preset = (typeof presets)[number];

export const fits = ['cover', 'contain'] as const;
export type Fit = (typeof fits)[number];

/** What an export was asked, arguments repaired and validated; what is absent was not asked. */
export interface ExportWish {
  preset: Preset;
  width?: number | undefined;
  height?: number | undefined;
  /** cover (default) cuts overhang away around what draws the eye; contain adds a border. */
  fit?: Fit | undefined;
  format?: Format | undefined;
  /** Largest file, in thousands of bytes. */
  maxKb?: number | undefined;
  /** What the picture shows, for those who do not see it. */
  alt?: string | undefined;
  /** A flat background is removed. */
  transparent?: boolean | undefined;
  /** Empty or one-coloured margins are cut away first. */
  trim?: boolean | undefined;
  /** Widths in pixels, for srcset. */
  widths?: readonly number[] | undefined;
}

/** A picture to export. */
export interface ExportSource {
  /** What the caller calls it. */
  name: string;
  /** What its files are named after. */
  stem: string;
  bytes: Uint8Array;
  facts: PictureFacts;
  /** Where its pixels come from, as IPTC's digital source type; undefined: as its own metadata says. */
  sourceType?: string | undefined;
  /** Its alternative text; undefined: as its own metadata says. */
  alt?: string | undefined;
}

/** A file that an export makes. */
export interface ExportedFile {
  /** Relative to the folder, parts separated by `/`. */
  name: string;
  bytes: Uint8Array;
  mediaType: string;
  /** Pixels, of a picture. */
  width?: number;
  height?: number;
  /** What a picture shows, for those who do not see it. */
  alt?: string;
  /** Every difference between what was asked and what this file is, and what was done that the caller should hear. */
  notes: readonly string[];
}

/** Text to be pasted. */
interface Markup {
  language: 'html' | 'json' | 'xml' | 'css';
  text: string;
}

/** What an export makes; nothing is written yet. */
export interface Exported {
  files: readonly ExportedFile[];
  /** To be pasted; empty when there is nothing to paste. */
  markup: readonly Markup[];
  /** What is true of all of it. */
  notes: readonly string[];
}
