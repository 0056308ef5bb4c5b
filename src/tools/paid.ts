import { identify, type Picture } from '../archive/identify.ts';
import { findTarget } from '../files/target.ts';
import { plan, type Wish } from '../plan.ts';
import { type Call, type Outcome, run } from '../run.ts';

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
}

/** The way every paid call goes: look at what is named, decide, do. `pictures` in the order the prompt counts them. */
export async function paint(tool: Wish['tool'], pictures: readonly string[], input: CommonInput, call: Call): Promise<Outcome> {
  const target = await findTarget(input.output, call.config);
  const found: Picture[] = [];
  for (const picture of pictures) found.push(await identify(picture, call.config, call.archive));
  const { aspect_ratio: aspectRatio, web_search: webSearch, output: _output, ...rest } = input;
  return run(plan({ ...rest, tool, aspectRatio, webSearch }, found, target, call.config), found, call);
}
