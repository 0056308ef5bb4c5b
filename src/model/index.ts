import type { Config } from '../config.ts';
import { type BatchApi, createBatchApi } from './batch-api.ts';
import type { ReadText } from './credentials.ts';
import { googleUrl, toDoor } from './fetch.ts';
import { createFilesApi, type FilesApi } from './files-api.ts';
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

/** What batches are sent through. */
export interface BatchUpstream {
  files: FilesApi;
  batches: BatchApi;
}

/** Google's batches and the files they are made of; undefined without a key, and for upstreams that have none. */
export function createBatchUpstream({ backend, apiKey, baseUrl = googleUrl, redactor, proxy }: Config): BatchUpstream | undefined {
  if (backend !== 'gemini' || apiKey === undefined) return undefined;
  const service = { door: toDoor(apiKey, baseUrl, proxy), baseUrl, redactor };
  return { files: createFilesApi(service), batches: createBatchApi(service) };
}
