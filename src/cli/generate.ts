import { generateImage } from '../tools/generate-image.ts';
import { createToolCommand } from './tool-command.ts';

/** `limner generate`: a new picture from words. */
export const generateCommand = createToolCommand({
  command: 'generate',
  tool: generateImage,
  pictures: 'none',
  takesPrompt: true,
  placePictures: () => ({}),
  synopses: ['generate "PROMPT" [-o PLACE] [options]'],
  about: 'Makes a new picture from words and prints where the file is and what it cost. The prompt is one argument; - reads it from stdin.',
  examples: [
    'generate "a red fox in snow, flat colours" -o fox.png --width 800',
    'generate "a paper boat" --count 4 --aspect-ratio 16:9 --dry-run',
    'generate - --json < prompt.txt',
  ],
});
