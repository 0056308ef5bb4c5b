import type { Redactor } from '../redactor.ts';
import type { Secret } from '../settings/key.ts';
import type { WebProxy } from '../settings/proxy.ts';
import { googleUrl, toDoor } from './fetch.ts';
import { createFilesApi } from './files-api.ts';
import { createGoogleModel } from './google-model.ts';
import type { ImageModel } from './image-model.ts';

export interface GeminiOptions {
  apiKey: Secret;
  /** Keeps that key out of what comes back. */
  redactor: Redactor;
  /** Google's own when absent. */
  baseUrl: string | undefined;
  proxy?: WebProxy | undefined;
}

/** Google's Gemini API. The SDK never has the key, so nothing it logs, throws or holds can show it: `fetch.ts` puts it on. All that could lead it elsewhere is named. */
export function createGemini({ apiKey, redactor, baseUrl = googleUrl, proxy }: GeminiOptions): ImageModel {
  const door = toDoor(apiKey, baseUrl, proxy);
  return createGoogleModel({
    backend: 'gemini',
    redactor,
    open: async () => door,
    files: createFilesApi({ door, baseUrl, redactor }),
    // v1beta with `imageConfig` is the one combination proven live on every image model.
    connect: ({ GoogleGenAI }) =>
      new GoogleGenAI({ apiKey: 'put-on-by-fetch', vertexai: false, apiVersion: 'v1beta', httpOptions: { baseUrl } }),
  });
}
