import { ToolError } from '../errors.ts';
import { longestMs, type Offer, toOffer, tooLate, toStranger, type Unknown } from './availability.ts';
import { modelsOf } from './catalog.ts';
import { type Exchange, findReason, isUnsent, toFailure } from './failures.ts';
import { ask, type Door } from './fetch.ts';
import { parseGoogleError } from './google-errors.ts';
import { createVertexDoor, toVertexUrl, type VertexOptions, vertexVersion } from './vertex.ts';

/** What is counted: the least there is. */
const question = { contents: [{ role: 'user', parts: [{ text: 'A' }] }] };

/**
 * Asks Vertex AI to count the tokens of a letter, for each model: free, and by the very way of a picture, so that credentials, project, location and model are proven. `id` is
 * asked for as well. Never rejects; ends within ten seconds.
 */
export async function findVertexAvailability(options: VertexOptions, id: string): Promise<Offer | Unknown> {
  const late = AbortSignal.timeout(longestMs);
  const started = performance.now();
  const catalogue = modelsOf('vertex');
  try {
    const door = await createVertexDoor(options).open(late);
    if ('failure' in door) return { error: door.failure.error, reason: undefined };
    const asked = await Promise.all(
      [...new Set([...catalogue.map((model) => model.id), id])].map((model) => count(model, door, options, late)),
    );
    const unknown = asked.find((each) => 'error' in each);
    if (unknown !== undefined && 'error' in unknown) return unknown;
    const answered = asked.flatMap((each) => ('error' in each ? [] : [each]));
    const ids = new Set(answered.filter(({ isThere }) => isThere).map((each) => each.id));
    return toOffer(catalogue, ids, answered.find(({ date }) => date !== undefined)?.date, performance.now() - started);
  } catch {
    return { error: tooLate('GOOGLE_VERTEX_BASE_URL'), reason: undefined };
  }
}

type Counted = { id: string; isThere: boolean; date: string | undefined };

async function count(id: string, door: Door, { vertex, redactor }: VertexOptions, signal: AbortSignal): Promise<Counted | Unknown> {
  const { project, location } = vertex;
  const exchange: Exchange = { model: id, thrown: undefined, place: { project, location } };
  const path = `${vertexVersion}/projects/${project}/locations/${location}/publishers/google/models/${encodeURIComponent(id)}:countTokens`;
  try {
    const date = await ask(exchange, door, new URL(`${toVertexUrl(vertex)}/${path}`), signal, question);
    const { status = 0, body } = exchange;
    const isGoogle = status < 300 ? /"totalTokens"/.test(body ?? '') : parseGoogleError(body).status !== '';
    if (!isGoogle) return { error: new ToolError('bad_answer', toStranger(status, 'GOOGLE_VERTEX_BASE_URL')), reason: undefined };
    if (status < 300 || status === 404) return { id, isThere: status < 300, date };
    // A model that is there and has nothing to count.
    if (status === 400 && !/location|region|billing/i.test(parseGoogleError(body).message)) return { id, isThere: true, date };
    return { error: toFailure({ ...exchange, body: redactor.redact(body ?? '') }).error, reason: undefined };
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    const broken = new ToolError(
      'unreachable',
      'The connection to Google broke before all of its answer came. Nothing was billed. Try again.',
    );
    const { error } = isUnsent(thrown) ? toFailure({ ...exchange, thrown }) : { error: broken };
    return { error, reason: findReason(thrown) };
  }
}
