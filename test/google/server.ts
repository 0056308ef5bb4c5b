import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Answer } from './answer.ts';
import { answerBatches, type BatchDouble, createBatchDouble } from './batches.ts';
import { type Disturb, disturbed } from './disturbance.ts';
import { toReply } from './errors.ts';
import { answerFiles, createFileStore, type FileStore, takeFiles } from './file-store.ts';
import { answerOther, mostPerPage } from './list.ts';
import { picture } from './picture.ts';
import { keyOf, type Received, receive } from './receive.ts';
import { breaksOff, jsonReply, type Reply, send } from './reply.ts';
import type { GoogleRequest } from './request.ts';
import { findKeyProblem, findProblem } from './validate.ts';

/** A request that was no generateContent call: the model list, or a path Google would not know. */
interface OtherRequest {
  method: string;
  /** With its query. */
  path: string;
  apiKey: string | undefined;
}

/** A running double. */
export interface Google {
  /** `http://127.0.0.1:PORT`. */
  url: string;
  /** The generateContent requests, accepted or not, in the order in which they were complete. */
  requests: GoogleRequest[];
  others: OtherRequest[];
  /** Queues answers for the coming good requests, first in first out. When none is left, a good picture is the answer. */
  next(...answers: Answer[]): void;
  /** The answer when none is queued; undefined for the good picture again. */
  always(answer: Answer | undefined): void;
  /** The answer to whoever asks for the list of models; undefined for the list again. */
  onList(answer: Answer | undefined): void;
  /** The files it keeps. */
  files: FileStore;
  /** The batches it makes, and what they cost. */
  batches: BatchDouble;
  /** Stops and starts again at the same address: every connection breaks, what it keeps stays. */
  restart(): Promise<void>;
  /** What happens to the coming requests that are no generateContent calls; undefined for nothing again. */
  disturb(disturb: Disturb | undefined): void;
  /** Forgets requests, queued answers and what `always`, `onList` and `disturb` said; files stay. */
  reset(): void;
  /** Drops every connection and stops. */
  close(): Promise<void>;
}

export interface GoogleOptions {
  /** The only key that is taken. */
  key?: string;
  /** What goes before Google's own paths, as at a gateway: `/gemini`. */
  prefix?: string;
  /** The most models on one page of their list, whatever is asked for. */
  pageSize?: number;
}

/** The key that is taken unless a test says otherwise. */
export const testKey = 'test-key-0123456789';

/** Starts a server on a free port of 127.0.0.1 that answers like the Gemini API, and refuses what it refuses. */
export async function startGoogle({ key = testKey, prefix = '', pageSize = mostPerPage }: GoogleOptions = {}): Promise<Google> {
  const good = picture();
  const [files, batches] = [createFileStore(), createBatchDouble()];
  const state: State = {
    key,
    pageSize,
    onList: undefined,
    requests: [],
    others: [],
    queue: [],
    usual: good,
    files,
    batches,
    disturb: undefined,
  };
  const { url, close, restart } = await listen((incoming, response) => respond(state, incoming, response, prefix));
  return {
    url,
    close,
    restart,
    files,
    batches,
    disturb: (disturb) => {
      state.disturb = disturb;
    },
    requests: state.requests,
    others: state.others,
    next: (...answers) => void state.queue.push(...answers),
    always: (answer) => {
      state.usual = answer ?? good;
    },
    onList: (answer) => {
      state.onList = answer;
    },
    reset: () => {
      state.onList = undefined;
      state.disturb = undefined;
      for (const list of [state.requests, state.others, state.queue]) list.length = 0;
      state.usual = good;
    },
  };
}

interface State {
  key: string;
  pageSize: number;
  onList: Answer | undefined;
  requests: GoogleRequest[];
  others: OtherRequest[];
  queue: Answer[];
  /** The answer when the queue is empty. */
  usual: Answer;
  files: FileStore;
  batches: BatchDouble;
  disturb: Disturb | undefined;
}

async function respond(state: State, incoming: IncomingMessage, response: ServerResponse, prefix: string): Promise<void> {
  const path = incoming.url ?? '/';
  const url = new URL(path.startsWith(prefix) ? path.slice(prefix.length) : '/elsewhere', 'http://127.0.0.1');
  const model = /^\/v1beta\/models\/([^/:]+):generateContent$/.exec(url.pathname)?.[1];
  if (incoming.method !== 'POST' || model === undefined) {
    state.others.push({ method: incoming.method ?? '', path: `${url.pathname}${url.search}`, apiKey: keyOf(incoming) });
    return send(await disturbed(state.disturb, incoming, () => answerService(state, incoming, url)), response);
  }
  const received = await receive(incoming, decodeURIComponent(model));
  received.request.number = state.requests.push(received.request);
  let ownDoing = false;
  response.once('close', () => {
    received.request.dropped = !response.writableFinished && !ownDoing;
  });
  const reply = await answer(state, received, url.searchParams);
  ownDoing = breaksOff(reply);
  send(reply, response);
}

/** Files, batches, or the list of models. */
async function answerService(state: State, incoming: IncomingMessage, url: URL): Promise<Reply> {
  const problem = findKeyProblem(keyOf(incoming), url.searchParams, state.key);
  const isService = /\/(files|batches)(\/|$)|:batchGenerateContent$/.test(url.pathname);
  if (isService && problem) return toReply(problem);
  const self = `http://${incoming.headers.host}`;
  const reply = (await answerFiles(state.files, incoming, url, self)) ?? (await answerBatches(state.batches, state.files, incoming, url));
  return reply ?? answerOther(await receive(incoming, ''), url, incoming.method, state);
}

/** Google's own refusal, or else the next answer of the test. */
async function answer(state: State, received: Received, query: URLSearchParams): Promise<Reply> {
  const { request, body, violations } = received;
  const problem =
    findKeyProblem(request.apiKey, query, state.key) ?? takeFiles(state.files, received) ?? (await findProblem(request, body, violations));
  if (problem === undefined) return (state.queue.shift() ?? state.usual)(request);
  request.refused = problem.message;
  return toReply(problem);
}

export type Responder = (incoming: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Answers on a free port of 127.0.0.1. */
export async function listen(responder: Responder): Promise<Pick<Google, 'url' | 'close' | 'restart'>> {
  const server = createServer((incoming, response) => {
    // What is thrown here is a mistake in a test's own answer, or a client that left while it was sending: nobody to tell but the client.
    responder(incoming, response).catch((error: unknown) =>
      send(jsonReply(500, { error: { code: 500, message: String(error) } }), response),
    );
  });
  // Node's five seconds would now and then close a pooled connection just as a slow test writes to it.
  server.keepAliveTimeout = 120_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const close = async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  const restart = async (): Promise<void> => {
    await close();
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  return { url: `http://127.0.0.1:${port}`, close, restart };
}
