import { join } from 'node:path';
import { requireNames } from '../deliver.ts';
import { ToolError } from '../errors.ts';
import { canMake } from '../files/read.ts';
import type { Call } from '../generate.ts';
import { readInput } from '../perform.ts';
import { type Plan, toBatchPlan } from '../plan.ts';
import { quote, showPath } from '../text.ts';
import { composeImages, editImage, generateImage } from '../tools/index.ts';
import { type Decided, decide } from '../tools/paid.ts';
import type { PaidTool } from '../tools/paid-tool.ts';
import type { RawJob, RawJobs, WrongLine } from './jobs.ts';
import type { BatchJob } from './store.ts';

/** What was made of the jobs before anything is sent. */
export interface Checked {
  jobs: BatchJob[];
  wrong: WrongLine[];
  /** Requests of all jobs. */
  requests: number;
  /** US dollars at batch rates; undefined when the price of one is not known. */
  price: { likely: number; most: number } | undefined;
  /** Model and resolution of the jobs, by how many requests there are of each. */
  kinds: ReadonlyMap<string, number>;
}

/** Checks and prices every job; nothing is sent or written. */
export async function checkJobs({ jobs, wrong }: RawJobs, call: Call, report: (done: number) => void): Promise<Checked> {
  const checked: BatchJob[] = [];
  const faults = [...wrong];
  const [kinds, names] = [new Map<string, number>(), new Map<string, number>()];
  let [requests, likely, most, isKnown] = [0, 0, 0, true];
  for (const raw of jobs) {
    call.cancelled.throwIfAborted();
    try {
      const { job, plan } = await checkJob(raw, call);
      requireOwnName(plan, raw.line, names);
      checked.push(job);
      requests += plan.requests;
      likely += plan.requests * (plan.price?.likely ?? 0);
      most += plan.requests * (plan.price?.most ?? 0);
      isKnown &&= plan.price !== undefined;
      const kind = `${plan.model.id}, ${plan.resolution}`;
      kinds.set(kind, (kinds.get(kind) ?? 0) + plan.requests);
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      faults.push({ line: raw.line, message: error.message });
    }
    report(checked.length + faults.length);
  }
  const price = isKnown ? { likely, most } : undefined;
  return { jobs: checked, wrong: faults.sort((a, b) => a.line - b.line), requests, price, kinds };
}

async function checkJob({ line, job: { tool = 'generate_image', ...args } }: RawJob, call: Call): Promise<{ job: BatchJob; plan: Plan }> {
  const name = typeof tool === 'string' ? tool.trim().replace(/[\s-]+/g, '_') : '';
  findDeciding(name);
  const input = readJobInput(name, args, call);
  const { plan } = await decideJob(name, input, call);
  await requireNames(plan);
  if (!(await canMake(plan.output.folder)))
    throw new ToolError('cannot_write', `${showPath(plan.output.folder)} is no folder that can be written or made. Choose another output.`);
  const { model, variations, price } = plan;
  return { job: { line, tool: name, input, model: model.id, variations, ...(price && { most: price.most }) }, plan };
}

/** What was wanted of a job, decided, at batch rates. Throws what the caller has to mend. */
export async function decideJob(name: string, input: Record<string, unknown>, call: Call): Promise<Decided> {
  const decided = await findDeciding(name)(input, call);
  const plan = toBatchPlan(decided.plan);
  if (plan.background?.method === 'two-shot')
    throw new ToolError(
      'unsupported',
      'Glass, smoke, glow and shadow take two requests for a transparent background, the second of which goes on from the first answer, so a batch cannot carry it. Make it as a call of its own, or say what is solid in it.',
    );
  return { ...decided, plan };
}

type Deciding = (input: Record<string, unknown>, call: Call) => Promise<Decided>;

function findDeciding(name: string): Deciding {
  const known = name === 'generate_image' ? toDeciding(generateImage) : name === 'edit_image' ? toDeciding(editImage) : undefined;
  if (known) return known;
  if (name === 'compose_images') return toDeciding(composeImages);
  throw new ToolError(
    'unsupported',
    `A batch has no tool ${quote(name, 60)}: tool is generate_image (default), edit_image or compose_images. What is free, such as export_image, needs no batch.`,
  );
}

function toDeciding<Input>(tool: PaidTool<Input>): Deciding {
  return (given, call) => {
    const { pictures, input } = tool.split(readInput(tool, given, call.config));
    return decide(tool.name, pictures, input, call);
  };
}

/** Arguments as they are written down: repaired, and with output below the folder of the batch. */
function readJobInput(name: string, args: Record<string, unknown>, { config }: Call): Record<string, unknown> {
  const tool =
    name === 'edit_image'
      ? readInput(editImage, args, config)
      : name === 'compose_images'
        ? readInput(composeImages, args, config)
        : readInput(generateImage, args, config);
  const { dry_run: _dry, output, ...rest } = tool;
  return { ...rest, ...(output !== undefined && { output: toOutput(output, config.outputDir) }) };
}

/** Relative names start at the folder of the batch. */
function toOutput(output: string, folder: string): string {
  return /^([/~\\]|[a-z]:[/\\]|file:)/i.test(output) ? output : join(folder, output);
}

/** Two jobs that name the same file would get in each other's way: which is which nobody could tell. */
function requireOwnName({ output }: Plan, line: number, names: Map<string, number>): void {
  if (!output.named) return;
  const name = join(output.folder, `${output.stem}.${output.extension ?? ''}`);
  const other = names.get(name);
  if (other !== undefined)
    throw new ToolError('file_exists', `Line ${other} has the same output, ${showPath(name)}. Give each line its own.`);
  names.set(name, line);
}
