import { isAbsolute } from 'node:path';
import { exists } from '../files/read.ts';
import { toWords } from '../setup/entry.ts';
import { type FoundHost, findHosts } from '../setup/places.ts';
import { showPath } from '../text.ts';
import { about, type Finding } from './finding.ts';
import type { Patient } from './patient.ts';

const { ok, warning } = about('hosts');

/** Which hosts have limner in their per-user configuration, and whether what they start is there. */
export async function checkHosts({ env, config: { home, platform } }: Patient): Promise<Finding[]> {
  const found = (await findHosts({ env, home, platform })).filter(({ entry }) => entry !== undefined);
  if (found.length === 0) return [ok('hosts: none has limner in its per-user configuration; `limner setup` puts it there')];
  const stale = await Promise.all(found.map(findStale));
  return [ok(`hosts: limner is set up in ${found.map(({ host }) => host.name).join(', ')}`), ...stale.flat()];
}

/** Node is put elsewhere by its next version, a checkout by a person; the host then fails to start limner and says little. */
async function findStale({ host, entry }: FoundHost): Promise<Finding[]> {
  const paths = toWords(entry).filter((word) => isAbsolute(word));
  const gone = await Promise.all(paths.map(async (path) => ((await exists(path)) ? [] : [path])));
  return gone
    .flat()
    .map((path) =>
      warning(`hosts: ${host.name} starts limner with ${showPath(path)}, which is not there`, `run limner setup --host ${host.id}`),
    );
}
