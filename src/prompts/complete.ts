import { findAllowed } from '../files/paths.ts';
import { measure } from '../files/read.ts';
import { findRecent } from '../resource-contents.ts';
import { showPath } from '../text.ts';
import type { Deps } from '../tool.ts';
import type { Completion } from './table.ts';

/** Pictures that are looked through; the protocol takes at most 100 suggestions, and each has a path and an id. */
const recent = 50;

/** Suggestions for what was typed so far, the likeliest first. */
export async function complete(completes: Completion, typed: string, deps: Pick<Deps, 'config' | 'open'>): Promise<string[]> {
  const wanted = typed.trim().toLowerCase();
  const offered = completes === 'picture' ? await listPictures(deps) : choices[completes];
  const matching = offered.filter((value) => value.toLowerCase().includes(wanted));
  return [...matching].sort((a, b) => Number(b.toLowerCase().startsWith(wanted)) - Number(a.toLowerCase().startsWith(wanted)));
}

/** Of each recent picture, newest first, its file, where that is there to be read, and its id. */
async function listPictures({ config, open }: Pick<Deps, 'config' | 'open'>): Promise<string[]> {
  const records = await findRecent({ config, ...(await open()) }, recent);
  const names = records.map(async ({ id, delivered }) => {
    const path = delivered && (await findAllowed(delivered.path, config));
    return path !== undefined && (await measure(path)) !== undefined ? [showPath(path), id] : [id];
  });
  return (await Promise.all(names)).flat();
}

const choices: Record<Exclude<Completion, 'picture'>, readonly string[]> = {
  aspect_ratio: ['1:1', '3:2', '2:3', '4:3', '3:4', '4:5', '5:4', '16:9', '9:16', '21:9', '4:1', '1:4', '8:1', '1:8'],
  light: [
    'soft morning light from the side',
    'golden hour, low sun behind the subject',
    'overcast sky, even light without hard shadows',
    'hard noon sun, deep shadows',
    'blue hour, lit windows',
    'neon signs on wet ground',
    'candlelight from below',
    'one large softbox from the left',
    'three softboxes, no visible shadow',
    'rim light on a dark ground',
    'window light through thin curtains',
  ],
  mood: ['calm', 'cheerful', 'dramatic', 'melancholic', 'mysterious', 'nostalgic', 'playful', 'solemn', 'tense', 'tender'],
  shot: [
    'close-up, 85 mm portrait lens, background out of focus',
    'macro, 100 mm lens, a few millimetres in focus',
    'wide shot, 24 mm lens, everything sharp',
    'low angle, looking up',
    'from above, straight down',
    'from a drone, high and far',
    'at eye level, 50 mm lens',
    'long exposure on a tripod',
    'telephoto, 200 mm, layers of distance pressed together',
  ],
  style: [
    'flat vector, few colours',
    'kawaii, bold outline, cel shading',
    'line drawing in ink',
    'watercolour on rough paper',
    'oil painting with visible strokes',
    'pencil drawing with hatching',
    'manga in black and white',
    'clear line, as in Franco-Belgian comics',
    'woodcut print',
    'risograph print in two colours',
    'pixel art, 32 by 32',
    'clay figure, as in stop motion',
    'isometric 3D render',
    'paper cut-out with soft shadows',
    'stained glass',
    'engraving, as on banknotes',
  ],
  lettering: [
    'bold sans serif capitals',
    'thin sans serif, wide spacing',
    'classic serif, as in a book',
    'slab serif, as on old posters',
    'brush script by hand',
    'chalk on a blackboard',
    'rounded and friendly',
    'blackletter',
    'neon tubes',
    'stencil',
  ],
  kind: ['poster', 'logo', 'shop sign', 'book cover', 'album cover', 'web banner', 'invitation', 'greeting card', 'T-shirt print', 'menu'],
  layout: [
    'the words large in the middle, the picture around them',
    'the words above, the picture below',
    'the picture above, the words below',
    'the words on the left, the picture on the right',
    'the first line large, the others small below it',
    'the words around a circle, a mark inside',
  ],
  position: ['bottom right', 'bottom left', 'top right', 'top left', 'centre', 'lower third, in the middle', 'left edge', 'right edge'],
  surface: [
    'polished concrete',
    'white seamless paper',
    'black glass with a reflection',
    'oak table',
    'marble slab',
    'linen cloth',
    'wet slate',
    'sand',
  ],
  angle: [
    'three quarters from above, 45°',
    'at eye level, from the front',
    'from the side',
    'straight down',
    'slightly from below',
    'close on one detail',
  ],
  panels: ['3', '4', '6', '2', '8'],
  finish: [
    'photograph',
    'studio product photo',
    'architectural render',
    'interior photo',
    'fashion photo',
    '3D render',
    'painted illustration',
  ],
  chart: ['timeline', 'comparison side by side', 'steps of a process', 'labelled cutaway', 'map', 'bar chart', 'ranking', 'cycle'],
  region: [
    'top half',
    'bottom half',
    'left half',
    'right half',
    'top left',
    'top right',
    'bottom left',
    'bottom right',
    'center',
    'bottom third',
  ],
  views: [
    'front, left profile, back',
    'front, three quarters, left profile, back',
    'front and back',
    'face only: front, left profile, right profile',
  ],
  ground: ['off-white', 'light grey', 'warm beige', 'pale blue', 'sage green', 'deep navy', 'black', 'soft pink'],
  palette: [
    'black and white',
    'navy, cream and coral',
    'teal and orange',
    'forest green and gold',
    'pastel pink, mint and lemon',
    'red, black and off-white',
  ],
};
