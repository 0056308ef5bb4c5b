import type { GoogleGenAI } from '@google/genai';
import type { Backend } from '../backend.ts';
import { ToolError } from '../errors.ts';
import type { Redactor } from '../redactor.ts';
import { type AskedPlace, type Exchange, toFailure } from './failures.ts';
import { createFetch, type Door } from './fetch.ts';
import type { FilesApi } from './files-api.ts';
import { toEmptyAnswer, toResponse } from './gemini-answer.ts';
import { keyInRequest, toGeminiRequest, toWords } from './gemini-request.ts';
import type { ImageModel, ImageRequest, ModelCall } from './image-model.ts';
import { redactAnswer } from './redact-answer.ts';
import { toRefusal } from './refusals.ts';
import { fail, type RequestFailure } from './request-failure.ts';
import { type Attempt, withRetries } from './retries.ts';
import { createSetAside } from './set-aside.ts';
import { createUploads, moveToFiles } from './uploads.ts';

/** A way to Google's image models: what differs between them. */
export interface GoogleUpstream {
  backend: Exclude<Backend, 'standin'>;
  /** Keeps its key or its tokens out of what comes back. */
  redactor: Redactor;
  /** The project on Vertex AI, for its errors. */
  place?: AskedPlace;
  /** See `ImageModel`. */
  mostPictureBytes?: number;
  /** Where pictures that do not fit into a request may lie; absent: nowhere. */
  files?: FilesApi;
  /** Its client, made on the first request. Without a key or a token. */
  connect(sdk: typeof import('@google/genai')): GoogleGenAI | Promise<GoogleGenAI>;
  /** The way in for one request, or why there is none. Rejects when `signal` fires. */
  open(signal: AbortSignal): Promise<Door | { failure: RequestFailure }>;
  /** Told when the credentials were refused. */
  onRejected?(): void;
}

/** Google's models through Google's own SDK, which is loaded on the first request. One way to ask and to read answers, whoever of the two is asked. */
export function createGoogleModel(upstream: GoogleUpstream): ImageModel {
  const { files } = upstream;
  let client: Promise<GoogleGenAI> | undefined;
  const connect = async () => upstream.connect(await import('@google/genai'));
  return {
    backend: upstream.backend,
    ...(upstream.mostPictureBytes !== undefined && { mostPictureBytes: upstream.mostPictureBytes }),
    ...(files && { beginUploads: () => createUploads(files) }),
    async generate(request, call) {
      client ??= connect().catch((error) => {
        client = undefined;
        throw error;
      });
      const ai = await client;
      return withRetries(call, (nudge) => ask(ai, upstream, request, call, nudge));
    },
  };
}

async function ask(ai: GoogleGenAI, upstream: GoogleUpstream, request: ImageRequest, call: ModelCall, nudge: boolean): Promise<Attempt> {
  const { redactor, place } = upstream;
  const door = await upstream.open(call.deadline).catch((thrown) => {
    throw call.deadline.aborted ? timedOut() : thrown;
  });
  if ('failure' in door) return door;
  const exchange: Exchange = { model: request.model, thrown: undefined, ...(place && { place }) };
  const { contents, config, sent } = toGeminiRequest(request, nudge);
  const pictures = createSetAside(redactor, call.beginPicture);
  if (redactor.finds(toWords(contents))) return { failure: fail('invalid_argument', keyInRequest) };
  const fitting = await moveToFiles(contents, call.uploads, call.deadline).catch((thrown) => ({ failure: toUploadFailure(thrown, call) }));
  if ('failure' in fitting) return fitting;
  try {
    const answer = await ai.models.generateContent({
      model: request.model,
      contents: [...fitting],
      config: { ...config, abortSignal: call.deadline, httpOptions: { fetch: createFetch(exchange, door, pictures) } },
    });
    await redactAnswer(answer, redactor);
    const response = toResponse(answer, sent, pictures);
    if (response.images.length > 0) return { response };
    const failure = toRefusal(toEmptyAnswer(answer, response.text, redactor.redact(exchange.body ?? '')));
    // Blocked pictures are not billed; words and thoughts are.
    return { failure: failure.error.code === 'refused' || !response.usage ? failure : { ...failure, usage: response.usage } };
  } catch (thrown) {
    if (call.deadline.aborted) throw timedOut();
    if (exchange.status === 401) upstream.onRejected?.();
    return { failure: toFailure({ ...exchange, thrown, body: redactor.redact(exchange.body ?? '') }) };
  }
}

/** Pictures did not get to where the request would refer to them: it was not sent. */
function toUploadFailure(thrown: unknown, { deadline }: ModelCall): RequestFailure {
  if (deadline.aborted)
    return fail(
      'timeout',
      'The pictures could not be uploaded in time; nothing was billed. Try again with fewer or smaller ones, or let the person raise LIMNER_TIMEOUT_MS.',
    );
  if (!(thrown instanceof ToolError)) throw thrown;
  return { error: thrown, maxRequests: 1, waitingFor: 'the next try' };
}

function timedOut(): ToolError {
  return new ToolError(
    'timeout',
    'The picture was not ready in time and may have been billed. Try again, ask for a lower resolution, or let the person raise LIMNER_TIMEOUT_MS.',
  );
}
