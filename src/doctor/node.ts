import { nodeRange } from '../version.ts';
import { about, type Finding } from './finding.ts';
import type { Runtime } from './patient.ts';

const { ok, problem } = about('Node');

/** The Node this process runs on. */
export function readRuntime(): Runtime {
  return { version: process.versions.node };
}

/** Whether limner is made for this Node, by the range package.json gives. */
export function checkNode({ version }: Pick<Runtime, 'version'>): Finding {
  if (isInRange(version, nodeRange)) return ok(`Node ${version}`);
  return problem(
    `Node ${version}: limner needs ${nodeRange}`,
    'install Node 24 from https://nodejs.org, and let the host start limner with it',
  );
}

/** Takes ranges as package.json has them: alternatives of `^1.2.3` and `>=1.2.3`. */
function isInRange(version: string, range: string): boolean {
  return range.split('||').some((part) => {
    const [, sign, least = ''] = /^(\^|>=)([\d.]+)$/.exec(part.trim()) ?? [];
    return isAtLeast(version, least) && (sign === '>=' || version.split('.')[0] === least.split('.')[0]);
  });
}

function isAtLeast(version: string, least: string): boolean {
  return version.localeCompare(least, 'en', { numeric: true }) >= 0;
}
