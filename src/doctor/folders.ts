import type { Config } from '../config.ts';
import { ToolError } from '../errors.ts';
import { requireAllowed } from '../files/paths.ts';
import { type FolderProbe, probeFolder } from '../files/probe.ts';
import { formatBytes, showPath } from '../text.ts';
import { about, type Finding } from './finding.ts';

/** A folder limner writes to, and what of it was found out. */
interface Looked {
  name: string;
  finding: Finding;
  probe?: FolderProbe;
}

/** Whether the folders can be written, and whether there is room on their file systems. */
export async function checkFolders(config: Config): Promise<Finding[]> {
  const looked = await Promise.all(listFolders(config).map((folder) => look(folder, config)));
  return [...looked.map(({ finding }) => finding), ...checkRoom(looked)];
}

interface Folder {
  name: string;
  path: string;
  /** What its setting is called; the project folder has none. */
  setting: string | undefined;
}

/** Those of the settings, but what the settings' check has found fault with. */
function listFolders({ outputDir, stateDir, projectDir, allowedDirs, problems }: Config): Folder[] {
  const isFaulty = (setting: string) => problems.some(({ says }) => says.startsWith(`${setting}:`));
  const folder = (name: string, path: string, setting?: string): Folder => ({ name, path, setting });
  const further = allowedDirs.filter((path) => path !== outputDir && path !== projectDir);
  return [
    ...(projectDir === undefined ? [] : [folder('project folder', projectDir)]),
    ...(isFaulty('LIMNER_OUTPUT_DIR') ? [] : [folder('output folder', outputDir, 'LIMNER_OUTPUT_DIR')]),
    ...(isFaulty('LIMNER_STATE_DIR') ? [] : [folder('state folder', stateDir, 'LIMNER_STATE_DIR')]),
    ...further.map((path) => folder('allowed folder', path, 'LIMNER_ALLOWED_DIRS')),
  ];
}

async function look({ name, path, setting }: Folder, config: Config): Promise<Looked> {
  const { ok, warning, problem } = about(name);
  const shown = `${name} ${showPath(path)}`;
  try {
    if (name !== 'state folder') await requireAllowed(path, config, 'write');
    const probe = await probeFolder(path);
    return { name, probe, finding: ok(`${shown}: ${probe.isThere ? 'can be written' : 'is made when it is needed'}`) };
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    const fix =
      setting === undefined ? 'start limner in another folder' : `make it writable for you, or set ${setting} to a folder that is`;
    if (error.code !== 'cannot_write')
      return {
        name,
        finding: problem(
          `${shown}: limner may not write there, since it is, or leads, outside its place`,
          `name another folder in ${setting}`,
        ),
      };
    const says = `${name} ${error.message}`;
    // Whoever allows a folder may only want pictures of it read.
    return { name, finding: name === 'allowed folder' ? warning(`${says}; its pictures can be read only`, fix) : problem(says, fix) };
  }
}

/** A picture of 4K with its conversation has up to 40 MB; an archive 2 GB. In bytes. */
const little = 1_000_000_000;
const tooLittle = 100_000_000;

/** A finding for each file system. */
export function checkRoom(looked: readonly Pick<Looked, 'name' | 'probe'>[]): Finding[] {
  const { ok, warning, problem } = about('free space');
  const disks = new Map<string, { free: number; names: Set<string> }>();
  for (const { name, probe } of looked) {
    if (probe?.freeBytes === undefined) continue;
    const disk = disks.get(probe.disk) ?? { free: probe.freeBytes, names: new Set<string>() };
    disks.set(probe.disk, disk);
    disk.names.add(name);
  }
  return [...disks.values()].map(({ free, names }) => {
    const says = `free space: ${formatBytes(free)} for ${[...names].join(', ')}`;
    const fix = 'free some space on that disk, or set other folders';
    return free < tooLittle ? problem(says, fix) : free < little ? warning(says, fix) : ok(says);
  });
}
