export { composeImages } from './compose-images.ts';
export { editImage } from './edit-image.ts';
export { exportImage } from './export-image.ts';
export { generateImage } from './generate-image.ts';
