import { identify, type Picture } from '../archive/identify.ts';
import type { CallState } from '../archive/ledger-calls.ts';
import { findTarget, type Target } from '../files/target.ts';
import { type Forecast, forecast } from '../forecast.ts';
import type { Call } from '../generate.ts';
import { describeCutOff, findLate, isAnsweredLate } from '../late.ts';
import { type Plan, plan, toCallKey, type Wish } from '../plan.ts';
import { type Outcome, run } from '../run.ts';

/** The arguments `common` declares, as validated. */
interface CommonInput {
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
}

/** The way every paid call goes: look at what is named, decide, do. `pictures` in the order the prompt counts them. */
export async function paint(tool: Wish['tool'], pictures: readonly string[], input: CommonInput, call: Call): Promise<Outcome | Forecast> {
  const target = await findTarget(input.output, call.config);
  const found: Picture[] = [];
  for (const picture of pictures) found.push(await identify(picture, call.config, call));
  const { aspect_ratio: aspectRatio, web_search: webSearch, output: _output, dry_run: dryRun, ...rest } = input;
  const wish: Wish = { ...rest, tool, aspectRatio, webSearch };
  const known = await withHistory(wish, found, call);
  const decided = plan(wish, known, target, call.config);
  const keys = [decided.key, ...(await keysBefore(wish, decided, found, target, call))];
  if (dryRun) return forecast(decided, await isAnsweredLate(keys, call), call);
  const late = await findLate(keys, decided, call);
  return late ?? run({ ...decided, warnings: [...decided.warnings, ...(await describeCutOff(keys, call))] }, known, call);
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
