import { composeImages } from '../tools/compose-images.ts';
import { createToolCommand } from './tool-command.ts';

/** `limner compose`: a new picture out of existing ones. */
export const composeCommand = createToolCommand({
  command: 'compose',
  tool: composeImages,
  pictures: 'some',
  takesPrompt: true,
  placePictures: (images) => ({ images }),
  synopses: ['compose PICTURE... "PROMPT" [options]'],
  about:
    'Makes a new picture out of existing ones: "image 1", "image 2" in the prompt, in order. PICTURE is a file, an id (limner history shows them) or last, the newest ' +
    'made in this folder. The prompt is the last argument; - reads it from stdin.',
  examples: ['compose man.jpg hat.png "the man of image 1 in the hat of image 2"'],
});
