import type { Answer } from './answer.ts';
import { invalid, notFound, toReply } from './errors.ts';
import { listed } from './models.ts';
import type { Received } from './receive.ts';
import { jsonReply, type Reply } from './reply.ts';
import { findKeyProblem } from './validate.ts';

/** Google gives no more models on one page of their list. */
export const mostPerPage = 1000;

/** What the list is by. */
interface Lister {
  key: string;
  /** The most models on one page. */
  pageSize: number;
  /** Instead of the list. */
  onList: Answer | undefined;
}

/** What else Google has here: the model list and single models, free of charge. 404 for everything a picture server has no reason to ask. */
export async function answerOther({ request }: Received, url: URL, method: string | undefined, lister: Lister): Promise<Reply> {
  const path = /^\/v1beta\/models(?:\/([^/:]+))?$/.exec(url.pathname);
  if (method !== 'GET' || path === null) return toReply(notFound('Requested entity was not found.'));
  const id = path[1];
  const problem = findKeyProblem(request.apiKey, url.searchParams, lister.key);
  if (problem) return toReply(problem);
  if (id === undefined && lister.onList) return lister.onList(request);
  if (id === undefined) return listModels(url.searchParams, lister.pageSize);
  const found = listed.find((model) => model.name === `models/${id}`);
  return found ? jsonReply(200, found) : toReply(notFound(`Model is not found: models/${id} for api version v1beta`));
}

function listModels(query: URLSearchParams, most: number): Reply {
  const [page, size] = [query.get('pageToken') ?? '0', query.get('pageSize') ?? '50'];
  const unknown = [...query.keys()].find((name) => name !== 'pageToken' && name !== 'pageSize');
  if (unknown !== undefined)
    return toReply(invalid(`Invalid JSON payload received. Unknown name "${unknown}": Cannot bind query parameter.`));
  if (!/^\d+$/.test(page)) return toReply(invalid('Page token is invalid.'));
  if (!/^[1-9]\d*$/.test(size)) return toReply(invalid('* ListModelsRequest.page_size: page_size must be a positive number\n'));
  const [from, to] = [Number(page), Number(page) + Math.min(Number(size), most)];
  return jsonReply(200, { models: listed.slice(from, to), ...(to < listed.length && { nextPageToken: String(to) }) });
}

/** A list of nothing but these; `date` is what Google's clock says. */
export function models(ids: readonly string[], date?: Date): Answer {
  const list = listed.filter(({ name }) => ids.includes(String(name).replace('models/', '')));
  return () => jsonReply(200, { models: list }, date && { date: date.toUTCString() });
}
