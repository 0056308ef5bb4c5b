import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Answer } from './answer.ts';
import { type Problem, toReply } from './errors.ts';
import { findVertexModel } from './models.ts';
import { picture } from './picture.ts';
import { type Received, receive } from './receive.ts';
import { breaksOff, jsonReply, type Reply, send } from './reply.ts';
import { type GoogleRequest, vertexVersion } from './request.ts';
import { type Google, listen } from './server.ts';
import { type Catalogue, findProblem } from './validate.ts';
import * as vertex from './vertex-errors.ts';

/** Vertex AI for one project and location, and the metadata server of the computer it is asked from. */
export interface Vertex extends Pick<Google, 'url' | 'requests' | 'next' | 'always' | 'close'> {
  /** What else was asked, as method and path. */
  others: string[];
  /** The tokens that came with pictures' requests. */
  tokens: string[];
  /** `x-goog-user-project` of those. */
  quotaProjects: (string | undefined)[];
  /** A token that is taken from now on. */
  issue(): string;
  /** Takes all tokens back. */
  revoke(): void;
  /** The answer to whoever counts tokens, by the model; undefined: the number, or that there is no such model. */
  onCount(answer: ((model: string) => Problem | undefined) | undefined): void;
  /** Environment of a server that runs on a computer in Google's cloud, with this for Vertex AI. */
  env: Record<string, string>;
}

export const project = 'limner-test-project';

/** Vertex AI takes no larger picture inside a request. */
const maxPictureBytes = 7_000_000;

interface State extends Pick<Vertex, 'requests' | 'others' | 'tokens' | 'quotaProjects'> {
  location: string;
  good: Set<string>;
  queue: Answer[];
  usual: Answer;
  onCount: ((model: string) => Problem | undefined) | undefined;
}

/** Starts a server on a free port of 127.0.0.1 that answers like Vertex AI, and refuses what it refuses: keys and fields of the Gemini API among it. */
export async function startVertex({ location = 'global' } = {}): Promise<Vertex> {
  const good = picture();
  const state: State = {
    ...{ location, requests: [], others: [], tokens: [], quotaProjects: [] },
    ...{ good: new Set<string>(), queue: [], usual: good, onCount: undefined },
  };
  const { url, close } = await listen((incoming, response) => respond(state, incoming, response));
  const issue = () => {
    const token = `ya29.c.${randomBytes(90).toString('base64url')}`;
    state.good.add(token);
    return token;
  };
  return {
    url,
    close,
    issue,
    ...{ requests: state.requests, others: state.others, tokens: state.tokens, quotaProjects: state.quotaProjects },
    next: (...answers) => void state.queue.push(...answers),
    always: (answer) => {
      state.usual = answer ?? good;
    },
    revoke: () => state.good.clear(),
    onCount: (answer) => {
      state.onCount = answer;
    },
    env: {
      LIMNER_BACKEND: 'vertex',
      GOOGLE_CLOUD_PROJECT: project,
      GOOGLE_CLOUD_LOCATION: location,
      GOOGLE_VERTEX_BASE_URL: url,
      GCE_METADATA_HOST: new URL(url).host,
    },
  };

  async function respond(of: State, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://127.0.0.1');
    const [, place = '', model = '', verb] = paths.exec(pathname) ?? [];
    if (verb !== 'generateContent' || incoming.method !== 'POST') of.others.push(`${incoming.method} ${pathname}`);
    if (pathname.startsWith('/computeMetadata/')) return send(answerMetadata(pathname, incoming, issue), response);
    const caller = findCallerProblem(of, incoming, searchParams, place);
    if (verb === 'countTokens') return send(await count(of, incoming, decodeURIComponent(model), caller), response);
    if (verb === undefined || incoming.method !== 'POST') return send(toReply(vertex.unknownPath()), response);
    const received = await receive(incoming, decodeURIComponent(model), vertexVersion);
    received.request.number = of.requests.push(received.request);
    of.tokens.push(tokenOf(incoming) ?? '');
    of.quotaProjects.push(incoming.headers['x-goog-user-project']?.toString());
    let ownDoing = false;
    response.once('close', () => {
      received.request.dropped = !response.writableFinished && !ownDoing;
    });
    const reply = await answer(of, received, caller);
    ownDoing = breaksOff(reply);
    send(reply, response);
  }
}

const paths = /^\/v1beta1\/(projects\/[^/]+\/locations\/[^/]+)\/publishers\/google\/models\/([^/:]+):(generateContent|countTokens)$/;

function tokenOf({ headers }: IncomingMessage): string | undefined {
  return /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1];
}

/** Why the caller may not call at all: a key of the Gemini API, no token, one that is none of ours, another project. */
function findCallerProblem(
  { good, location }: State,
  incoming: IncomingMessage,
  query: URLSearchParams,
  place: string,
): Problem | undefined {
  if (query.has('key') || incoming.headers['x-goog-api-key'] !== undefined) return vertex.keyUnsupported();
  const token = tokenOf(incoming);
  if (token === undefined) return vertex.tokenMissing();
  if (!good.has(token)) return vertex.tokenInvalid();
  const [, askedProject = '', askedLocation = ''] = /^projects\/([^/]+)\/locations\/([^/]+)$/.exec(place) ?? [];
  if (askedProject !== project) return vertex.projectDenied(askedProject, askedLocation);
  return askedLocation === location ? undefined : vertex.locationUnsupported(askedLocation);
}

async function count(of: State, incoming: IncomingMessage, model: string, caller: Problem | undefined): Promise<Reply> {
  await receive(incoming, model, vertexVersion);
  const problem = caller ?? of.onCount?.(model) ?? (findVertexModel(model) ? undefined : vertex.modelMissing(model, of.location));
  return problem ? toReply(problem) : jsonReply(200, { totalTokens: 1, totalBillableCharacters: 1 });
}

/** Vertex AI's own refusal, or else the next answer of the test. */
async function answer(of: State, { request, body, violations }: Received, caller: Problem | undefined): Promise<Reply> {
  const catalogue: Catalogue = { find: findVertexModel, missing: (id) => vertex.modelMissing(id, of.location) };
  const problem = caller ?? findOwnProblem(request, body) ?? (await findProblem(request, body, violations, catalogue));
  if (problem === undefined) return (of.queue.shift() ?? of.usual)(request);
  request.refused = problem.message;
  return toReply(problem);
}

function findOwnProblem(request: GoogleRequest, { contents }: Received['body']): Problem | undefined {
  if (request.body !== undefined && contents.some(({ role }) => role === undefined)) return vertex.roleMissing();
  const parts = contents.flatMap((turn) => turn.parts);
  if (parts.some(({ inlineData }) => (inlineData?.data.length ?? 0) > maxPictureBytes)) return vertex.pictureTooLarge();
  return parts.some(({ fileData }) => /\/files\//.test(fileData?.fileUri ?? '')) ? vertex.filesUnsupported() : undefined;
}

function answerMetadata(path: string, { headers }: IncomingMessage, issue: () => string): Reply {
  const server = { 'metadata-flavor': 'Google', server: 'Metadata Server for VM' };
  if (headers['metadata-flavor'] !== 'Google') return { status: 403, headers: server, body: 'Missing Metadata-Flavor:Google header.' };
  if (path !== '/computeMetadata/v1/instance/service-accounts/default/token') return { status: 404, headers: server, body: 'Not Found' };
  return jsonReply(200, { access_token: issue(), expires_in: 3599, token_type: 'Bearer' }, server);
}
