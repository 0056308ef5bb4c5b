import * as failures from './failures.ts';
import * as faults from './faults.ts';
import * as noPicture from './no-picture.ts';
import { picture } from './picture.ts';

export type { Answer } from './answer.ts';
export { bytesOf, type Grounding, type PictureLook, type PictureOptions } from './picture.ts';
export { colourOf, draw, type Look, subject } from './pictures.ts';
export type { Delivery, Reply } from './reply.ts';
export type { GoogleRequest } from './request.ts';
export { type Google, type GoogleOptions, type OtherRequest, startGoogle, testKey } from './server.ts';
export { pixelsOf } from './sizes.ts';

/** Everything the double can answer: a picture, none, an error in Google's words, a broken wire. */
export const answers = { picture, ...noPicture, ...failures, ...faults };
