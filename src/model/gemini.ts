import type { GoogleGenAI } from '@google/genai';
import { ToolError } from '../errors.ts';
import type { Redactor } from '../redactor.ts';
import type { Secret } from '../settings/key.ts';
import { type Exchange, toFailure } from './failures.ts';
import { createFetch, type Door, googleUrl, toDoor } from './fetch.ts';
import { toEmptyAnswer, toResponse } from './gemini-answer.ts';
import { toGeminiRequest, toWords } from './gemini-request.ts';
import type { ImageModel, ImageRequest, ModelCall } from './image-model.ts';
import { redactAnswer } from './redact-answer.ts';
import { toRefusal } from './refusals.ts';
import { fail } from './request-failure.ts';
import { type Attempt, withRetries } from './retries.ts';
import { createSetAside } from './set-aside.ts';

export interface GeminiOptions {
  apiKey: Secret;
  /** Keeps that key out of what comes back. */
  redactor: Redactor;
  /** Google's own when absent. */
  baseUrl: string | undefined;
}

/** Google's Gemini API through its own SDK, which is loaded on the first request. */
export function createGemini(options: GeminiOptions): ImageModel {
  let client: Promise<GoogleGenAI> | undefined;
  const door = toDoor(options.apiKey, options.baseUrl);
  return {
    backend: 'gemini',
    async generate(request, call) {
      client ??= connect(options).catch((error) => {
        client = undefined;
        throw error;
      });
      const ai = await client;
      return withRetries(call, (nudge) => ask({ ai, door, redactor: options.redactor }, request, call, nudge));
    },
  };
}

/** The SDK never has the key, so nothing it logs, throws or holds can show it: `fetch.ts` puts it on. All that could lead it elsewhere is named. */
async function connect({ baseUrl = googleUrl }: GeminiOptions): Promise<GoogleGenAI> {
  const { GoogleGenAI } = await import('@google/genai');
  // v1beta with `imageConfig` is the one combination proven live on every image model.
  return new GoogleGenAI({ apiKey: 'put-on-by-fetch', vertexai: false, apiVersion: 'v1beta', httpOptions: { baseUrl } });
}

interface Upstream {
  ai: GoogleGenAI;
  door: Door;
  redactor: Redactor;
}

async function ask({ ai, door, redactor }: Upstream, request: ImageRequest, call: ModelCall, nudge: boolean): Promise<Attempt> {
  const exchange: Exchange = { model: request.model, thrown: undefined };
  const { contents, config, sent } = toGeminiRequest(request, nudge);
  const pictures = createSetAside(redactor, call.beginPicture);
  if (redactor.finds(toWords(contents))) return { failure: fail('invalid_argument', keyInRequest) };
  try {
    const answer = await ai.models.generateContent({
      model: request.model,
      contents,
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
    return { failure: toFailure({ ...exchange, thrown, body: redactor.redact(exchange.body ?? '') }) };
  }
}

export const keyInRequest =
  'The request holds the API key, which never goes anywhere but into its header, so nothing was sent. Take it out of the words; where it stands in an earlier turn, start again with history off.';

function timedOut(): ToolError {
  return new ToolError(
    'timeout',
    'The picture was not ready in time and may have been billed. Try again, ask for a lower resolution, or let the person raise LIMNER_TIMEOUT_MS.',
  );
}
