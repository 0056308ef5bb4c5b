import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { TeamOptions } from '../http/options.ts';
import { type Parsed, refuseArguments, tryParse } from './arguments.ts';
import type { CliContext } from './context.ts';
import { toOneLine } from './layout.ts';

const usage = `Usage: limner serve --http [--tokens FILE] [options]
       limner serve token NAME --tokens FILE [--usd-per-day N] [options]

Serves MCP over HTTP to several people. Each has a token, and for it a space of
their own: files, archive, history, budget. Any number of these processes can
share one state folder behind a load balancer. TLS belongs to the proxy before it.

  --port NUMBER          8720 unless told; 0: any free one
  --host ADDRESS         127.0.0.1 unless told; anything wider needs --tokens
  --tokens FILE          who may call; read again when it changes
  --url URL              how people reach it, such as https://limner.example.com
  --spaces FOLDER        where the spaces are; "people" in the state folder unless told
  --link-secret FILE     signs download links with what is in FILE (32 bytes or more)
  --link-hours NUMBER    how long a link is good; 24 unless told
  --calls NUMBER         tool calls at once in this process; 16 unless told
  --calls-each NUMBER    of them each person's; 4 unless told
  --requests NUMBER      each person's requests in a minute; 600 unless told
  --metrics PORT         figures for Prometheus at http://127.0.0.1:PORT/metrics
  --metrics-names        with the names of people
  --log-prompts          the log, lines of JSON on stderr, has the prompts too
  --drain SECONDS        how long calls may go on after SIGTERM; 30 unless told

limner serve token NAME makes a token, or another in the place of NAME's, shows
it once and stores its hash:

  --usd-per-day N, --usd-per-call N    what NAME may spend
  --requests N, --calls-each N         instead of what the server says
  --remove                             NAME is not let in any more`;

/** The options that are whole numbers, with what they are unless told and the least they may be. */
const numbers = {
  port: { usual: 8720, least: 0 },
  'link-hours': { usual: 24, least: 1 },
  calls: { usual: 16, least: 1 },
  'calls-each': { usual: 4, least: 1 },
  requests: { usual: 600, least: 1 },
  metrics: { usual: 0, least: 0 },
  drain: { usual: 30, least: 1 },
} as const;

const [text, flag] = [{ type: 'string' }, { type: 'boolean' }] as const;

const options = {
  http: flag,
  tokens: text,
  port: text,
  host: text,
  url: text,
  spaces: text,
  'link-secret': text,
  'link-hours': text,
  calls: text,
  'calls-each': text,
  requests: text,
  metrics: text,
  'metrics-names': flag,
  'log-prompts': flag,
  drain: text,
  help: { short: 'h', type: 'boolean' },
} as const;

/** `limner serve`: MCP over HTTP, and the tokens for it. Resolves with the exit code when it was told to stop. */
export async function serveCommand(args: string[], context: CliContext): Promise<number> {
  if (args[0] === 'token') return (await import('./serve-token.ts')).tokenCommand(args.slice(1), usage, context);
  const parsed = parseServe(args, context.cwd);
  if ('wrong' in parsed) return refuseArguments(parsed.wrong, usage, context);
  if ('help' in parsed) {
    context.print(usage);
    return 0;
  }
  const { runTeam } = await import('../http/team.ts');
  try {
    return await runTeam(parsed, context);
  } catch (error) {
    context.printError(`limner: ${error instanceof Error ? error.message : error}`);
    return 2;
  }
}

function parseServe(args: string[], cwd: string): Parsed<TeamOptions | { help: true }> {
  return tryParse(() => {
    const { values } = parseArgs({ args, options });
    if (values.help) return { help: true };
    if (!values.http) return { wrong: 'serve needs --http; limner without a command serves MCP over stdin and stdout.' };
    const wrong = findNumberFault(values) ?? findUrlFault(values.url);
    if (wrong !== undefined) return { wrong };
    const file = (path: string | undefined) => (path === undefined ? undefined : resolve(cwd, path));
    const count = (name: keyof typeof numbers) => Number(values[name] ?? numbers[name].usual);
    return {
      host: values.host ?? '127.0.0.1',
      port: count('port'),
      tokens: file(values.tokens),
      linkSecret: file(values['link-secret']),
      linkHours: count('link-hours'),
      spaces: file(values.spaces),
      url: values.url?.replace(/\/+$/, ''),
      calls: count('calls'),
      callsEach: count('calls-each'),
      requestsPerMinute: count('requests'),
      metrics: values.metrics === undefined ? undefined : count('metrics'),
      metricsNames: values['metrics-names'] === true,
      logPrompts: values['log-prompts'] === true,
      drainSeconds: count('drain'),
    };
  });
}

function findNumberFault(values: Partial<Record<keyof typeof numbers, string>>): string | undefined {
  for (const [name, { least }] of Object.entries(numbers)) {
    const value = Object.entries(values).find(([given]) => given === name)?.[1];
    const most = name === 'port' || name === 'metrics' ? 65_535 : 999_999;
    if (value !== undefined && !(/^\d{1,6}$/.test(value) && Number(value) >= least && Number(value) <= most))
      return `--${name} is "${toOneLine(value)}"; it must be a whole number from ${least} to ${most}.`;
  }
  return undefined;
}

/** Tokens and links travel in what goes there. */
function findUrlFault(url: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  const { protocol, hostname, search, hash, username } = URL.canParse(url) ? new URL(url) : new URL('none:');
  const isHere = /^(127(\.\d{1,3}){3}|\[::1\]|localhost)$/.test(hostname);
  const isPlain = search === '' && hash === '' && username === '';
  if (isPlain && (protocol === 'https:' || (protocol === 'http:' && isHere))) return undefined;
  return `--url is "${toOneLine(url)}"; it must be the https address people reach the server by, such as https://limner.example.com.`;
}
