import { isAbsolute, join, relative, resolve } from 'node:path';
import { type Fault, named } from '../fault.ts';
import type { OptionName } from '../options.ts';
import { defaultStateDir, expandHome, isTooWide } from '../system-folders.ts';
import { quote } from '../text.ts';
import { type Findings, pathDelimiter, type Setting, type Surroundings } from './source.ts';

/** Where pictures may be and where limner remembers; all absolute. */
export interface Folders {
  /** Where a picture goes whose place nobody named. */
  outputDir: string;
  /** The working folder, when it is one a person works in; relative paths start here, else at `outputDir`. */
  projectDir: string | undefined;
  /** Folders that may be read from and written to: project, output and those allowed. */
  allowedDirs: readonly string[];
  stateDir: string;
}

/** The folders as far as they can be told without looking at the disk. */
export function toFolders(setting: Setting, surroundings: Surroundings, found: Findings): Folders {
  const { cwd, cwdWritable, home } = surroundings;
  const projectDir = cwdWritable && !isTooWide(cwd, surroundings) ? cwd : undefined;
  const folder = (name: OptionName, value: string | undefined, from: string | undefined, faults: Fault[]) =>
    value === undefined ? undefined : toFolder(value, name, from, surroundings, faults);
  const outputDir =
    folder('LIMNER_OUTPUT_DIR', setting('LIMNER_OUTPUT_DIR'), projectDir, found.problems) ??
    (projectDir ? join(projectDir, 'generated-images') : join(home, 'Pictures', 'limner'));
  const allowed = splitList(setting('LIMNER_ALLOWED_DIRS'), surroundings).flatMap(
    (value) => folder('LIMNER_ALLOWED_DIRS', value, projectDir, found.warnings) ?? [],
  );
  return {
    outputDir,
    projectDir,
    allowedDirs: [...new Set([...(projectDir === undefined ? [] : [projectDir]), outputDir, ...allowed])],
    // Never from the project: a folder somebody checked out would decide what limner remembers.
    stateDir: folder('LIMNER_STATE_DIR', setting('LIMNER_STATE_DIR'), undefined, found.problems) ?? defaultStateDir(surroundings),
  };
}

function splitList(value: string | undefined, { platform }: Surroundings): string[] {
  return (value?.split(pathDelimiter(platform)) ?? []).map((part) => part.trim()).filter((part) => part !== '');
}

/** An absolute folder from a setting; `from` is where a relative one starts. A folder so wide that it holds other people's or the system's files is refused. */
function toFolder(value: string, name: OptionName, from: string | undefined, surroundings: Surroundings, faults: Fault[]) {
  const expanded = expandHome(value, surroundings.home);
  const folder = resolve(from ?? '/', expanded);
  const wrong = findFault();
  if (wrong === undefined) return folder;
  faults.push(named(name, wrong));
  return undefined;

  function findFault(): Fault | undefined {
    if (/\$\{|%\w+%|\{\w+:|^\$/.test(expanded)) return { says: `holds ${quote(value)}, a variable that nobody filled in` };
    if (expanded.includes('\0')) return { says: `is ${quote(value)}, which holds a NUL character` };
    if (/[*?]|^~/.test(expanded))
      return { says: `is ${quote(value)}; patterns and other people's homes are not expanded`, fix: 'write out the folder' };
    if (/^file:/i.test(expanded)) return { says: `is ${quote(value)}`, expected: 'a path, not an address' };
    if (!isAbsolute(expanded) && from === undefined)
      return name === 'LIMNER_STATE_DIR'
        ? { says: `is ${quote(value)}`, expected: 'an absolute path or begin with ~/' }
        : { says: `is ${quote(value)}; without a project folder it must be an absolute path` };
    if (!isAbsolute(expanded) && from !== undefined && /^\.\.([/\\]|$)/.test(relative(from, folder)))
      return { says: `is ${quote(value)}, which leads out of the project folder`, fix: 'write it as an absolute path' };
    if (isTooWide(folder, surroundings))
      return {
        says: `is ${quote(value)}, but the file system's root, a home or a system folder is too wide`,
        fix: 'name a folder inside it',
      };
    return undefined;
  }
}
