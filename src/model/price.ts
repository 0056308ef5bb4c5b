import type { Resolution } from '../media.ts';
import type { CatalogModel } from './catalog.ts';
import type { Usage } from './image-model.ts';

/**
 * Tokens assumed where nobody has counted yet: a picture sent along (Google's pages say 258 to 1120; the most is taken), and the thinking and side
 * remarks of one answer (recordings show 136 to 660; thoughts and remarks together stayed below 1200). English has four characters a token; Chinese,
 * Japanese and Korean have one.
 */
const assumedTokens = { picture: 1120, remarks: 500, mostRemarks: 1200, perCharacter: 1 / 4, mostPerCharacter: 1 } as const;

/** A search beyond Google's monthly free 5,000, in US dollars. Whether those are used up cannot be asked, so a budget counts each. */
export const dollarsPerSearch = 0.014;

/** Searches one request may make; Google names no number, recordings show one or two. */
const mostSearches = 3;

/** What one request is for, as far as its price depends on it. */
export interface PricedRequest {
  resolution: Resolution;
  /** Characters of the prompt. */
  promptLength: number;
  /** Pictures sent along, those of earlier turns included. */
  pictures: number;
  webSearch: boolean;
}

/** What one picture will cost in US dollars: most likely, and at most, which is what a budget sets aside. */
export interface Price {
  likely: number;
  most: number;
}

/** About what one picture will cost; undefined for a model whose price is unknown and not set. */
export function estimatePrice(model: CatalogModel, request: PricedRequest, pricePerImage: number | undefined): Price | undefined {
  const searches = request.webSearch ? mostSearches * dollarsPerSearch : 0;
  if (model.price === undefined) return pricePerImage === undefined ? undefined : { likely: pricePerImage, most: pricePerImage + searches };
  const pictures = request.pictures * assumedTokens.picture;
  const image = model.price.imageTokens[request.resolution];
  const toSum = (perCharacter: number, text: number) =>
    toDollars(model, { input: request.promptLength * perCharacter + pictures, image, text }) ?? 0;
  return {
    likely: toSum(assumedTokens.perCharacter, assumedTokens.remarks),
    most: toSum(assumedTokens.mostPerCharacter, assumedTokens.mostRemarks) + searches,
  };
}

/** The same where tokens are billed at a share of their price; searches are not. */
export function toReduced({ likely, most }: Price, rate: number, webSearch: boolean): Price {
  const searches = webSearch ? mostSearches * dollarsPerSearch : 0;
  return { likely: likely * rate, most: (most - searches) * rate + searches };
}

/** What tokens cost in US dollars; undefined for a model whose price is unknown. */
export function toDollars(model: CatalogModel, usage: Usage): number | undefined {
  if (model.price === undefined) return undefined;
  const { input, image, text } = model.price;
  return (usage.input * input + usage.image * image + usage.text * text) / 1_000_000;
}
