import { cp, mkdir, readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, posix, relative } from 'node:path';
import dockerignore from '@balena/dockerignore';
import { npm } from '../../packaging/npm.ts';
import { type Instruction, readStages, type Stage, toPairs } from './dockerfile.ts';

/** An image as far as it can be built without Docker: the files its Dockerfile puts in, and how it starts. */
export interface Image {
  /** The folder that holds what the Dockerfile put under `/`. */
  files: string;
  env: Record<string, string>;
  workdir: string;
  entrypoint: readonly string[];
  user: string;
  volumes: readonly string[];
}

/**
 * Carries out the Dockerfile of a project, step by step, in folders below `scratch`: COPY under `.dockerignore`, npm in RUN, `install -d`. Base images are
 * not there: Node and its system are this machine's. Any other instruction is an error, so that the Dockerfile says no more than is tried here.
 */
export async function buildImage(root: string, scratch: string): Promise<Image> {
  const context = await readContext(root);
  const built = new Map<string, string>();
  let image: Image | undefined;
  for (const [index, stage] of (await readStages(root)).entries()) {
    const files = join(scratch, stage.name || `stage-${index}`);
    image = await buildStage(stage, { root, files, context, built });
    built.set(stage.name, files);
  }
  if (image === undefined) throw new Error('the Dockerfile has no stage');
  return image;
}

interface Ground {
  root: string;
  files: string;
  /** Whether a path below the root is sent to the builder. */
  context: (path: string) => boolean;
  built: ReadonlyMap<string, string>;
}

async function buildStage(stage: Stage, ground: Ground): Promise<Image> {
  await mkdir(ground.files, { recursive: true });
  const image: Image = {
    files: ground.files,
    env: toPairs(stage.instructions, 'ENV'),
    workdir: '/',
    entrypoint: [],
    user: 'root',
    volumes: [],
  };
  for (const instruction of stage.instructions) Object.assign(image, await carryOut(instruction, image, ground));
  return image;
}

async function carryOut({ keyword, flags, args }: Instruction, image: Image, ground: Ground): Promise<Partial<Image>> {
  const inside = (path: string) => join(image.files, isAbsolute(path) ? path : join(image.workdir, path));
  switch (keyword) {
    case 'WORKDIR': {
      const workdir = posix.resolve(image.workdir, args[0] ?? '');
      await mkdir(join(image.files, workdir), { recursive: true });
      return { workdir };
    }
    case 'COPY':
      await copy(args.slice(0, -1), inside(args.at(-1) ?? ''), flags.from, ground);
      return {};
    case 'RUN':
      await runStep(args, inside('.'), inside);
      return {};
    case 'USER':
      return { user: args[0] ?? '' };
    case 'VOLUME':
      return { volumes: args };
    case 'ENTRYPOINT':
      return { entrypoint: args };
    case 'ENV':
    case 'LABEL':
      return {};
    default:
      throw new Error(`${keyword} is not tried without Docker`);
  }
}

/** As Docker does it: the content of a folder, a file under its name. */
async function copy(sources: readonly string[], target: string, from: string | undefined, { root, context, built }: Ground): Promise<void> {
  const base = from === undefined ? root : built.get(from);
  if (base === undefined) throw new Error(`there is no stage ${from}`);
  // What one stage takes from another has been through it before.
  const filter = (path: string) => from !== undefined || path === base || context(relative(base, path));
  for (const source of sources) {
    const path = join(base, source);
    const isFile = /\.json$|LICENSE$/.test(source);
    await mkdir(isFile ? target : dirname(target), { recursive: true });
    if (!filter(path)) throw new Error(`.dockerignore keeps ${source} out of the image`);
    await cp(path, isFile ? join(target, source.split('/').at(-1) ?? '') : target, { recursive: true, filter });
  }
}

async function runStep(args: readonly string[], workdir: string, inside: (path: string) => string): Promise<void> {
  const [program, ...rest] = args;
  if (program === 'npm') return void (await npm(rest, workdir));
  // Whose they are cannot be done here: only root may give files away.
  if (program !== 'install' || rest[0] !== '-d') throw new Error(`RUN ${args.join(' ')} is not tried without Docker`);
  for (const folder of rest.filter((word) => word.startsWith('/'))) await mkdir(inside(folder), { recursive: true });
}

/** What `.dockerignore` lets through; a folder goes through when something in it may. */
async function readContext(root: string): Promise<(path: string) => boolean> {
  const rules = await readFile(join(root, '.dockerignore'), 'utf8');
  const ignore = dockerignore.default().add(rules);
  return (path) => !ignore.ignores(path);
}
