import { parseArgs } from 'node:util';
import { examine } from '../doctor/examine.ts';
import type { Finding } from '../doctor/finding.ts';
import { readRuntime } from '../doctor/node.ts';
import { version } from '../version.ts';
import { type Parsed, refuseArguments, tryParse } from './arguments.ts';
import type { CliContext } from './context.ts';
import { toJson, toParagraph } from './layout.ts';

const usage = `Usage: limner doctor [--offline] [--json]

Looks at everything limner needs: Node, sharp, the settings, the key, Google and
its models, proxy, clock, folders, free space, the archive, budgets, hosts. Each
line says ok, warning or problem, and how to mend it. It asks Google for its list
of models, which is free, and changes nothing. Exit code 1 where there is a problem.

  --offline   ask nobody
  --json      as JSON, for programs`;

interface DoctorArguments {
  offline: boolean;
  json: boolean;
  help: boolean;
}

/** `limner doctor`: what does not work, and how to mend it. Resolves with the exit code. */
export async function doctorCommand(args: string[], context: CliContext): Promise<number> {
  const parsed = parseDoctor(args);
  if ('wrong' in parsed) return refuseArguments(parsed.wrong, usage, context);
  if (parsed.help) {
    context.print(usage);
    return 0;
  }
  const { config, archive, ledger, server } = context;
  const runtime = readRuntime();
  const findings = await examine({ config, archive, ledger, env: server.env, runtime }, parsed.offline);
  const facts = { version, node: runtime.version, platform: `${process.platform} ${process.arch}` };
  if (parsed.json) context.print(toJson({ ...facts, findings }));
  else printReport(`limner ${version}, Node ${facts.node}, ${facts.platform}`, findings, context);
  return findings.some(({ state }) => state === 'problem') ? 1 : 0;
}

function parseDoctor(args: string[]): Parsed<DoctorArguments> {
  return tryParse(() => {
    const { values } = parseArgs({
      args,
      options: { offline: { type: 'boolean' }, json: { type: 'boolean' }, help: { short: 'h', type: 'boolean' } },
    });
    const { offline = false, json = false, help = false } = values;
    return { offline, json, help };
  });
}

const colours = { ok: 'green', warning: 'yellow', problem: 'red' } as const;
const labelWidth = 'problem'.length + 2;

/** Text is never narrower than this, in cells; a narrower terminal wraps. */
const leastWidth = 30;

function printReport(title: string, findings: readonly Finding[], { print, columns }: CliContext): void {
  print(title);
  for (const { state, says, fix } of findings) {
    const text = fix === undefined ? says : `${says}. Fix: ${fix}.`;
    const [first = '', ...others] = toParagraph(text, Math.max(leastWidth, (columns ?? Number.POSITIVE_INFINITY) - labelWidth));
    print(`${state.padEnd(labelWidth)}${first}`, { length: state.length, colour: colours[state] });
    for (const line of others) print(`${' '.repeat(labelWidth)}${line}`);
  }
  print(sumUp(findings));
}

function sumUp(findings: readonly Finding[]): string {
  const count = (state: Finding['state']) => findings.filter((finding) => finding.state === state).length;
  const counts = (
    [
      ['problem', count('problem')],
      ['warning', count('warning')],
    ] as const
  ).filter(([, number]) => number > 0);
  if (counts.length === 0) return 'No problem was found.';
  return `${counts.map(([name, number]) => `${number} ${name}${number === 1 ? '' : 's'}`).join(', ')}.`;
}
