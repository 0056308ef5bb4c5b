export { composeImages } from './compose-images.ts';
export { editImage } from './edit-image.ts';
export { generateImage } from './generate-image.ts';
