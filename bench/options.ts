import { parseArgs } from 'node:util';
import { type MeasureName, measureNames } from './goals.ts';

export interface Options {
  rounds: number;
  /** All of them, or those that were asked for. */
  measures: readonly MeasureName[];
  /** The Node that servers run under. */
  node: string;
  /** A file of other servers. */
  config: string | undefined;
  /** Where the JSON and the plots are written; undefined for nowhere. */
  out: string | undefined;
  /** Milliseconds the upstream waits. */
  latency: number;
  /** Characters of thought signature in the upstream's answers. */
  signature: number;
  /** A quarter of the edges, so that a run is quick; its figures mean nothing. */
  small: boolean;
  /** Ends with 1 when a goal is missed. */
  check: boolean;
}

export const help = `npm run bench -- [options]

Measures limner side by side with a server without any SDK, both of a local upstream.

  --rounds N       rounds of each measure; medians are of these (9)
  --only MEASURES  one or several of ${measureNames.join(',')}
  --node PATH      the Node servers run under (the one that runs this)
  --config FILE    further servers; bench/servers.example.json shows how
  --out FOLDER     where results-nodeNN.json and the plots go (bench/, or nowhere with --only and with --small)
  --latency MS     how long the upstream waits before it answers (100)
  --signature N    characters of thought signature in its answers (0)
  --small          small pictures: shows that everything works, its figures mean nothing
  --check          ends with 1 when a goal is missed
`;

/** Reads the command line; throws what is wrong with it in one sentence. */
export function readOptions(args: string[], usualOut: string): Options | undefined {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    args,
    options: {
      rounds: { ...text, default: '9' },
      only: text,
      node: { ...text, default: process.execPath },
      config: text,
      out: text,
      latency: { ...text, default: '100' },
      signature: { ...text, default: '0' },
      small: flag,
      check: flag,
      help: { ...flag, short: 'h' },
    },
  });
  if (values.help) return undefined;
  const only = values.only?.split(',').map(toMeasure);
  return {
    rounds: toCount('rounds', values.rounds, 1),
    measures: measureNames.filter((name) => only?.includes(name) ?? true),
    node: values.node,
    config: values.config,
    out: values.out ?? (only || values.small ? undefined : usualOut),
    latency: toCount('latency', values.latency, 0),
    signature: toCount('signature', values.signature, 0),
    small: values.small,
    check: values.check,
  };
}

function toMeasure(value: string): MeasureName {
  const found = measureNames.find((name) => name === value);
  if (found === undefined) throw new Error(`--only takes ${measureNames.join(', ')}, joined by commas, not "${value}".`);
  return found;
}

function toCount(name: string, value: string, least: number): number {
  const count = Number(value);
  if (!Number.isInteger(count) || count < least) throw new Error(`--${name} takes a whole number from ${least} on, not "${value}".`);
  return count;
}
