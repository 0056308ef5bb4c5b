import sharp from 'sharp';
import { bodyTooLarge, invalid, keyInvalid, keyMissing, modelRetired, modelUnknown, type Problem } from './errors.ts';
import { anyRatio, anySize, findModel, type GoogleModel, successorOf } from './models.ts';
import type { Body, Content, GoogleRequest, Part } from './request.ts';
import { toProblem, type Violation } from './schema.ts';
import { sniff } from './sniff.ts';

/** limner promises to stay below 20 MB; Google itself has taken up to 100 MB since January 2026. */
export const maxBodyBytes = 20 * 1024 * 1024;

const inputTypes = ['image/png', 'image/jpeg', 'image/webp', 'image/heic', 'image/heif'];
const unreadable = invalid('Request contains an invalid argument.');

/** Why the caller may not call at all: no key, a key in the address, a wrong key. */
export function findKeyProblem(apiKey: string | undefined, query: URLSearchParams, key: string): Problem | undefined {
  // Google takes ?key=, but addresses end up in logs: limner must never send it so.
  if (query.has('key')) return invalid('API key in the query string: send it in the x-goog-api-key header.');
  if (apiKey === undefined || apiKey === '') return keyMissing();
  return apiKey === key ? undefined : keyInvalid();
}

/** Which models there are, and what is said of any other. */
export interface Catalogue {
  find(id: string): GoogleModel | undefined;
  missing(id: string): Problem;
}

const geminiCatalogue: Catalogue = {
  find: findModel,
  missing(id) {
    const successor = successorOf(id);
    return successor === undefined ? modelUnknown(id) : modelRetired(id, successor);
  },
};

/** What Google would refuse in this request, the first of it; undefined for a good one. */
export async function findProblem(
  request: GoogleRequest,
  body: Body,
  violations: readonly Violation[],
  catalogue: Catalogue = geminiCatalogue,
): Promise<Problem | undefined> {
  if (request.bytes > maxBodyBytes) return bodyTooLarge(maxBodyBytes);
  if (request.body === undefined) return invalid('Invalid JSON payload received. Unexpected token.');
  if (violations.length > 0) return toProblem(violations);
  const model = catalogue.find(request.model);
  if (model === undefined) return catalogue.missing(request.model);
  return (
    findContentsProblem(body.contents) ??
    findConfigProblem(body, model) ??
    findSearchProblem(body, model) ??
    (await findImageProblem(body.contents))
  );
}

function findContentsProblem(contents: readonly Content[]): Problem | undefined {
  const last = contents.at(-1);
  if (last === undefined) return invalid('* GenerateContentRequest.contents: contents is not specified\n');
  if (contents.some((turn) => !['user', 'model', undefined].includes(turn.role))) return invalid('Please use a valid role: user, model.');
  if (last.role === 'model') return invalid('Please ensure that single turn requests end with a user role or the role field is empty.');
  for (const [index, turn] of contents.entries()) {
    if (turn.parts.length === 0) return invalid(`* GenerateContentRequest.contents[${index}].parts: contents.parts must not be empty.\n`);
    const problem = turn.parts
      .map((part, at) => findPartProblem(part, `contents[${index}].parts[${at}]`))
      .find((found) => found !== undefined);
    if (problem) return problem;
  }
  const empty = last.parts.every((part) => part.text !== undefined && part.text.trim() === '');
  return empty ? invalid('Request has empty input.') : undefined;
}

function findPartProblem(part: Part, path: string): Problem | undefined {
  const kinds = Object.entries(part).filter(([, value]) => value !== undefined);
  const [, second] = kinds;
  if (second) return invalid(`Invalid value at '${path}' (oneof), oneof field 'data' is already set. Cannot set '${second[0]}'`);
  if (kinds.length === 0)
    return invalid(`* GenerateContentRequest.${path}.data: required oneof field 'data' must have one initialized field\n`);
  return part.fileData && !/^https:\/\/|\/v1beta\/files\//.test(part.fileData.fileUri) ? unreadable : undefined;
}

function findConfigProblem({ generationConfig }: Body, model: GoogleModel): Problem | undefined {
  const { imageConfig, thinkingConfig, candidateCount = 1, responseMimeType } = generationConfig;
  const { aspectRatio, imageSize } = imageConfig;
  if (candidateCount > 1) return invalid('Multiple candidates is not enabled for this model');
  if (responseMimeType === 'application/json') return invalid('JSON mode is not enabled for this model');
  if (aspectRatio !== undefined && !anyRatio.includes(aspectRatio)) {
    return invalid(`aspect_ratio must be one of ${anyRatio.map((ratio) => `'${ratio}'`).join(', ')}.`);
  }
  if (aspectRatio !== undefined && !model.ratios.includes(aspectRatio)) {
    return invalid(`Aspect ratio ${aspectRatio} is not supported for this model`);
  }
  if (imageSize !== undefined && !anySize.includes(imageSize)) {
    return invalid(`Unsupported image_size '${imageSize}'. Supported values are: ${anySize.join(', ')}.`);
  }
  if (imageSize !== undefined && !model.sizes.includes(imageSize))
    return invalid(`Image size ${imageSize} is not supported for this model`);
  const level = thinkingConfig.thinkingLevel;
  if (level === undefined || model.thinkingLevels.includes(level)) return undefined;
  return invalid(`Thinking level ${level} is not supported for this model. Please retry with other thinking level.`);
}

function findSearchProblem({ tools }: Body, model: GoogleModel): Problem | undefined {
  const searches = tools.flatMap((tool) => tool.googleSearch ?? []);
  if (searches.length > 0 && model.search.length === 0) return invalid('Search as tool is not enabled for this model');
  const wantsImages = searches.some((search) => search.searchTypes?.imageSearch !== undefined);
  return wantsImages && !model.search.includes('image') ? invalid('Image search is not enabled for this model') : undefined;
}

async function findImageProblem(contents: readonly Content[]): Promise<Problem | undefined> {
  const blobs = contents.flatMap((turn) => turn.parts.flatMap((part) => part.inlineData ?? []));
  for (const { mimeType, data } of blobs) {
    if (!inputTypes.includes(mimeType)) return invalid(`Unsupported MIME type: ${mimeType}`);
    if (!(await isReallyA(mimeType, data))) return unreadable;
  }
  return undefined;
}

/** HEIC and HEIF share their container and their brands, and sharp's build has no decoder for them: the first bytes must do. */
async function isReallyA(mimeType: string, bytes: Buffer): Promise<boolean> {
  const found = sniff(bytes) ?? '';
  if (mimeType === 'image/heic' || mimeType === 'image/heif') return found === 'image/heic' || found === 'image/heif';
  if (found !== mimeType) return false;
  return sharp(bytes)
    .metadata()
    .then(
      () => true,
      () => false,
    );
}
