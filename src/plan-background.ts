import type { ImageRecord } from './archive/record.ts';
import { ToolError } from './errors.ts';
import type { Format } from './media.ts';

/** Flat colours a subject is painted on to be cut out of, the best first: green is the worst of the three for warm and pale subjects. */
const keyColours = {
  magenta: '#ff00ff',
  blue: '#0000ff',
  green: '#00ff00',
} as const;
type KeyColour = keyof typeof keyColours;

/**
 * How a transparent background is come by. `key`: painted on one flat colour, which is then taken out; one request. `two-shot`: painted on white, then
 * the same on black; what differs between the two is what shines through. Two requests, and the only way that is right for what is translucent.
 */
export interface PlannedBackground {
  method: 'key' | 'two-shot';
  /** What the (first) picture is painted on. */
  ground: `#${string}`;
  /** True when nobody asked: the picture that is edited has it. */
  again: boolean;
  /** What the model is told beside the prompt. */
  words: string;
}

/** What the second shot is asked for. */
export const secondShotPrompt =
  'Change only the background of this picture: make it one completely flat, pure black (#000000) area from edge to edge. Keep the subject exactly as it is, with the same ' +
  'position, size, outline, colours, light and transparency. Where the background shows through the subject, it is black there too.';

/** What the second shot is painted on. */
export const secondGround = '#000000';

/** Subjects that light shines through, or that fade out: a colour behind them would stay in them. */
const translucent =
  /\b((?<!magnifying )glass|glassy|crystal|transparent (glass|plastic|fabric|liquid|bottle|vase|jar|wings?|film|acrylic|cloth|curtain|window|dress|sheet)|translucent|see-through|smok(e|y)|steam(ing|y)?|vapou?r|mist|glow\w*|aura|halo|neon|shadows?|liquids?|bubbles?|veils?|tulle|gauze|flames?|sparks?|lightning|ghosts?|jellyfish)\b/i;

/** What a prompt says is not to be there, and what is only to be written: neither is in the picture as a thing. */
const unseen = /\b(no|not|without|any|never) (?:(?:any|a|an|drop|hard|soft|cast) )?[\w-]+|"[^"]*"|“[^”]*”|«[^»]*»/gi;

/** Subjects whose edge is finer than a pixel. */
const fine = /\b(hairs?|hairy|haired|fur|furry|fluffy|feather\w*|whiskers?|mane|beard\w*|dandelion|grass(es)?|bristles?|eyelash\w*)\b/i;

/** Words that put a colour in the subject. */
const colourWords: Record<KeyColour, RegExp> = {
  magenta: /\b(magenta|pink|purple|violet|fuchsia|lilac|lavender|mauve|rose|roses|orchids?|plum|berry|berries|flamingos?)\b/i,
  blue: /\b(blue|navy|azure|indigo|cobalt|sapphire|ultramarine|cyan|turquoise|teal|aqua|denim|jeans|sky|ocean|sea|violet|purple)\b/i,
  green:
    /\b(green|lime|emerald|olive|mint|leaf|leaves|leafy|plants?|trees?|grass|frogs?|cactus|cacti|forest|jungle|ivy|fern|teal|turquoise)\b/i,
};

interface BackgroundWish {
  prompt: string;
  background?: 'auto' | 'transparent' | undefined;
}

/**
 * Whether and how the background is to be transparent. `again` is what the picture that is edited was made with: the same method and ground go on, since
 * the conversation shows that ground. Throws `invalid_argument` for a format that cannot hold it.
 */
export function planBackground(
  wish: BackgroundWish,
  format: Format | undefined,
  again: ImageRecord['finish']['background'],
  isEdit: boolean,
  warnings: string[],
): PlannedBackground | undefined {
  const isAsked = wish.background === 'transparent';
  if (!isAsked && again === undefined) return undefined;
  if (format === 'jpeg') {
    if (isAsked) {
      throw new ToolError(
        'invalid_argument',
        'background is transparent, and a jpeg has no transparency. Let the file be png, webp or avif: leave format out, or end output in .png.',
      );
    }
    warnings.push('The picture it comes from is transparent; a jpeg cannot be.');
    return undefined;
  }
  const { method, ground } = again ?? chooseMethod(wish.prompt);
  const isAgain = !isAsked;
  if (method === 'two-shot') {
    const why = again ? 'like the picture it comes from' : 'what is translucent or fades out comes out right only so';
    warnings.push(`Transparent: painted on white and then, in a second request that is paid too, on black (${why}).`);
  }
  return { method, ground, again: isAgain, words: toWords(ground, isEdit, isAgain) };
}

function chooseMethod(prompt: string): Pick<PlannedBackground, 'method' | 'ground'> {
  const free = Object.entries(keyColours).find(([name]) => isKeyColour(name) && !colourWords[name].test(prompt));
  if (free === undefined || translucent.test(prompt.replace(unseen, ''))) return { method: 'two-shot', ground: '#ffffff' };
  return { method: 'key', ground: free[1] };
}

function isKeyColour(name: string): name is KeyColour {
  return Object.hasOwn(keyColours, name);
}

/** True when the prompt speaks of what is finer than a pixel, so that painting it larger makes a cleaner edge. */
export function isFine(prompt: string): boolean {
  return fine.test(prompt);
}

/** The ground in words for the model: by name and by number, since either alone is taken loosely. */
function toWords(ground: string, isEdit: boolean, isAgain: boolean): string {
  const name = Object.entries(keyColours).find(([, value]) => value === ground)?.[0] ?? 'white';
  const flat = `one completely flat, uniform, pure ${name} (${ground.toUpperCase()}) area from edge to edge, without gradient, texture, pattern, horizon or frame`;
  if (isAgain) return `Unless another background is asked for above, keep the background ${flat}.`;
  const start = isEdit ? 'Put what is to be kept on a plain background' : 'Background';
  const clear = name === 'white' ? '' : ` Nothing of the subject is ${name}, and it casts no shadow on the background.`;
  return `${start}: ${flat}. The subject is whole and keeps a little distance from the edges.${clear}`;
}
