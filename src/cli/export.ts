import { exportImage } from '../tools/export-image.ts';
import { createToolCommand } from './tool-command.ts';

/** `limner export`: finished files from existing pictures, without a model. */
export const exportCommand = createToolCommand({
  command: 'export',
  tool: exportImage,
  pictures: 'some',
  takesPrompt: false,
  placePictures: (images) => ({ images }),
  synopses: ['export PICTURE... [--preset NAME] [-o PLACE] [options]'],
  about: 'Finishes pictures on this computer, free and without AI. PICTURE is a file, a folder, an id (limner history shows them) or last.',
  examples: ['export logo.png --preset favicon -o public/', 'export photo.png --width 800 --format webp --max-kb 120'],
});
