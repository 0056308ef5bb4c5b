import type { NewRecord } from './archive/archive.ts';
import type { Config } from './config.ts';
import { workingFolder } from './files/paths.ts';
import type { ImageModel, ImageResponse, Usage } from './model/image-model.ts';
import { toDollars } from './model/price.ts';
import type { Plan } from './plan.ts';

/** The call a picture was made by. */
interface MadeBy {
  id: string;
  plan: Plan;
  call: { config: Config; model: Pick<ImageModel, 'backend'> };
}

/** What the answer adds to it. */
export function toSaid({ model, warnings, usage, text, sources, searches }: ImageResponse) {
  return {
    ...(model !== undefined && { answeredBy: model }),
    warnings: [...warnings],
    ...(usage && { usage }),
    text,
    sources: [...sources],
    searches,
  };
}

/** What a record says of a picture before its answer is looked at. */
export function toRecord({ id, plan, call }: MadeBy, number: number): Omit<NewRecord, 'id' | 'estimated'> {
  const { config, model } = call;
  const { key: _key, warnings: _warnings, model: painter, alt, ...decided } = plan;
  return {
    call: id,
    number,
    at: new Date().toISOString(),
    tool: plan.tool,
    backend: model.backend,
    model: painter.id,
    prompt: plan.prompt,
    parents: plan.inputs.flatMap((input) => (input.id ? [input.id] : [])),
    inputs: plan.inputs.map(({ path, sha256 }) => ({ path, sha256 })),
    folder: workingFolder(config),
    plan: decided,
    finish: {},
    ...(alt !== undefined && { alt }),
    sourceType: plan.sourceType,
    differences: [],
    warnings: [],
    text: '',
    sources: [],
    searches: 0,
  };
}

/** What tokens of a planned request cost in US dollars; undefined when nobody knows. */
export function toBilled({ model, rate = 1 }: Plan, usage: Usage): number | undefined {
  const dollars = toDollars(model, usage);
  return dollars === undefined ? undefined : dollars * rate;
}

/** What an answer cost in US dollars, as counted or else as expected; undefined when nobody knows. */
export function toCost(response: ImageResponse, plan: Plan, call: MadeBy['call']): { dollars: number | undefined; estimated: boolean } {
  if (call.model.backend === 'standin') return { dollars: 0, estimated: false };
  const { pricePerImage } = call.config.budget;
  if (plan.model.price === undefined) {
    return { dollars: pricePerImage === undefined ? undefined : pricePerImage * response.images.length, estimated: true };
  }
  return response.usage ? { dollars: toBilled(plan, response.usage), estimated: false } : { dollars: plan.price?.likely, estimated: true };
}
