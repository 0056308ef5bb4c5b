import { z } from 'zod';
import { maxImages } from '../model/catalog.ts';
import { common, picture, prompt, singleResolution } from './fields.ts';
import { definePaidTool } from './paid-tool.ts';

export const composeImages = definePaidTool({
  name: 'compose_images',
  title: 'Compose images',
  description:
    'Make a new picture out of existing ones, none of which stays as it is: people or products together, a known character in a new scene, a collage. If one ' +
    'of them stays the scene, use edit_image with references. Image 1 sets the shape. Paid, 5-60 s; returns what generate_image returns.',
  inputSchema: () =>
    z.object({
      prompt: prompt('The new picture in full sentences, with the role of each: "the man of image 1 holds the bottle of image 2".'),
      images: z
        .array(picture('A picture'))
        .min(1)
        .max(maxImages)
        .describe('1 to 14 pictures in order, each a path, an id (img_…) or "last": "image 1", "image 2"; file names work too.'),
      ...common("Default: image 1's.", singleResolution),
    }),
  split: ({ images, ...input }) => ({ pictures: images, input }),
});
