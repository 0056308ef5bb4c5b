import { z } from 'zod';
import { maxImages } from '../model/catalog.ts';
import { common, picture, prompt } from './fields.ts';
import { definePaidTool } from './paid-tool.ts';

export const editImage = definePaidTool({
  name: 'edit_image',
  title: 'Edit image',
  description:
    'Change one existing picture and keep the rest: add, remove, replace, recolour, restyle, restore, cut out, final in 4K. To put a product into a scene or ' +
    'apply a style, give those pictures as references. With region or mask every pixel outside stays identical. Remembers how the picture was made; to undo, ' +
    'call it on the earlier picture. To resize, crop, convert or drop a flat background use export_image (free, repaints nothing). A picture only pasted into ' +
    'the chat has no path: ask for the file. Paid, 5-60 s; returns what generate_image returns.',
  inputSchema: () =>
    z.object({
      prompt: prompt('What to change and what to keep, in full sentences; words to be written in quotes.'),
      image: picture('The picture to change, "image 1" in the prompt'),
      references: z
        .array(picture('A picture'))
        .max(maxImages - 1)
        .optional()
        .describe('Up to 13 pictures to take something from (product, style, face), in order: "image 2", "image 3"; file names work too.'),
      region: z
        .string()
        .trim()
        .min(1)
        .max(200)
        .optional()
        .describe(
          'The box that may change, all % or all px: "left 0%, top 5%, right 30%, bottom 50%", or words: "top left", "bottom third". The file keeps the size; png keeps the rest identical.',
        ),
      mask: picture('Instead of region: a picture of the same shape, white where change is allowed').optional(),
      ...common("Default: the picture's own.", '1K, 2K or 4K; default: the smallest not below the picture.'),
    }),
  split: ({ image, references = [], ...input }) => ({ pictures: [image, ...references], input }),
});
