import type { NewRecord } from './archive/archive.ts';
import type { Memory } from './archive/identify.ts';
import type { SentRequest } from './archive/ledger.ts';
import { newImageId } from './archive/record.ts';
import { isPaid } from './backend.ts';
import { requireCallBudget } from './budget.ts';
import type { Config } from './config.ts';
import { runJob } from './decoder/decoder.ts';
import type { KeptImage, SecondShot } from './deliver.ts';
import { type ErrorCode, ToolError } from './errors.ts';
import { workingFolder } from './files/paths.ts';
import { isGround, toRgb } from './image/pixels.ts';
import type { Landing } from './landing.ts';
import { describeGround } from './make-file.ts';
import type { ImageModel, ImageResponse, ModelCall, SentRequest as ModelRequest, Uploads, Usage } from './model/image-model.ts';
import { dollarsPerSearch, toDollars } from './model/price.ts';
import { toCost, toRecord, toSaid } from './new-record.ts';
import type { Plan } from './plan.ts';
import { startPreview } from './previews.ts';
import { type Request, type Sources, toRequest, toSecondRequest } from './request.ts';
import { toRaising } from './settings/values.ts';

/** What one call may use. */
export interface Call extends Memory {
  config: Config;
  model: ImageModel;
  /** Fires when the client cancelled, or will read no answer. */
  cancelled: AbortSignal;
  /**
   * Fires then too, and when the client can send nothing more: it may have gone, or still read. Nothing is tried again, and the answer does not count as one, so
   * that the same call later is not paid twice.
   */
  gone: AbortSignal;
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
export async function generateAll(id: string, plan: Plan, sources: Sources, landing: Landing, call: Call): Promise<Generated> {
  const request = await toRequest(plan, sources, call.model);
  const clock = startClock(plan, call);
  const uploads = call.model.beginUploads?.();
  const painting = { id, plan, call, landing, request, clock, ...(uploads && { uploads }), reserved: { dollars: 0 } };
  let done = 0;
  const painter = call.model.backend === 'standin' ? 'The stand-in is drawing' : `${plan.model.id} is painting`;
  call.report(plan.variations === 1 ? painter : `${painter} ${plan.variations} variations`, done, plan.variations);
  const attempts = Array.from({ length: plan.variations }, async (_, index): Promise<KeptImage[]> => {
    const kept = await paintVariation(painting, index + 1);
    done += 1;
    call.report(done < plan.variations ? `${done} of ${plan.variations} are done` : 'Saving', done, plan.variations);
    return kept;
  });
  const settled = await Promise.allSettled(attempts);
  clock.stop();
  await uploads?.end();
  return sort(settled, call);
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

interface Clock extends Pick<ModelCall, 'cancelled' | 'gone' | 'deadline' | 'remainingMs' | 'onWait'> {
  /** ISO 8601. */
  until: string;
  stop(): void;
}

/** One clock for the whole call, retries included. One that is not stopped keeps the call in memory until the deadline. */
function startClock(plan: Plan, call: Call): Clock {
  const end = performance.now() + call.config.timeoutMs;
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), call.config.timeoutMs).unref();
  return {
    cancelled: call.cancelled,
    gone: call.gone,
    deadline: deadline.signal,
    remainingMs: () => Math.max(0, end - performance.now()),
    onWait: (why) => call.report(why, 0, plan.variations),
    until: new Date(Date.now() + call.config.timeoutMs).toISOString(),
    stop: () => clearTimeout(timer),
  };
}

interface Painting {
  id: string;
  plan: Plan;
  call: Call;
  landing: Landing;
  request: Request;
  clock: Clock;
  /** Where pictures lie that no request of the call holds. */
  uploads?: Uploads;
  /** What the requests of this call may cost together, so far. */
  reserved: { dollars: number };
}

/** One variation: one request, or two where the background is found by comparing. */
async function paintVariation(painting: Painting, variation: number): Promise<KeptImage[]> {
  const { plan, request } = painting;
  const { kept, response } = await paintOne(painting, request, { variation });
  const [first, ...others] = kept;
  if (plan.background?.method !== 'two-shot' || first === undefined) return kept;
  return [{ ...first, second: await paintSecond(painting, first, response, variation) }, ...others];
}

/**
 * The same picture on black. It is not asked for when the first is not on a flat ground, since the two could not be compared; why there is none is said in words that
 * go on from "the file is opaque: ".
 */
async function paintSecond(painting: Painting, first: KeptImage, response: ImageResponse, variation: number): Promise<SecondShot> {
  const { call, plan, request } = painting;
  try {
    const background = await runJob('lookAtBackground', first.bytes);
    const ground = toRgb(plan.background?.ground ?? '');
    if (background.kind !== 'flat' || !isGround(background.colour, ground))
      return { failed: describeGround(background.kind === 'checkerboard', plan.background?.again ?? false) };
    call.report('Painting it again on black, to tell what shines through', 0, plan.variations);
    const again = await toSecondRequest(request, first, response.exchange, call.model);
    const { kept } = await paintOne(painting, again, { variation, shotOf: first.record.id });
    return kept[0] ?? { failed: 'the second shot brought no picture' };
  } catch (error) {
    if (!(error instanceof ToolError)) call.logError(error);
    return { failed: `the second shot, on black, failed: ${toMessage(error)}` };
  }
}

/** Which request of a variation it is. */
interface Shot {
  variation: number;
  /** The first shot, when this is the second. */
  shotOf?: string;
}

async function paintOne(painting: Painting, request: Request, shot: Shot): Promise<{ kept: KeptImage[]; response: ImageResponse }> {
  const { call, clock, landing, uploads } = painting;
  let sent: SentRequest | undefined;
  const beforeSending = async () => {
    const { entry, request: entered } = await enter(painting, shot.shotOf);
    sent = entry;
    return entered;
  };
  const beginPicture = () => landing.begin(shot.shotOf === undefined);
  const response = await call.model.generate(
    { ...request, variation: shot.variation },
    { ...clock, ...(uploads && { uploads }), beforeSending, beginPicture },
  );
  if (sent === undefined) throw new Error('the model answered a request that was not entered');
  return { kept: await keepAll(response, sent, shot, painting), response };
}

/** Enters a request in the ledger, if the budgets allow it. */
async function enter(
  { id, plan, call, clock, reserved }: Painting,
  shotOf: string | undefined,
): Promise<{ entry: SentRequest; request: ModelRequest }> {
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
    ...(shotOf !== undefined && { shotOf }),
    key: plan.key,
    tool: plan.tool,
    backend: model.backend,
    model: plan.model.id,
    folder: workingFolder(config),
    dollars,
    until: clock.until,
    mustKeep: isPaid(model.backend) && (config.budget.perDay !== undefined || config.budget.perCall !== undefined),
    ...(config.budget.perDay !== undefined && isPaid(model.backend) && { limit: config.budget.perDay }),
    raising: toRaising(config.budget, 'LIMNER_BUDGET_USD_PER_DAY'),
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

/** Everything an answer brought goes to the disk, synced but for its names, which the call waits for; only then does the ledger say that it arrived. What was paid stands with the first picture. */
export async function keepAll(
  response: ImageResponse,
  sent: SentRequest,
  { variation, shotOf }: Shot,
  painting: Pick<Painting, 'id' | 'plan' | 'call' | 'landing'>,
): Promise<KeptImage[]> {
  const { plan, call, landing } = painting;
  const { dollars, estimated } = toCost(response, plan, call);
  const unsaid = { ...toRecord(painting, variation), ...(shotOf !== undefined && { shotOf }) };
  const after = shotOf ?? plan.history?.after;
  const kept = await Promise.all(
    response.images.map(async (bytes, index): Promise<KeptImage> => {
      const record: NewRecord =
        index === 0
          ? { ...unsaid, ...toSaid(response), id: sent.image, estimated, ...(dollars !== undefined && { dollars }) }
          : { ...unsaid, id: newImageId(), estimated: false, dollars: 0 };
      const said = { exchange: response.exchange, ...(after !== undefined && { after }) };
      const { original, delivery } = landing.find(bytes);
      const preview = shotOf === undefined ? startPreview(bytes, original, plan, call) : undefined;
      const whole = await call.archive.keep(record, bytes, { said, draft: original, settling: landing.settling });
      return { bytes, record: whole, ...(delivery && { draft: delivery }), ...(preview && { preview }) };
    }),
  );
  const searched = isPaid(call.model.backend) ? response.searches * dollarsPerSearch : 0;
  await sent.arrived(
    kept.map(({ record }) => record.id),
    dollars === undefined ? null : dollars + searched,
  );
  return kept;
}
