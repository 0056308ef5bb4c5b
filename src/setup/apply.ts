import { type PersonFile, readPersonFile, removePersonFile, rewritePersonFile } from '../files/person-file.ts';
import type { Change } from './change.ts';

/** Where the text from before limner is kept, beside the configuration. */
function toBackupPath(file: string): string {
  return `${file}.limner-backup`;
}

/** What a configuration held before limner came into it; undefined where that is not known. */
export async function readBackup(file: string): Promise<string | undefined> {
  return readPersonFile(toBackupPath(file)).then(
    ({ text }) => text,
    () => undefined,
  );
}

/**
 * Makes a change. Before limner comes into a file, and where no backup is, what the file holds is kept beside it; once limner is out again without a trace, that copy
 * goes. Resolves with the backup, where one is there then. Throws `cannot_write`.
 */
export async function applyChange(file: PersonFile, { kind, text }: Change): Promise<string | undefined> {
  const path = toBackupPath(file.path);
  const backup = await readPersonFile(path);
  const isEntering = kind === 'add' || kind === 'replace';
  if (file.text !== undefined && (isEntering || backup.text === undefined) && kind !== 'remove' && backup.text !== file.text)
    await rewritePersonFile({ ...backup, stats: file.stats }, file.text);
  if (text === undefined) await removePersonFile(file);
  else await rewritePersonFile(file, text);
  if (kind === 'remove' && text !== undefined && text === backup.text) await removePersonFile(backup);
  return (await readPersonFile(path)).text === undefined ? undefined : path;
}
