/**
 * What Google's image models take and give, written down a second time on purpose: the server under test has its own table, and a mistake in
 * one must not hide in the other.
 */
export interface GoogleModel {
  id: string;
  displayName: string;
  ratios: readonly string[];
  sizes: readonly string[];
  /** Which kinds of search the model can be grounded with. */
  search: readonly ('web' | 'image')[];
  thinkingLevels: readonly string[];
  tokens: { input: number; output: number };
  /** Output tokens of one picture, by size. */
  imageTokens: Record<string, number>;
}

const tenRatios = ['1:1', '2:3', '3:2', '3:4', '4:3', '4:5', '5:4', '9:16', '16:9', '21:9'];
const fourteenRatios = ['1:1', '1:4', '1:8', '2:3', '3:2', '3:4', '4:1', '4:3', '4:5', '5:4', '8:1', '9:16', '16:9', '21:9'];

/** Every ratio some model takes, in the order of Google's message. */
export const anyRatio: readonly string[] = fourteenRatios;
/** Every size some model takes, in the order of Google's message. */
export const anySize: readonly string[] = ['1K', '2K', '4K', '512', '512P', '512PX'];

export const newest: GoogleModel = {
  id: 'gemini-nano-banana-2.1',
  displayName: 'Nano Banana 2.1',
  ratios: fourteenRatios,
  sizes: ['1K', '2K', '4K'],
  search: ['web', 'image'],
  thinkingLevels: ['MINIMAL', 'MEDIUM', 'HIGH'],
  tokens: { input: 131_072, output: 32_768 },
  imageTokens: { '1K': 1120, '2K': 1680, '4K': 3780 },
};

const models: readonly GoogleModel[] = [
  newest,
  {
    id: 'gemini-3-pro-image',
    displayName: 'Nano Banana Pro',
    ratios: tenRatios,
    sizes: ['1K', '2K', '4K'],
    search: ['web'],
    thinkingLevels: [],
    tokens: { input: 65_536, output: 32_768 },
    imageTokens: { '1K': 1120, '2K': 1120, '4K': 2000 },
  },
  {
    id: 'gemini-3.1-flash-lite-image',
    displayName: 'Nano Banana 2 Lite',
    ratios: tenRatios,
    sizes: ['1K'],
    search: [],
    thinkingLevels: ['MINIMAL', 'HIGH'],
    tokens: { input: 65_536, output: 4_096 },
    imageTokens: { '1K': 1120 },
  },
  {
    id: 'gemini-3.1-flash-image',
    displayName: 'Nano Banana 2',
    ratios: fourteenRatios,
    sizes: anySize,
    search: ['web', 'image'],
    thinkingLevels: ['MINIMAL', 'HIGH'],
    tokens: { input: 131_072, output: 32_768 },
    imageTokens: { '512': 747, '512P': 747, '512PX': 747, '1K': 1120, '2K': 1680, '4K': 2520 },
  },
];

/** Ids that have been switched off, and what Google's message names instead. */
const retired: Record<string, string> = {
  'gemini-2.5-flash-image': 'gemini-nano-banana-2.1',
  'gemini-2.5-flash-image-preview': 'gemini-nano-banana-2.1',
  'gemini-2.0-flash-preview-image-generation': 'gemini-nano-banana-2.1',
  'gemini-3.1-flash-image-preview': 'gemini-3.1-flash-image',
  'gemini-3-pro-image-preview': 'gemini-3-pro-image',
  'imagen-4.0-generate-001': 'gemini-nano-banana-2.1',
  'imagen-4.0-ultra-generate-001': 'gemini-3-pro-image',
  'imagen-4.0-fast-generate-001': 'gemini-nano-banana-2.1',
};

/** Switched off on the Gemini API, and not yet on Vertex AI. */
const first: GoogleModel = {
  id: 'gemini-2.5-flash-image',
  displayName: 'Nano Banana',
  ratios: tenRatios,
  sizes: anySize,
  search: [],
  thinkingLevels: [],
  tokens: { input: 32_768, output: 32_768 },
  imageTokens: { '1K': 1290 },
};

export function findVertexModel(id: string): GoogleModel | undefined {
  return id === first.id ? first : findModel(id);
}

export function findModel(id: string): GoogleModel | undefined {
  return models.find((model) => model.id === id);
}

export function successorOf(id: string): string | undefined {
  return Object.hasOwn(retired, id) ? retired[id] : undefined;
}

function toListed(model: GoogleModel): Record<string, unknown> {
  return {
    name: `models/${model.id}`,
    version: '3.0',
    displayName: model.displayName,
    inputTokenLimit: model.tokens.input,
    outputTokenLimit: model.tokens.output,
    supportedGenerationMethods: ['generateContent', 'countTokens', 'batchGenerateContent'],
  };
}

/** The whole list, with a model that makes no pictures among them, as in Google's. */
export const listed: readonly Record<string, unknown>[] = [
  {
    name: 'models/gemini-embedding-001',
    version: '001',
    displayName: 'Gemini Embedding 001',
    inputTokenLimit: 2048,
    outputTokenLimit: 1,
    supportedGenerationMethods: ['embedContent'],
  },
  ...models.map(toListed),
];
