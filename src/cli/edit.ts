import { editImage } from '../tools/edit-image.ts';
import { createToolCommand } from './tool-command.ts';

/** `limner edit`: a picture stays what it is and something about it changes. */
export const editCommand = createToolCommand({
  command: 'edit',
  tool: editImage,
  pictures: 'some',
  takesPrompt: true,
  placePictures: ([image, ...others], references) => ({ image, references: [...others, ...references] }),
  synopses: ['edit PICTURE [REFERENCE...] "PROMPT" [options]'],
  about:
    'Changes one picture and keeps the rest; goes on with the conversation it came from. PICTURE is a file, an id (limner history shows them) or last, the newest ' +
    'made in this folder. Further pictures are references: "image 2", "image 3" in the prompt. The prompt is the last argument; - reads it from stdin.',
  examples: [
    'edit fox.png "make it night" --count 2',
    'edit last "the same in winter" -o winter.webp',
    'edit room.jpg "paint the wall green" --region "top half"',
  ],
});
