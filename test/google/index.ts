import * as failures from './failures.ts';
import * as faults from './faults.ts';
import { models } from './list.ts';
import * as noPicture from './no-picture.ts';
import { picture } from './picture.ts';

export type { Answer } from './answer.ts';
export { bytesOf, type PictureOptions } from './picture.ts';
export { colourOf, draw, subject } from './pictures.ts';
export type { GoogleRequest } from './request.ts';
export { type Google, startGoogle, testKey } from './server.ts';

/** Everything the double can answer: a picture, none, an error in Google's words, a broken wire. */
export const answers = { picture, models, ...noPicture, ...failures, ...faults };
