import { stat } from 'node:fs/promises';
import type { Config } from '../config.ts';
import { type Fault, named } from '../fault.ts';
import { isTooWide } from '../system-folders.ts';
import { quote } from '../text.ts';
import { toRealPath } from './paths.ts';
import { codeOf } from './system-error.ts';

/** Permission bits of a file as `stat` says them; undefined when there is none. */
export async function readMode(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ mode }) => mode,
    () => undefined,
  );
}

/**
 * What only the disk can tell of the folders in the settings: a link that leads to too much and a file in a folder's place open nothing, and it is said.
 * A further folder that is not there may be mistyped, which is said too, or be made later, so it stays allowed.
 * A state folder that cannot be used, a file in its place included, costs nobody a picture: that is found, and told, when something is to be kept there.
 */
export async function narrowFolders(config: Config): Promise<Config> {
  const folders = [...config.allowedDirs, config.stateDir];
  const found = await Promise.all(folders.map((folder) => findFault(folder, config)));
  const faults = new Map<string, Fault>();
  for (const [index, folder] of folders.entries()) {
    const fault = found[index];
    if (fault !== undefined && !(fault === isFile && folder === config.stateDir)) faults.set(folder, named(quote(folder, 200), fault));
  }
  const fatal = [
    ['LIMNER_OUTPUT_DIR', config.outputDir],
    ['LIMNER_STATE_DIR', config.stateDir],
  ].flatMap(([name, folder = '']) => {
    const fault = faults.get(folder);
    return fault === undefined ? [] : [named(`${name}:`, fault)];
  });
  const further = config.allowedDirs.filter((folder) => folder !== config.outputDir && folder !== config.projectDir);
  const others = further.flatMap((folder) => faults.get(folder) ?? []);
  const missing = await Promise.all(further.map(async (folder) => ((await isMissing(folder)) ? [folder] : [])));
  return {
    ...config,
    allowedDirs: config.allowedDirs.filter((folder) => !faults.has(folder)),
    problems: [...config.problems, ...fatal],
    warnings: [
      ...config.warnings,
      ...others.map(ignored),
      ...missing.flat().map((folder) => ({ says: `LIMNER_ALLOWED_DIRS: ${quote(folder, 200)} does not exist` })),
    ],
  };
}

/** The whole of it is said before what became of the folder. */
function ignored({ says, fix }: Fault): Fault {
  return { says: `LIMNER_ALLOWED_DIRS: ${says}${fix === undefined ? '' : `: ${fix}`}; it was ignored` };
}

async function findFault(folder: string, config: Config): Promise<Fault | undefined> {
  const real = await toRealPath(folder);
  if (isTooWide(real, config)) return { says: `leads to ${quote(real, 200)}, which is too wide`, fix: 'name a folder inside it' };
  return stat(real).then(
    (stats) => (stats.isDirectory() ? undefined : isFile),
    () => undefined,
  );
}

/** Nothing is there, not even what may not be looked at. */
async function isMissing(folder: string): Promise<boolean> {
  return stat(folder).then(
    () => false,
    (error: unknown) => codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR',
  );
}

const isFile: Fault = { says: 'is a file, not a folder' };
