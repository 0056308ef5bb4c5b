import type { Backend } from '../backend.ts';
import { type AspectRatio, type Resolution, resolutions, type Size, shapeDistance } from '../media.ts';

/** US dollars per million tokens, paid tier, and the image tokens one picture takes at each resolution. */
interface Price {
  input: number;
  text: number;
  image: number;
  imageTokens: Record<Resolution, number>;
}

/** What is known of one Gemini image model. */
export interface CatalogModel {
  id: string;
  nickname: string;
  ratios: readonly AspectRatio[];
  resolutions: readonly Resolution[];
  search: boolean;
  /** Absent for a model the catalogue does not know. */
  price?: Price;
  /** Said to whoever uses it. */
  notice?: string;
}

export interface ChosenModel {
  model: CatalogModel;
  /** Something the caller should hear about the choice, such as a successor used in place of a retired id. */
  warning?: string;
}

const wideRatios = ['1:1', '2:3', '3:2', '3:4', '4:3', '4:5', '5:4', '9:16', '16:9', '21:9'] as const;
const allRatios = [...wideRatios, '1:4', '4:1', '1:8', '8:1'] as const;

/** The most pictures one request should carry; Google documents 14 for every current image model. */
export const maxImages = 14;

/** A request stays below 20 MB, in characters of JSON, which every proxy on the way takes; the rest is left for words and the frame of the JSON. */
export const maxRequestLength = 19_500_000;

/** Vertex AI takes no larger picture inside a request, in bytes; what is larger has to lie in Google Cloud Storage. */
export const mostVertexPictureBytes = 7_000_000;

/**
 * The models, newest first; the first is the default. Ids, abilities and prices: Google's model and price pages as of October 2026; lite's ten
 * ratios and the token counts of 3.1 flash were measured live, where the pages disagree.
 */
export const models: readonly CatalogModel[] = [
  {
    id: 'gemini-nano-banana-2.1',
    nickname: 'flash',
    ratios: allRatios,
    resolutions,
    search: true,
    price: { input: 1.5, text: 7.5, image: 30, imageTokens: { '1K': 1120, '2K': 1680, '4K': 3780 } },
  },
  {
    id: 'gemini-3-pro-image',
    nickname: 'pro',
    ratios: wideRatios,
    resolutions,
    search: true,
    price: { input: 2, text: 12, image: 120, imageTokens: { '1K': 1120, '2K': 1120, '4K': 2000 } },
  },
  {
    id: 'gemini-3.1-flash-lite-image',
    nickname: 'lite',
    ratios: wideRatios,
    resolutions: ['1K'],
    search: false,
    price: { input: 0.25, text: 1.5, image: 30, imageTokens: { '1K': 1120, '2K': 1120, '4K': 1120 } },
  },
  {
    id: 'gemini-3.1-flash-image',
    nickname: 'Nano Banana 2',
    ratios: allRatios,
    resolutions,
    search: true,
    price: { input: 0.5, text: 3, image: 60, imageTokens: { '1K': 1120, '2K': 1680, '4K': 2520 } },
    notice: 'Google has deprecated gemini-3.1-flash-image and may switch it off; gemini-nano-banana-2.1 ("flash") is its successor.',
  },
];

/** Only Vertex AI still has it, until March 2027; there, 3.1 flash stays until May 2027 at least. It takes `imageSize` and passes over it. */
const firstNanoBanana: CatalogModel = {
  id: 'gemini-2.5-flash-image',
  nickname: 'Nano Banana',
  ratios: wideRatios,
  resolutions: ['1K'],
  search: false,
  price: { input: 0.3, text: 2.5, image: 30, imageTokens: { '1K': 1290, '2K': 1290, '4K': 1290 } },
  notice: 'Google switches gemini-2.5-flash-image off on Vertex AI on 15 March 2027; gemini-nano-banana-2.1 ("flash") is its successor.',
};

/** The models an upstream has, newest first; the stand-in draws for those of the Gemini API. */
export function modelsOf(backend: Backend): readonly CatalogModel[] {
  return backend === 'vertex' ? [...models.map(({ notice: _ofGemini, ...model }) => model), firstNanoBanana] : models;
}

/** Other names people use for the models above; lower case, words joined by `-`. */
const aliases: Record<string, string> = {
  'nano-banana': 'gemini-nano-banana-2.1',
  'nano-banana-2.1': 'gemini-nano-banana-2.1',
  'nano-banana-pro': 'gemini-3-pro-image',
  'nano-banana-pro-preview': 'gemini-3-pro-image',
  'gemini-3-pro': 'gemini-3-pro-image',
  'nano-banana-2-lite': 'gemini-3.1-flash-lite-image',
  'nano-banana-lite': 'gemini-3.1-flash-lite-image',
  'nano-banana-2': 'gemini-3.1-flash-image',
};

/** Ids Google has switched off, and what takes their place. Prefixes, longest match first. */
const successors: readonly (readonly [prefix: string, successor: string])[] = [
  ['gemini-3-pro-image-preview', 'gemini-3-pro-image'],
  ['gemini-3.1-flash-image-preview', 'gemini-nano-banana-2.1'],
  ['gemini-2.5-flash-image', 'gemini-nano-banana-2.1'],
  ['gemini-2.0-flash-preview-image-generation', 'gemini-nano-banana-2.1'],
  ['gemini-2.0-flash-exp', 'gemini-nano-banana-2.1'],
  ['imagen-4.0-ultra', 'gemini-3-pro-image'],
  ['imagen-', 'gemini-nano-banana-2.1'],
];

/** flash, pro, lite. */
const nicknames: readonly string[] = models.slice(0, 3).map((model) => model.nickname);

/**
 * The model a caller means by a nickname, an alias, a full id (with or without `models/`) or a retired id. An id nobody knows is passed on
 * as it is, with a warning, since Google may have published it since.
 */
export function chooseModel(name: string, backend: Backend = 'gemini'): ChosenModel {
  const plain = name.trim().replace(/^models\//, '');
  const key = plain.toLowerCase().replace(/[\s_]+/g, '-');
  const id = aliases[key] ?? key;
  const known = modelsOf(backend).find((model) => model.id === id || model.nickname === key);
  if (known) return known.notice === undefined ? { model: known } : { model: known, warning: known.notice };
  const successor = successors.find(([prefix]) => key.startsWith(prefix))?.[1];
  const replacement = models.find((model) => model.id === successor);
  if (replacement) {
    return { model: replacement, warning: `${plain} has been switched off by Google; its successor ${replacement.id} was used instead.` };
  }
  return {
    model: { id: plain, nickname: plain, ratios: allRatios, resolutions, search: true },
    warning: `limner does not know the model ${plain}: it is used as it is, and its price is unknown. Known: ${nicknames.join(', ')}.`,
  };
}

/** Ids of the current models with an ability, for errors that name who can do what was asked. */
export function modelsThatCan(able: (model: CatalogModel) => boolean): string {
  const names = models.filter((model) => model.notice === undefined && able(model)).map((model) => `${model.nickname} (${model.id})`);
  return names.join(' or ');
}

/** The ratio of `ratios` whose shape is nearest to `wanted`. */
export function nearestRatio(ratios: readonly AspectRatio[], wanted: Size | AspectRatio): AspectRatio {
  return ratios.reduce((best, ratio) => (shapeDistance(ratio, wanted) < shapeDistance(best, wanted) ? ratio : best), ratios[0] ?? '1:1');
}

/** Documented 1K sizes, landscape and square; portrait mirrors them, 2K doubles and 4K quadruples them. */
const sizesAt1K: Record<string, Size> = {
  '1:1': { width: 1024, height: 1024 },
  '3:2': { width: 1264, height: 848 },
  '4:3': { width: 1200, height: 896 },
  '5:4': { width: 1152, height: 928 },
  '16:9': { width: 1376, height: 768 },
  '21:9': { width: 1584, height: 672 },
  '4:1': { width: 2048, height: 512 },
  '8:1': { width: 3072, height: 384 },
};

/** The pixels Google documents for a ratio and resolution. Real answers differ by a few percent: 16:9 at 1K is usually 1408×768. */
export function documentedSize(ratio: AspectRatio, resolution: Resolution): Size {
  const factor = { '1K': 1, '2K': 2, '4K': 4 }[resolution];
  const mirrored = ratio.split(':').reverse().join(':');
  const landscape = sizesAt1K[ratio];
  const portrait = sizesAt1K[mirrored];
  const size = landscape ?? { width: portrait?.height ?? 1024, height: portrait?.width ?? 1024 };
  return { width: size.width * factor, height: size.height * factor };
}
