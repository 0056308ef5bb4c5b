import { identify, type Picture } from '../archive/identify.ts';
import type { CallState } from '../archive/ledger-calls.ts';
import { hasTransparency, measureMask } from '../decoder/pictures.ts';
import { ToolError } from '../errors.ts';
import { findTarget, type Target } from '../files/target.ts';
import { type Forecast, forecast } from '../forecast.ts';
import type { Call } from '../generate.ts';
import { describeCutOff, findLate, isAnsweredLate } from '../late.ts';
import type { Size } from '../media.ts';
import { type Plan, plan, toCallKey, type Wish } from '../plan.ts';
import type { Sources } from '../request.ts';
import { type Outcome, run } from '../run.ts';
import { quote, toAltText } from '../text.ts';

/** The arguments `common` declares, as validated. */
export interface CommonInput {
  prompt: string;
  count?: number | undefined;
  aspect_ratio?: string | undefined;
  resolution?: Wish['resolution'];
  format?: Wish['format'];
  output?: string | undefined;
  overwrite?: boolean | undefined;
  model?: string | undefined;
  web_search?: boolean | undefined;
  dry_run?: boolean | undefined;
  width?: number | undefined;
  height?: number | undefined;
  background?: Wish['background'];
  max_kb?: number | undefined;
  alt?: string | undefined;
  region?: string | undefined;
  mask?: string | undefined;
}

/** What was decided of a call, before anything is sent. */
export interface Decided {
  plan: Plan;
  sources: Sources;
  /** What the call may be the same as: its own key first. */
  keys: readonly string[];
}

/** The way every paid call goes: look at what is named, decide, do. `pictures` in the order the prompt counts them. */
export async function paint(tool: Wish['tool'], pictures: readonly string[], input: CommonInput, call: Call): Promise<Outcome | Forecast> {
  const { plan: decided, sources, keys } = await decide(tool, pictures, input, call);
  if (input.dry_run) return forecast(decided, await isAnsweredLate(keys, call), call);
  const late = await findLate(keys, decided, sources, call);
  return late ?? run({ ...decided, warnings: [...decided.warnings, ...(await describeCutOff(keys, call))] }, sources, call);
}

/** Looks at what is named and decides; nothing is sent or written. */
export async function decide(tool: Wish['tool'], pictures: readonly string[], input: CommonInput, call: Call): Promise<Decided> {
  const target = await findTarget(input.output, call.config);
  const found: Picture[] = [];
  for (const picture of pictures) found.push(await identify(picture, call.config, call, call.cancelled));
  const [picture] = found;
  const mask = input.mask === undefined || picture === undefined ? undefined : await readMask(input.mask, picture.facts, call);
  const wish = toWish(tool, input, mask);
  const known = await withHistory(wish, await withTrueAlpha(found), call);
  const decided = plan(wish, known, target, call.config);
  const keys = [decided.key, ...(await keysBefore(wish, decided, found, target, call))];
  return { plan: decided, sources: { pictures: known, mask }, keys };
}

function toWish(tool: Wish['tool'], input: CommonInput, mask: Picture | undefined): Wish {
  const {
    aspect_ratio: aspectRatio,
    web_search: webSearch,
    max_kb: maxKb,
    alt,
    output: _output,
    dry_run: _dryRun,
    mask: _mask,
    ...rest
  } = input;
  return { ...rest, tool, aspectRatio, webSearch, maxKb, alt: toAltText(alt), mask };
}

/** The picture that says where change is allowed. Throws `invalid_argument` for one that allows it nowhere or everywhere. */
async function readMask(argument: string, size: Size, call: Call): Promise<Picture> {
  const mask = await identify(argument, call.config, call, call.cancelled);
  const shown = mask.isDownloaded ? mask.path : argument;
  const share = await measureMask(mask.bytes, { width: size.width, height: size.height }, shown);
  if (share > 0.00001 && share < 0.9999) return mask;
  const what = share < 0.5 ? 'black all over, so nothing may change' : 'white all over, so everything may change';
  const advice = share < 0.5 ? 'Paint white what may change' : 'Leave mask out, or paint black what must stay';
  throw new ToolError('invalid_argument', `mask ${quote(shown, 120)} is ${what}. ${advice}.`);
}

/** The picture that is changed, an alpha channel that hides nothing being none. */
async function withTrueAlpha([first, ...others]: readonly Picture[]): Promise<Picture[]> {
  if (first === undefined) return [];
  const hasAlpha = await hasTransparency(first.bytes, first.facts, first.name);
  return [{ ...first, facts: { ...first.facts, hasAlpha } }, ...others];
}

/** The picture that is edited, with the conversation it came from. */
async function withHistory(wish: Wish, [first, ...others]: readonly Picture[], { archive }: Call): Promise<Picture[]> {
  if (first === undefined) return [];
  if (wish.tool !== 'edit_image' || first.record === undefined) return [first, ...others];
  return [{ ...first, history: await archive.historyOf(first.record) }, ...others];
}

/**
 * What else the call may be the same as. An edit in place whose answer got lost has already put its picture where the call still names the old one: seen from
 * before that, it is the same call again.
 */
async function keysBefore(
  wish: Wish,
  decided: Plan,
  pictures: readonly Picture[],
  target: Target,
  { config, ledger }: Call,
): Promise<string[]> {
  const calls = pictures.some(({ record }) => record) ? await ledger.recentCalls() : [];
  return pictures.flatMap((picture, index) => {
    const before = toHashBefore(picture, calls);
    if (before === undefined) return [];
    const hashes = pictures.map(({ sha256 }, other) => (other === index ? before : sha256));
    return [toCallKey(wish, decided.model.id, target, hashes, config.backend)];
  });
}

/** What the picture held before an edit in place that nobody was answered with; undefined when there was none. */
function toHashBefore({ record, path }: Picture, calls: readonly CallState[]): string | undefined {
  if (record === undefined) return undefined;
  // Named by its id, it is known for what it was, and only its file is gone.
  if (path === record.original?.path) return record.delivered?.sha256;
  const made = calls.find(({ call }) => call === record.call);
  return made === undefined || made.answered ? undefined : record.inputs.find((input) => input.path === path)?.sha256;
}
