import { z } from 'zod';
import { common, prompt, singleResolution } from './fields.ts';
import { definePaidTool } from './paid-tool.ts';

export const generateImage = definePaidTool({
  name: 'generate_image',
  title: 'Generate image',
  description:
    'Make a new picture from words: photo, illustration, hero image, logo, icon, poster with exact lettering, texture. It sees no existing picture: to change ' +
    'one or put something into it use edit_image; to show a known character or product in a new scene use compose_images. One call makes one subject (count ' +
    'gives variations of it); different subjects need separate calls. Paid, 5-60 s. Saves the file and returns its absolute path, real size, id, cost and a ' +
    'small preview.',
  inputSchema: () =>
    z.object({
      prompt: prompt('The picture in full sentences; words to be written in it in quotes.'),
      ...common('Default 1:1.', singleResolution),
    }),
  split: (input) => ({ pictures: [], input }),
});
