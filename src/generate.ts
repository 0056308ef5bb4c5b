import type { NewRecord } from './archive/archive.ts';
import type { Memory, Picture } from './archive/identify.ts';
import type { SentRequest } from './archive/ledger.ts';
import { newImageId } from './archive/record.ts';
import { requireCallBudget } from './budget.ts';
import type { Config } from './config.ts';
import type { KeptImage } from './deliver.ts';
import { type ErrorCode, ToolError } from './errors.ts';
import { workingFolder } from './files/paths.ts';
import { prepare } from './image/prepare.ts';
import type {
  Conversation,
  ImageModel,
  ImageRequest,
  ImageResponse,
  ModelCall,
  SentRequest as ModelRequest,
  RequestImage,
  Usage,
} from './model/image-model.ts';
import { dollarsPerSearch, toDollars } from './model/price.ts';
import { toCost, toRecord, toSaid } from './new-record.ts';
import type { Plan } from './plan.ts';
import { maxRequestLength } from './plan-history.ts';

/** What one call may use. */
export interface Call extends Memory {
  config: Config;
  model: ImageModel;
  /** Fires when the client cancelled or went away. */
  cancelled: AbortSignal;
  /** The person allowed this call to cost more than one may. */
  approved: boolean;
  /** Tells the client what is happening; `done` of `total` pictures are there. */
  report(message: string, done: number, total: number): void;
  /** Where our own bugs go: the server's log. */
  logError(error: unknown): void;
}

export interface Failure {
  variation: number;
  message: string;
}

/** What the requests of a call brought: pictures on disk, in the order of the variations, and what went wrong. */
export interface Generated {
  kept: readonly KeptImage[];
  failures: readonly Failure[];
}

/**
 * n requests side by side, each entered in the ledger before it is sent, and what it brings put on disk the moment it arrives. Throws the one error of
 * a call that brought nothing.
 */
export async function generateAll(id: string, plan: Plan, pictures: readonly Picture[], call: Call): Promise<Generated> {
  const request = await toRequest(plan, pictures);
  const clock = startClock(plan, call);
  const painting = { id, plan, call, request, clock, reserved: { dollars: 0 } };
  let done = 0;
  const painter = call.model.backend === 'standin' ? 'The stand-in is drawing' : `${plan.model.id} is painting`;
  call.report(plan.variations === 1 ? painter : `${painter} ${plan.variations} variations`, done, plan.variations);
  const attempts = Array.from({ length: plan.variations }, async (_, index): Promise<KeptImage[]> => {
    const kept = await paintOne(painting, index + 1);
    done += 1;
    call.report(done < plan.variations ? `${done} of ${plan.variations} are done` : 'Saving', done, plan.variations);
    return kept;
  });
  return sort(await Promise.allSettled(attempts), call);
}

function sort(settled: readonly PromiseSettledResult<KeptImage[]>[], call: Call): Generated {
  const kept = settled.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
  const rejected = settled.flatMap((result, index) =>
    result.status === 'rejected' ? [{ variation: index + 1, reason: result.reason }] : [],
  );
  const ours = rejected.map(({ reason }) => reason).filter((reason) => !(reason instanceof ToolError));
  if (kept.length === 0) throw ours[0] ?? toOneError(rejected.map(({ reason }) => reason));
  for (const bug of ours) call.logError(bug);
  return { kept, failures: rejected.map(({ variation, reason }) => ({ variation, message: toMessage(reason) })) };
}

function toMessage(reason: unknown): string {
  return reason instanceof ToolError ? reason.message : 'Internal error of limner; see the server log.';
}

/** The error of a call that brought nothing: the first of those that say what became of money, and what the others add to it. */
function toOneError(reasons: readonly unknown[]): ToolError {
  const errors = reasons.filter((reason) => reason instanceof ToolError);
  const messages = [...new Set(errors.map((error) => error.message))];
  const [first] = errors;
  if (first === undefined) throw new Error('no variation was asked for');
  if (messages.length === 1) return first;
  const { code, retryAfterSeconds } = errors.find((error) => !unsent.has(error.code)) ?? first;
  const message = `All ${errors.length} variations failed.\n${messages.map((text) => `- ${text}`).join('\n')}`;
  return new ToolError(code, message, retryAfterSeconds === undefined ? {} : { retryAfterSeconds });
}

/** Codes of variations that were never sent. */
const unsent: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['over_budget', 'over_call_limit', 'cannot_write', 'cancelled']);

type Request = Omit<ImageRequest, 'variation'>;

async function toRequest(plan: Plan, pictures: readonly Picture[]): Promise<Request> {
  const { model, prompt, aspectRatio, resolution, webSearch } = plan;
  const history = toConversation(plan, pictures);
  const images = await prepareImages(plan, pictures, history !== undefined);
  return { model: model.id, prompt, images, aspectRatio, resolution, webSearch, ...(history && { history }) };
}

function toConversation(plan: Plan, [picture]: readonly Picture[]): Conversation | undefined {
  if (plan.history === undefined || typeof picture?.history !== 'object') return undefined;
  return { turns: picture.history.turns, label: plan.inputs[0]?.label ?? '' };
}

/** The pictures as they may leave this computer; the one a conversation ends with need not be sent again. */
async function prepareImages(plan: Plan, pictures: readonly Picture[], inHistory: boolean): Promise<RequestImage[]> {
  const wanted = plan.inputs.map(({ maxEdge, label }, index) => ({ maxEdge, label, ...pick(pictures, index) })).slice(inHistory ? 1 : 0);
  const room = inHistory ? maxRequestLength - (plan.history?.length ?? 0) - plan.prompt.length : undefined;
  const prepared = await prepare(wanted, room);
  return prepared.map(({ bytes, mediaType }, index) => ({ label: wanted[index]?.label ?? '', bytes, mediaType }));
}

function pick(pictures: readonly Picture[], index: number): Pick<Picture, 'name' | 'bytes' | 'facts'> {
  const picture = pictures[index];
  if (picture === undefined) throw new Error(`the plan names picture ${index + 1}, which was not read`);
  return { name: picture.name, bytes: picture.bytes, facts: picture.facts };
}

interface Clock extends Pick<ModelCall, 'cancelled' | 'deadline' | 'remainingMs' | 'onWait'> {
  /** ISO 8601. */
  until: string;
}

/** One clock for the whole call, retries included. */
function startClock(plan: Plan, call: Call): Clock {
  const end = performance.now() + call.config.timeoutMs;
  return {
    cancelled: call.cancelled,
    deadline: AbortSignal.timeout(call.config.timeoutMs),
    remainingMs: () => Math.max(0, end - performance.now()),
    onWait: (why) => call.report(why, 0, plan.variations),
    until: new Date(Date.now() + call.config.timeoutMs).toISOString(),
  };
}

interface Painting {
  id: string;
  plan: Plan;
  call: Call;
  request: Request;
  clock: Clock;
  /** What the requests of this call may cost together, so far. */
  reserved: { dollars: number };
}

/** One variation. */
async function paintOne(painting: Painting, variation: number): Promise<KeptImage[]> {
  const { call, request, clock } = painting;
  let sent: SentRequest | undefined;
  const beforeSending = async () => {
    const { entry, request } = await enter(painting);
    sent = entry;
    return request;
  };
  const response = await call.model.generate({ ...request, variation }, { ...clock, beforeSending });
  if (sent === undefined) throw new Error('the model answered a request that was not entered');
  return keepAll(response, sent, variation, painting);
}

/** Enters a request in the ledger, if the budgets allow it. */
async function enter({ id, plan, call, clock, reserved }: Painting): Promise<{ entry: SentRequest; request: ModelRequest }> {
  const { config, ledger, model, cancelled } = call;
  const dollars = plan.price?.most ?? null;
  requireCallBudget(reserved.dollars, plan, call);
  reserved.dollars += dollars ?? 0;
  const giveBack = () => {
    reserved.dollars -= dollars ?? 0;
  };
  const entering = ledger.send({
    call: id,
    image: newImageId(),
    key: plan.key,
    tool: plan.tool,
    backend: model.backend,
    model: plan.model.id,
    folder: workingFolder(config),
    dollars,
    until: clock.until,
    mustKeep: model.backend === 'gemini' && (config.budget.perDay !== undefined || config.budget.perCall !== undefined),
    ...(config.budget.perDay !== undefined && model.backend === 'gemini' && { limit: config.budget.perDay }),
  });
  entering.catch(giveBack);
  const sent = await entering;
  const failed = (maybeBilled: boolean, usage?: Usage) => {
    const spent = (usage && toDollars(plan.model, usage)) ?? 0;
    if (!maybeBilled) giveBack();
    if (!maybeBilled) reserved.dollars += spent;
    return sent.failed(maybeBilled, spent);
  };
  if (!cancelled.aborted) return { entry: sent, request: { failed } };
  await failed(false);
  throw new ToolError('cancelled', 'The call was cancelled before this picture was asked for.');
}

/** Everything an answer brought goes to the disk, synced; only then does the ledger say that it arrived. What was paid stands with the first picture. */
async function keepAll(response: ImageResponse, sent: SentRequest, variation: number, painting: Painting): Promise<KeptImage[]> {
  const { plan, call } = painting;
  const { dollars, estimated } = toCost(response, plan, call);
  const unsaid = toRecord(painting, variation);
  const kept = await Promise.all(
    response.images.map(async (bytes, index): Promise<KeptImage> => {
      const record: NewRecord =
        index === 0
          ? { ...unsaid, ...toSaid(response), id: sent.image, estimated, ...(dollars !== undefined && { dollars }) }
          : { ...unsaid, id: newImageId(), estimated: false, dollars: 0 };
      const said = { exchange: response.exchange, ...(plan.history && { after: plan.history.after }) };
      return { bytes, record: await call.archive.keep(record, bytes, said) };
    }),
  );
  const searched = call.model.backend === 'gemini' ? response.searches * dollarsPerSearch : 0;
  await sent.arrived(
    kept.map(({ record }) => record.id),
    dollars === undefined ? null : dollars + searched,
  );
  return kept;
}
