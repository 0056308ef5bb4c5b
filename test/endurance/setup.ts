import { requirePrograms } from './strace.ts';

/** Says what is missing before an hour has gone. */
export async function setup(): Promise<void> {
  await requirePrograms({ strace: 'strace', bwrap: 'bubblewrap' });
}
