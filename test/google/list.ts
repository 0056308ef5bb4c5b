import type { IncomingMessage } from 'node:http';
import { notFound, toReply } from './errors.ts';
import { listed } from './models.ts';
import { keyOf } from './receive.ts';
import { jsonReply, type Reply } from './reply.ts';
import { findKeyProblem } from './validate.ts';

/** What else Google has here: the model list and single models, free of charge. 404 for everything a picture server has no reason to ask. */
export function answerOther(incoming: IncomingMessage, url: URL, key: string): Reply {
  const path = /^\/v1beta\/models(?:\/([^/:]+))?$/.exec(url.pathname);
  if (incoming.method !== 'GET' || path === null) return toReply(notFound('Requested entity was not found.'));
  const problem = findKeyProblem(keyOf(incoming), url.searchParams, key);
  if (problem) return toReply(problem);
  const id = path[1];
  if (id === undefined) return listModels(url.searchParams);
  const found = listed.find((model) => model.name === `models/${id}`);
  return found ? jsonReply(200, found) : toReply(notFound(`Model is not found: models/${id} for api version v1beta`));
}

function listModels(query: URLSearchParams): Reply {
  const from = Number(query.get('pageToken') ?? 0);
  const to = from + Number(query.get('pageSize') ?? 50);
  return jsonReply(200, { models: listed.slice(from, to), ...(to < listed.length && { nextPageToken: String(to) }) });
}
