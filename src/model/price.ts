import type { Resolution } from '../media.ts';
import type { CatalogModel } from './catalog.ts';
import type { Usage } from './image-model.ts';

/**
 * Tokens assumed where nobody has counted yet: a picture sent along (Google's pages say 258 to 1120; the most is taken), and the thinking and side
 * remarks of one answer (recordings show 136 to 660).
 */
const assumedTokens = { picture: 1120, remarks: 500, charactersPerToken: 4 } as const;

/** About what one picture will cost, in US dollars; undefined for a model whose price is unknown. */
export function estimateDollars(model: CatalogModel, resolution: Resolution, promptLength: number, pictures: number): number | undefined {
  if (model.price === undefined) return undefined;
  const input = promptLength / assumedTokens.charactersPerToken + pictures * assumedTokens.picture;
  return toDollars(model, { input, image: model.price.imageTokens[resolution], text: assumedTokens.remarks });
}

/** What tokens cost in US dollars; undefined for a model whose price is unknown. */
export function toDollars(model: CatalogModel, usage: Usage): number | undefined {
  if (model.price === undefined) return undefined;
  const { input, image, text } = model.price;
  return (usage.input * input + usage.image * image + usage.text * text) / 1_000_000;
}
