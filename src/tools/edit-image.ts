import { z } from 'zod';
import { maxImages } from '../model/catalog.ts';
import { defineTool } from '../tool.ts';
import { common, picture, prompt } from './fields.ts';
import { paint } from './paid.ts';

export const editImage = defineTool({
  name: 'edit_image',
  title: 'Edit image',
  description:
    'Change one existing picture and keep the rest: add, remove, replace, recolour, restyle, restore, final in 4K. To put a product into a scene or apply a ' +
    'style, give those pictures as references. Remembers how the picture was made; to undo, call it on the earlier picture. A picture only pasted into the chat has no path: ask for the file. ' +
    'Paid, 5-60 s; returns what generate_image returns.',
  inputSchema: z.object({
    prompt: prompt('What to change and what to keep, in full sentences; words to be written in quotes.'),
    image: picture('The picture to change, "image 1" in the prompt'),
    references: z
      .array(picture('A picture'))
      .max(maxImages - 1)
      .optional()
      .describe('Up to 13 pictures to take something from (product, style, face), in order: "image 2", "image 3"; file names work too.'),
    ...common("Default: the picture's own.", '1K, 2K or 4K; default: the smallest not below the picture.'),
  }),
  handler: ({ image, references = [], ...input }, call) => paint('edit_image', [image, ...references], input, call),
});
