import type { Archive } from './archive/archive.ts';
import type { Picture } from './archive/identify.ts';
import type { Config } from './config.ts';
import { deliver, type KeptImage, keep, remember, requirePlace, type SavedImage } from './deliver.ts';
import { ToolError } from './errors.ts';
import { readBytes } from './files/read.ts';
import { prepare } from './image/prepare.ts';
import { makeContactSheet, makePreview, type Preview } from './image/preview.ts';
import type { ImageModel, ImageResponse, ModelCall, RequestImage, Source } from './model/image-model.ts';
import { estimateDollars, toDollars } from './model/price.ts';
import type { Plan } from './plan.ts';

/** What one call may use. */
export interface Call {
  config: Config;
  archive: Archive;
  model: ImageModel;
  /** Fires when the client cancelled or went away. */
  cancelled: AbortSignal;
  /** Tells the client what is happening; `done` of `total` pictures are there. */
  report(message: string, done: number, total: number): void;
  /** Where our own bugs go: the server's log. */
  logError(error: unknown): void;
}

/** What happened. Plain JSON but for the previews. */
export interface Outcome {
  plan: Plan;
  backend: ImageModel['backend'];
  images: readonly SavedImage[];
  /** Variations that brought nothing, by number from 1. */
  failures: readonly Failure[];
  /** The id that answered. */
  model: string;
  /** US dollars; undefined when unknown. */
  dollars: number | undefined;
  /** True when the upstream did not say what was used, so that the cost is a guess. */
  estimated: boolean;
  searches: number;
  /** The model's own words, not cleaned. */
  text: string;
  sources: readonly Source[];
  warnings: readonly string[];
  previews: readonly Preview[];
}

interface Failure {
  variation: number;
  message: string;
}

/**
 * Does what was planned. What can fail for free fails first; then the requests go out side by side, and what each brings is put on disk the moment
 * it arrives, before anything else is done with it. Throws a `ToolError` when no picture came.
 */
export async function run(plan: Plan, pictures: readonly Picture[], call: Call): Promise<Outcome> {
  await requirePlace(plan);
  const images = await toRequestImages(plan, pictures);
  const { answers, failures } = await generateAll(plan, images, call);
  const warnings = [...plan.warnings, ...answers.flatMap(({ response }) => response.warnings)];
  const saved: SavedImage[] = [];
  for (const kept of answers.flatMap((answer) => answer.kept)) {
    const image = await deliver(kept, saved.length + 1, plan, call, warnings);
    if (image) saved.push(image);
  }
  if (saved.length === 0) throw new ToolError('bad_answer', warnings.join(' '));
  const { dollars, estimated } = addUp(plan, answers, call);
  await remember(saved, plan, call, dollars, warnings);
  const previews = await makePreviews(saved, call, warnings);
  return {
    plan,
    backend: call.model.backend,
    images: saved,
    failures,
    model: answers.find(({ response }) => response.model)?.response.model ?? plan.model.id,
    dollars,
    estimated,
    searches: sum(answers.map(({ response }) => response.searches)),
    text: [...new Set(answers.map(({ response }) => response.text).filter((text) => text !== ''))].join('\n'),
    sources: answers.flatMap(({ response }) => response.sources),
    warnings: [...new Set(warnings)],
    previews,
  };
}

async function toRequestImages(plan: Plan, pictures: readonly Picture[]): Promise<RequestImage[]> {
  const toSend = plan.inputs.map(({ maxEdge }, index) => ({ maxEdge, ...pick(pictures, index) }));
  const prepared = await prepare(toSend);
  return prepared.map(({ bytes, mediaType }, index) => ({ label: plan.inputs[index]?.label ?? '', bytes, mediaType }));
}

function pick(pictures: readonly Picture[], index: number): Pick<Picture, 'name' | 'bytes' | 'facts'> {
  const picture = pictures[index];
  if (picture === undefined) throw new Error(`the plan names picture ${index + 1}, which was not read`);
  return { name: picture.name, bytes: picture.bytes, facts: picture.facts };
}

interface Answer {
  response: ImageResponse;
  kept: readonly KeptImage[];
}

/** n requests side by side. Those that bring something are kept; when none does, the first error is the call's. */
async function generateAll(plan: Plan, images: readonly RequestImage[], call: Call): Promise<{ answers: Answer[]; failures: Failure[] }> {
  const modelCall = startClock(plan, call);
  let done = 0;
  const painter = call.model.backend === 'standin' ? 'The stand-in is drawing' : `${plan.model.id} is painting`;
  call.report(plan.variations === 1 ? painter : `${painter} ${plan.variations} variations`, done, plan.variations);
  const attempts = Array.from({ length: plan.variations }, async (_, index): Promise<Answer> => {
    const response = await call.model.generate({ ...toRequest(plan, images), variation: index + 1 }, modelCall);
    const kept = await Promise.all(response.images.map((bytes) => keep(bytes, call)));
    done += 1;
    call.report(done < plan.variations ? `${done} of ${plan.variations} are done` : 'Saving', done, plan.variations);
    return { response, kept };
  });
  const settled = await Promise.allSettled(attempts);
  const answers = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const rejected = settled.flatMap((result, index) =>
    result.status === 'rejected' ? [{ variation: index + 1, reason: result.reason }] : [],
  );
  const ours = rejected.map(({ reason }) => reason).filter((reason) => !(reason instanceof ToolError));
  if (answers.length === 0) throw ours[0] ?? toOneError(rejected.map(({ reason }) => reason));
  for (const bug of ours) call.logError(bug);
  return { answers, failures: rejected.map(({ variation, reason }) => ({ variation, message: toMessage(reason) })) };
}

function toMessage(reason: unknown): string {
  return reason instanceof ToolError ? reason.message : 'Internal error of limner; see the server log.';
}

/** The error of a call that brought nothing: the first, and what the others add to it. */
function toOneError(reasons: readonly unknown[]): ToolError {
  const errors = reasons.filter((reason) => reason instanceof ToolError);
  const messages = [...new Set(errors.map((error) => error.message))];
  const [first] = errors;
  if (first === undefined) throw new Error('no variation was asked for');
  if (messages.length === 1) return first;
  const { code, retryAfterSeconds } = first;
  const message = `All ${errors.length} variations failed.\n${messages.map((text) => `- ${text}`).join('\n')}`;
  return new ToolError(code, message, retryAfterSeconds === undefined ? {} : { retryAfterSeconds });
}

function toRequest(plan: Plan, images: readonly RequestImage[]) {
  const { model, prompt, aspectRatio, resolution, webSearch } = plan;
  return { model: model.id, prompt, images, aspectRatio, resolution, webSearch };
}

/** One clock for the whole call, retries included. */
function startClock(plan: Plan, call: Call): ModelCall {
  const end = performance.now() + call.config.timeoutMs;
  return {
    cancelled: call.cancelled,
    deadline: AbortSignal.timeout(call.config.timeoutMs),
    remainingMs: () => Math.max(0, end - performance.now()),
    onWait: (why) => call.report(why, 0, plan.variations),
  };
}

function addUp(plan: Plan, answers: readonly Answer[], call: Call): { dollars: number | undefined; estimated: boolean } {
  if (call.model.backend === 'standin') return { dollars: 0, estimated: false };
  const estimate = estimateDollars(plan.model, plan.resolution, plan.prompt.length, plan.inputs.length);
  const costs = answers.map(({ response }) => (response.usage ? toDollars(plan.model, response.usage) : estimate));
  const known = costs.filter((cost) => cost !== undefined);
  return { dollars: known.length === costs.length ? sum(known) : undefined, estimated: answers.some(({ response }) => !response.usage) };
}

/** One or two previews, or one numbered sheet. A preview that fails costs nobody their picture. */
async function makePreviews(saved: readonly SavedImage[], call: Call, warnings: string[]): Promise<Preview[]> {
  const edge = call.config.preview;
  if (edge === 'none') return [];
  try {
    const files = await Promise.all(saved.map(async (image) => (await readBytes(image.file.path)) ?? new Uint8Array()));
    return files.length > 2 ? [await makeContactSheet(files, edge)] : await Promise.all(files.map((bytes) => makePreview(bytes, edge)));
  } catch {
    warnings.push('The preview could not be made; the file itself is as the model sent it, perhaps damaged: open it to check.');
    return [];
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
