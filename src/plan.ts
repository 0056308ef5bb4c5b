import { createHash } from 'node:crypto';
import type { Picture } from './archive/identify.ts';
import type { Config } from './config.ts';
import { ToolError } from './errors.ts';
import type { Target } from './files/target.ts';
import { requirePossible } from './image/fit.ts';
import type { SourceType } from './image/xmp.ts';
import type { AspectRatio, Format, Resolution, Sniffed } from './media.ts';
import { type CatalogModel, chooseModel, documentedSize, maxImages, modelsThatCan, nearestRatio } from './model/catalog.ts';
import { estimatePrice, type Price, toReduced } from './model/price.ts';
import { isFine, type PlannedBackground, planBackground, secondShotPrompt } from './plan-background.ts';
import { describeAgain, type Finish, type PlannedOutput, planOutput, toAskedFormat, toFinishAgain } from './plan-finish.ts';
import { type PlannedHistory, planHistory } from './plan-history.ts';
import { type PlannedRegion, planRegion } from './plan-region.ts';
import { planResolution, planShape, toExactShape, toRatio, toWholeSize } from './plan-shape.ts';
import { cleanText, showPath } from './text.ts';

type PaidTool = 'generate_image' | 'edit_image' | 'compose_images';

/** What a paid tool was asked, arguments repaired and validated. */
export interface Wish {
  tool: PaidTool;
  prompt: string;
  count?: number | undefined;
  aspectRatio?: string | undefined;
  resolution?: Resolution | undefined;
  width?: number | undefined;
  height?: number | undefined;
  format?: 'auto' | Format | undefined;
  background?: 'auto' | 'transparent' | undefined;
  maxKb?: number | undefined;
  alt?: string | undefined;
  overwrite?: boolean | undefined;
  model?: string | undefined;
  webSearch?: boolean | undefined;
  region?: string | undefined;
  mask?: Picture | undefined;
}

/** What will be done, decided before anything is sent. Plain JSON. */
export interface Plan {
  tool: PaidTool;
  prompt: string;
  model: CatalogModel;
  variations: number;
  /** Requests all variations take together. */
  requests: number;
  /** The ratio the model is asked for, one it has. */
  aspectRatio: AspectRatio;
  /** The ratio the caller named; what came is compared with it. */
  askedRatio?: AspectRatio;
  /** The exact shape the picture is cut to afterwards, where the model has no such ratio. */
  cropTo?: AspectRatio;
  resolution: Resolution;
  webSearch: boolean;
  inputs: readonly PlannedInput[];
  output: PlannedOutput;
  background?: PlannedBackground;
  region?: PlannedRegion;
  /** What it shows, for those who do not see it; of every variation. */
  alt?: string;
  /** Where the pixels come from, as IPTC's digital source type. */
  sourceType: SourceType;
  /** The conversation an edit goes on with; absent: the picture itself is sent. */
  history?: PlannedHistory;
  /** Of one request; absent when unknown. */
  price?: Price;
  /** The share of that model's usual price the tokens are billed at; absent: all of it. */
  rate?: number;
  /** Says which calls are the same: tool, arguments with defaults filled in, where it goes, what the pictures hold, who makes it. */
  key: string;
  warnings: readonly string[];
}

export interface PlannedInput {
  label: string;
  path: string;
  sha256: string;
  /** Absent for a picture limner did not make. */
  id?: string;
  /** Pixels the model can use of its longest edge. */
  maxEdge: number;
}

/** Whether the file will be what the model sent, byte for byte; of what kind that is nobody knows before. */
export function isDeliveredAsItCame({ background, region, cropTo, output }: Plan, kind?: Sniffed): boolean {
  const { format, width, height, scaleTo, maxKb } = output;
  const changes = [background, region, cropTo, width, height, scaleTo, maxKb];
  return changes.every((change) => change === undefined) && (format === undefined || format === kind);
}

/**
 * Decides what to do. Pure and free. What can be met another way becomes a warning; what this model cannot do at all is refused with `unsupported`,
 * naming the models that can.
 */
export function plan(wish: Wish, pictures: readonly Picture[], target: Target, config: Config): Plan {
  const { model, warning } = chooseModel(wish.model ?? config.model, config.backend);
  const warnings = [warning, ...[...pictures, wish.mask].map((picture) => picture?.warning)].filter((text) => text !== undefined);
  if (target.isRelative && config.projectDir === undefined) {
    warnings.push(`limner was not started in a project folder, so relative paths start at ${showPath(config.outputDir)}.`);
  }
  const named = toAskedFormat(wish, target);
  const region = planRegion({ ...wish, format: named }, pictures[0], wish.mask, warnings);
  const history = planHistory(wish, model, pictures, config, region !== undefined, warnings);
  const again = region ? {} : toFinishAgain(wish, named, pictures);
  const asked = named ?? (region ? 'png' : again.format);
  const background = planBackground(wish, asked, again.background, wish.tool !== 'generate_image', warnings);
  if (wish.tool === 'edit_image' && pictures[0]?.facts.hasAlpha && !background && !region) warnings.push(losesAlpha);
  const output = planOutput(wish, target, again, asked ?? (background && 'png'));
  const painted = planPainting(wish, model, pictures, { history, again, output, background }, warnings);
  warnings.push(...describeAgain(again, painted.output, { ...painted, background }));
  requireAbilities(wish, model, pictures.length + (region ? 1 : 0));
  const requests = (wish.count ?? 1) * (background?.method === 'two-shot' ? 2 : 1);
  const words = [background?.words, region?.words].filter((text) => text !== undefined);
  const price = planPrice(wish, model, painted.resolution, { pictures: pictures.length, words, history, region, background }, config);
  return {
    tool: wish.tool,
    prompt: wish.prompt,
    model,
    variations: wish.count ?? 1,
    requests,
    ...painted,
    webSearch: wish.webSearch ?? false,
    inputs: pictures.map((picture, index) => planInput(picture, index, wish, painted.resolution)),
    ...(background && { background }),
    ...(region && { region }),
    ...(wish.alt !== undefined && { alt: wish.alt }),
    sourceType: toSourceType(pictures, config),
    ...(history && { history }),
    ...(price && { price }),
    key: toCallKey(
      wish,
      model.id,
      target,
      pictures.map(({ sha256 }) => sha256),
      config.backend,
    ),
    warnings,
  };
}

/** Batches are half price, tokens that is; a price the person has set stands as it is, since nobody knows what it is for. */
export function toBatchPlan(plan: Plan): Plan {
  const { price, model, webSearch } = plan;
  if (price === undefined || model.price === undefined) return plan;
  return { ...plan, rate: batchRate, price: toReduced(price, batchRate, webSearch) };
}

const batchRate = 0.5;

/** A picture limner did not make, however far back, leaves a part of itself in what is made of it. */
function toSourceType(pictures: readonly Picture[], { backend }: Config): SourceType {
  if (backend === 'standin') return 'algorithmicMedia';
  const isComposite = pictures.some(({ record }) => record === undefined || record.sourceType === 'compositeWithTrainedAlgorithmicMedia');
  return isComposite ? 'compositeWithTrainedAlgorithmicMedia' : 'trainedAlgorithmicMedia';
}

const losesAlpha = 'The picture has transparent parts, the edit will have none: set background to transparent to have them again.';

/** What shape and resolution depend on beside the wish. */
interface Decided {
  history: PlannedHistory | undefined;
  again: Finish;
  output: PlannedOutput;
  background: PlannedBackground | undefined;
}

/** What the model is asked to paint, and what is cut or made of it. */
function planPainting(wish: Wish, model: CatalogModel, pictures: readonly Picture[], decided: Decided, warnings: string[]) {
  const { history, again, background } = decided;
  const named = toRatio(wish.aspectRatio);
  // One edge alone keeps the shape: the one that was named, or the picture's.
  const exact = toWholeSize(decided.output, named ?? pictures[0]?.facts ?? '1:1');
  const output = { ...decided.output, ...exact };
  const exactShape = exact && toExactShape(exact, output.format, named, warnings);
  if (exact) requirePossible(output.format ?? 'jpeg', exact);
  const own = history ? (pictures[0]?.record?.made ?? pictures[0]?.facts) : pictures[0]?.facts;
  const shape = exactShape ? { aspectRatio: nearestRatio(model.ratios, exactShape) } : planShape(model, named, own, again.cropTo, warnings);
  // A file that was made smaller than the model's picture is what the caller sees and means.
  const resolution = planResolution(wish, model, shape.aspectRatio, { own: pictures[0]?.facts, exact }, warnings);
  const asked = exactShape ? {} : named && { askedRatio: named };
  const larger = exact || wish.resolution || wish.tool === 'edit_image' ? undefined : toLarger(wish, model, background, resolution);
  if (larger === undefined) return { ...shape, ...asked, resolution, output };
  const { width: scaleTo } = documentedSize(shape.aspectRatio, resolution);
  warnings.push(
    `Fine hair or fur: painted at ${larger} and scaled down to ${resolution}, which gives transparency a cleaner edge (resolution ${resolution} paints it at that, for less).`,
  );
  return { ...shape, ...asked, resolution: larger, output: { ...output, scaleTo } };
}

/** A size more, for a subject whose edge would be lost in the coarser colours of a JPEG. */
function toLarger(
  wish: Wish,
  model: CatalogModel,
  background: PlannedBackground | undefined,
  resolution: Resolution,
): Resolution | undefined {
  if (background === undefined || !isFine(wish.prompt)) return undefined;
  return model.resolutions[model.resolutions.indexOf(resolution) + 1];
}

function requireAbilities(wish: Wish, model: CatalogModel, pictures: number): void {
  if (wish.webSearch && !model.search) {
    throw new ToolError(
      'unsupported',
      `${model.id} cannot search the web. Leave web_search out, or use ${modelsThatCan((other) => other.search)}.`,
    );
  }
  if (pictures > maxImages) {
    throw new ToolError(
      'unsupported',
      `With region or mask a guide is sent along, which leaves room for ${maxImages - 2} references. Leave one out.`,
    );
  }
}

/** What a call is the same as another by; pictures by their content, wherever they lie. */
export function toCallKey(wish: Wish, model: string, target: Target, pictures: readonly string[], backend: Config['backend']): string {
  const { tool, prompt, count = 1, aspectRatio, resolution, format = 'auto', overwrite = false, webSearch = false } = wish;
  const { width, height, background = 'auto', maxKb, region, mask, alt } = wish;
  const { folder, stem, extension } = target;
  // What is left out and depends on the picture stays left out: after an edit in place the picture is another.
  const shape = aspectRatio ?? (tool === 'generate_image' ? '1:1' : undefined);
  const size = resolution ?? (tool === 'edit_image' ? undefined : '1K');
  const file = [width, height, background, maxKb, region, mask?.sha256];
  const said = [tool, prompt, count, shape, size, format, overwrite, webSearch, model, folder, stem, extension, pictures, backend, ...file];
  return (
    createHash('sha256')
      // Calls without it keep the key they had before there was any.
      .update(JSON.stringify([...said, ...(alt === undefined ? [] : [alt])].map((value) => value ?? null)))
      .digest('hex')
      .slice(0, 32)
  );
}

/** What a request carries beside the prompt. */
interface Carried {
  pictures: number;
  words: readonly string[];
  history: PlannedHistory | undefined;
  region: PlannedRegion | undefined;
  background: PlannedBackground | undefined;
}

function planPrice(wish: Wish, model: CatalogModel, resolution: Resolution, carried: Carried, config: Config): Price | undefined {
  if (config.backend === 'standin') return { likely: 0, most: 0 };
  const { pictures, words, history, region, background } = carried;
  // The second shot goes on from the first; both are priced as it.
  const more = (region ? 1 : 0) + (background?.method === 'two-shot' ? 1 : 0);
  const sent = (history ? history.pictures + pictures - 1 : pictures) + more;
  const promptLength = [wish.prompt, ...words].join('').length + (more > 0 ? secondShotPrompt.length : 0);
  const request = { resolution, promptLength, pictures: sent, webSearch: wish.webSearch ?? false };
  return estimatePrice(model, request, config.budget.pricePerImage);
}

/** Pixels of the longest edge that a picture to be changed is sent with: enough for the widest answer of its resolution, but at 4K no more than fits. */
const edgeToChange: Record<Resolution, number> = { '1K': 2048, '2K': 3072, '4K': 4096 };

/** A picture that only lends a thing or a style needs no more. */
const edgeToLend = 2048;

function planInput(picture: Picture, index: number, wish: Wish, resolution: Resolution): PlannedInput {
  const toBeChanged = wish.tool === 'edit_image' && index === 0;
  const maxEdge = toBeChanged ? edgeToChange[resolution] : edgeToLend;
  return {
    label: `Image ${index + 1} (${cleanText(showPath(picture.name), 80)})`,
    path: picture.path,
    sha256: picture.sha256,
    ...(picture.record && { id: picture.record.id }),
    maxEdge,
  };
}
