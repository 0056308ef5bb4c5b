import type { Config } from '../config.ts';
import { type BatchApi, createBatchApi } from './batch-api.ts';
import { googleUrl, toDoor } from './fetch.ts';
import { createFilesApi, type FilesApi } from './files-api.ts';
import { createGemini } from './gemini.ts';
import type { ImageModel } from './image-model.ts';
import { createStandin } from './standin.ts';

/** The upstream the settings name, or undefined when that is Gemini and there is no key. The stand-in is never chosen silently. */
export function createModel({ backend, apiKey, baseUrl, redactor }: Config): ImageModel | undefined {
  if (backend === 'standin') return createStandin();
  return apiKey && createGemini({ apiKey, baseUrl, redactor });
}

/** What batches are sent through. */
export interface BatchUpstream {
  files: FilesApi;
  batches: BatchApi;
}

/** Google's batches and the files they are made of; undefined without a key, and for upstreams that have none. */
export function createBatchUpstream({ backend, apiKey, baseUrl = googleUrl, redactor }: Config): BatchUpstream | undefined {
  if (backend !== 'gemini' || apiKey === undefined) return undefined;
  const service = { door: toDoor(apiKey, baseUrl), baseUrl, redactor };
  return { files: createFilesApi(service), batches: createBatchApi(service) };
}
