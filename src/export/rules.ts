import { ToolError } from '../errors.ts';
import type { Format } from '../media.ts';
import { quote } from '../text.ts';
import type { ExportSource, ExportWish, Preset } from './wish.ts';

/** Every preset takes alternative text. */
type Argument = Exclude<keyof ExportWish, 'preset' | 'alt'>;

/** Arguments as callers know them. */
const names: Record<Argument, string> = {
  width: 'width',
  height: 'height',
  fit: 'fit',
  format: 'format',
  maxKb: 'max_kb',
  transparent: 'background: "transparent"',
  trim: 'trim',
  widths: 'widths',
};

const all = ['width', 'height', 'fit', 'format', 'maxKb', 'transparent', 'trim', 'widths'] as const satisfies readonly Argument[];

/** What a preset can be asked. What is not in its `takes` means nothing to it and is refused with `because`, never ignored. */
interface Rule {
  takes: readonly Argument[];
  formats: readonly Format[];
  /** How many pictures it takes at once. */
  pictures: 'any' | 'one' | 'several';
  because: string;
}

const any = ['png', 'jpeg', 'webp', 'avif'] as const;
const icons = { formats: ['png'], pictures: 'one' } as const;

/** The one table of what goes with what. */
const rules: Record<Preset, Rule> = {
  none: {
    takes: ['width', 'height', 'fit', 'format', 'maxKb', 'transparent', 'trim'],
    formats: any,
    pictures: 'any',
    because: '`widths` is for the preset srcset.',
  },
  favicon: {
    ...icons,
    takes: ['fit', 'format', 'transparent', 'trim'],
    because: 'its sizes are fixed: 16, 32 and 48 in favicon.ico, 96 as PNG, 180 for Apple.',
  },
  pwa: { ...icons, takes: ['fit', 'format', 'transparent', 'trim'], because: 'its sizes are fixed: 192 and 512, each also maskable.' },
  ios: { ...icons, takes: ['fit', 'format', 'trim'], because: 'Apple fixes the sizes of the AppIcon set and wants opaque icons.' },
  android: { ...icons, takes: ['fit', 'format', 'transparent', 'trim'], because: 'Android fixes the sizes of launcher icons.' },
  og: {
    takes: ['width', 'height', 'fit', 'format', 'maxKb', 'trim'],
    formats: any,
    pictures: 'any',
    because: 'it makes one opaque picture, 1200×630 unless `width` and `height` say otherwise.',
  },
  srcset: {
    takes: ['widths', 'format', 'maxKb', 'transparent', 'trim'],
    formats: any,
    pictures: 'any',
    because: 'it makes the widths in `widths`, each in the picture’s own shape; crop first with the preset none.',
  },
  densities: {
    takes: ['width', 'height', 'fit', 'format', 'maxKb', 'transparent', 'trim'],
    formats: any,
    pictures: 'any',
    because: '`width` is the size at 1x; 2x and 3x follow from it.',
  },
  sprite: {
    takes: ['width', 'height', 'fit', 'format', 'maxKb', 'transparent', 'trim'],
    formats: ['png', 'webp'],
    pictures: 'several',
    because: '`width` and `height` are of each picture on the sheet.',
  },
  'pixel-art': {
    takes: ['width', 'height', 'format', 'transparent', 'trim'],
    formats: ['png'],
    pictures: 'any',
    because: '`width` and `height` count its pixels, and it is small as it is.',
  },
};

/** Throws `invalid_argument`, which says what to do, for what cannot be meant with this preset and these pictures. */
export function checkWish(sources: readonly ExportSource[], wish: ExportWish): void {
  const rule = rules[wish.preset];
  refuseMeaningless(wish, rule);
  refuseFormat(wish, rule);
  if (sources.length === 0) throw refusal('Expected at least one picture in `images`; none came.');
  if (rule.pictures === 'one' && sources.length > 1) {
    throw refusal(
      `The preset ${wish.preset} makes files with fixed names from one picture; ${sources.length} came. Call it once for each, with an \`output\` folder of its own.`,
    );
  }
  if (wish.alt !== undefined && sources.length > 1 && wish.preset !== 'sprite') {
    throw refusal(
      `\`alt\` describes one picture and ${sources.length} came. Call it once for each, or leave \`alt\` out: each has its own, where one was given when it was made.`,
    );
  }
  if (rule.pictures === 'several' && sources.length < 2) {
    throw refusal(
      'A sprite sheet needs at least two pictures in `images`; one came. Give the others too, or a folder; to resize one picture use the preset none.',
    );
  }
  if (wish.preset === 'densities' && wish.width === undefined) {
    throw refusal(
      'The preset densities needs `width`: the width in CSS pixels at which the picture is shown (1x); 2x and 3x are made from that.',
    );
  }
}

function refuseMeaningless(wish: ExportWish, { takes, because }: Rule): void {
  const isGiven = (name: Argument) => wish[name] !== undefined && wish[name] !== false;
  const meaningless = all.filter((name) => isGiven(name) && !takes.includes(name));
  if (meaningless.length === 0) return;
  const listed = meaningless.map((name) => `\`${names[name]}\``).join(' and ');
  throw refusal(`The preset ${wish.preset} does not take ${listed}: ${because} Leave ${meaningless.length === 1 ? 'it' : 'them'} out.`);
}

function refuseFormat({ preset, format, transparent }: ExportWish, { formats }: Rule): void {
  if (format !== undefined && !formats.includes(format)) {
    throw refusal(`The preset ${preset} makes ${formats.join(' or ')}; format ${quote(format)} came. Leave \`format\` out.`);
  }
  if (transparent && format === 'jpeg') {
    throw refusal('jpeg has no transparency. With `background: "transparent"` give `format` png, webp or avif, or leave it out.');
  }
}

function refusal(message: string): ToolError {
  return new ToolError('invalid_argument', message);
}
