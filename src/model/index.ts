import type { Config } from '../config.ts';
import { createGemini } from './gemini.ts';
import type { ImageModel } from './image-model.ts';
import { createStandin } from './standin.ts';

/** The upstream the settings name, or undefined when that is Gemini and there is no key. The stand-in is never chosen silently. */
export function createModel({ backend, apiKey, baseUrl, redactor }: Config): ImageModel | undefined {
  if (backend === 'standin') return createStandin();
  return apiKey && createGemini({ apiKey, baseUrl, redactor });
}
