import type { Config } from '../config.ts';
import type { ReadText } from './credentials.ts';
import { createGemini } from './gemini.ts';
import type { ImageModel } from './image-model.ts';
import { createStandin } from './standin.ts';
import { createVertex } from './vertex.ts';

/**
 * The upstream the settings name, or undefined when that is the Gemini API and there is no key. The stand-in is never chosen silently. `readText` reads the credentials
 * of Vertex AI.
 */
export function createModel({ backend, apiKey, baseUrl, vertex, redactor, proxy }: Config, readText: ReadText): ImageModel | undefined {
  if (backend === 'standin') return createStandin();
  if (backend === 'vertex') return createVertex({ vertex, redactor, proxy, readText });
  return apiKey && createGemini({ apiKey, baseUrl, redactor, proxy });
}
