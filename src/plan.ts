import { createHash } from 'node:crypto';
import type { Picture } from './archive/identify.ts';
import type { Config } from './config.ts';
import { ToolError } from './errors.ts';
import type { Target } from './files/target.ts';
import { type AspectRatio, type Format, type Resolution, toExtension } from './media.ts';
import { type CatalogModel, chooseModel, modelsThatCan } from './model/catalog.ts';
import { estimatePrice, type Price } from './model/price.ts';
import { type PlannedHistory, planHistory } from './plan-history.ts';
import { planResolution, planShape, toRatio } from './plan-shape.ts';
import { cleanText, toFileStem } from './text.ts';

type PaidTool = 'generate_image' | 'edit_image' | 'compose_images';

/** What a paid tool was asked, arguments repaired and validated. */
export interface Wish {
  tool: PaidTool;
  prompt: string;
  count?: number | undefined;
  aspectRatio?: string | undefined;
  resolution?: Resolution | undefined;
  format?: 'auto' | Format | undefined;
  overwrite?: boolean | undefined;
  model?: string | undefined;
  webSearch?: boolean | undefined;
}

/** What will be done, decided before anything is sent. Plain JSON. */
export interface Plan {
  tool: PaidTool;
  prompt: string;
  model: CatalogModel;
  variations: number;
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
  /** The conversation an edit goes on with; absent: the picture itself is sent. */
  history?: PlannedHistory;
  /** Of one picture; absent when unknown. */
  price?: Price;
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

interface PlannedOutput {
  folder: string;
  stem: string;
  /** True when the caller named the file. */
  named: boolean;
  /** The type to deliver; absent: as the model made it. */
  format?: Format;
  /** Extension as the caller wrote it. */
  extension?: string;
  overwrite: boolean;
}

/**
 * Decides what to do. Pure and free. What can be met another way becomes a warning; what this model cannot do at all is refused with `unsupported`,
 * naming the models that can.
 */
export function plan(wish: Wish, pictures: readonly Picture[], target: Target, config: Config): Plan {
  const { model, warning } = chooseModel(wish.model ?? config.model);
  const warnings = [warning, ...pictures.map((picture) => picture.warning)].filter((text) => text !== undefined);
  if (target.isRelative && config.projectDir === undefined) {
    warnings.push(`limner was not started in a project folder, so relative paths start at ${config.outputDir}.`);
  }
  const asked = toRatio(wish.aspectRatio);
  const history = planHistory(wish, model, pictures, config, warnings);
  const again = toFinishAgain(wish, pictures);
  const own = history ? (pictures[0]?.record?.made ?? pictures[0]?.facts) : pictures[0]?.facts;
  const { aspectRatio, cropTo } = planShape(model, asked, own, history && again.cropTo, warnings);
  const output = planOutput(wish, target, again.format);
  warnings.push(...describeAgain(again, { format: output.format, cropTo }));
  const resolution = planResolution(wish, model, aspectRatio, own, warnings);
  if (wish.webSearch && !model.search) {
    throw new ToolError(
      'unsupported',
      `${model.id} cannot search the web. Leave web_search out, or use ${modelsThatCan((other) => other.search)}.`,
    );
  }
  const price = planPrice(wish, model, resolution, pictures.length, history, config);
  return {
    tool: wish.tool,
    prompt: wish.prompt,
    model,
    variations: wish.count ?? 1,
    aspectRatio,
    ...(asked && { askedRatio: asked }),
    ...(cropTo && { cropTo }),
    resolution,
    webSearch: wish.webSearch ?? false,
    inputs: pictures.map((picture, index) => planInput(picture, index, wish, resolution)),
    output,
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

/** What a call is the same as another by; pictures by their content, wherever they lie. */
export function toCallKey(wish: Wish, model: string, target: Target, pictures: readonly string[], backend: Config['backend']): string {
  const { tool, prompt, count = 1, aspectRatio, resolution, format = 'auto', overwrite = false, webSearch = false } = wish;
  const { folder, stem, extension } = target;
  // What is left out and depends on the picture stays left out: after an edit in place the picture is another.
  const shape = aspectRatio ?? (tool === 'generate_image' ? '1:1' : undefined);
  const size = resolution ?? (tool === 'edit_image' ? undefined : '1K');
  const said = [tool, prompt, count, shape, size, format, overwrite, webSearch, model, folder, stem, extension, pictures, backend];
  return createHash('sha256')
    .update(JSON.stringify(said.map((value) => value ?? null)))
    .digest('hex')
    .slice(0, 32);
}

/** What is made of the model's picture for the file. */
interface Finish {
  format?: Format | undefined;
  cropTo?: AspectRatio | undefined;
}

/** What was done to the model's picture for the file that is edited now: it is done again, unless the call says otherwise. */
function toFinishAgain(wish: Wish, pictures: readonly Picture[]): Finish {
  const [{ sha256, record } = {}] = pictures;
  if (wish.tool !== 'edit_image' || record?.delivered?.sha256 !== sha256 || record?.original?.sha256 === sha256) return {};
  return record?.finish ?? {};
}

/** What of it is really done again, for the caller to hear. */
function describeAgain(again: Finish, now: Finish): string[] {
  const done = [
    ...(again.format && again.format === now.format ? [`${again.format}`] : []),
    ...(again.cropTo && again.cropTo === now.cropTo ? [`cropped to ${again.cropTo}`] : []),
  ];
  return done.length === 0 ? [] : [`Like the picture it comes from, the file is to be ${done.join(', ')}.`];
}

function planPrice(
  wish: Wish,
  model: CatalogModel,
  resolution: Resolution,
  pictures: number,
  history: PlannedHistory | undefined,
  config: Config,
): Price | undefined {
  if (config.backend === 'standin') return { likely: 0, most: 0 };
  const sent = history ? history.pictures + pictures - 1 : pictures;
  const request = { resolution, promptLength: wish.prompt.length, pictures: sent, webSearch: wish.webSearch ?? false };
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
    label: `Image ${index + 1} (${cleanText(picture.name, 80)})`,
    path: picture.path,
    sha256: picture.sha256,
    ...(picture.record && { id: picture.record.id }),
    maxEdge,
  };
}

function planOutput(wish: Wish, target: Target, again: Format | undefined): PlannedOutput {
  const asked = wish.format === 'auto' ? undefined : wish.format;
  if (asked && target.format && asked !== target.format) {
    throw new ToolError(
      'invalid_argument',
      `output ends in .${target.extension} and format is ${asked}: they disagree. Leave format out, or end output in .${toExtension(asked)}.`,
    );
  }
  const format = asked ?? target.format ?? again;
  return {
    folder: target.folder,
    stem: target.stem ?? toFileStem(wish.prompt),
    named: target.stem !== undefined,
    ...(format && { format }),
    ...(target.extension && { extension: target.extension }),
    overwrite: wish.overwrite ?? false,
  };
}
