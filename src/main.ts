import { Console } from 'node:console';
import { homedir, hostname, userInfo } from 'node:os';
import { isAbsolute } from 'node:path';
import { parseArgs } from 'node:util';
import type { CliContext } from './cli/context.ts';
import { type Config, loadConfig } from './config.ts';
import { narrowFolders, readMode } from './files/narrow.ts';
import { toRealPath } from './files/paths.ts';
import { isWritable, readText } from './files/read.ts';
import { toOutgoing } from './outgoing.ts';
import { createRedactor } from './redactor.ts';
import { serve } from './serve.ts';
import { claimOutput } from './stdio/output.ts';
import { toUserFile } from './system-folders.ts';
import type { Opened } from './tool.ts';
import { version } from './version.ts';

const help = `limner ${version}: images for AI agents, over MCP.

Usage:
  limner          serve MCP on stdin and stdout; a host such as Claude or VS Code starts this
  limner demo     generate, edit and compose a picture, and print where the files are
  limner export   resize, convert, cut out; favicons, app icons, responsive sets: free
  limner history  what was made: when, model, cost, file; --json
  limner spend    what it cost: today, this month, by day and model; --json
  limner forget   remove pictures from limner's archive: ID…, --older-than 90d, --all
  limner --help, --version

Without a Gemini API key, LIMNER_BACKEND=standin makes labelled stand-in drawings.
Set-up for each host, and every setting: README.md
`;

async function main(args: string[]): Promise<number> {
  const [first, ...others] = args;
  if (first === undefined) return startServing();
  if (isOffline(first)) return runOffline(first, others);
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    strict: false,
    options: { help: { short: 'h', type: 'boolean' }, version: { short: 'v', type: 'boolean' } },
  });
  const unknown = Object.keys(values).filter((name) => name !== 'help' && name !== 'version');
  if (unknown.length > 0) return refuse(`there is no option "${unknown.join(' ')}"`);
  if (values.help || values.version) {
    process.stdout.write(values.help ? help : `${version}\n`);
    return 0;
  }
  const [command, ...rest] = positionals;
  if (command === undefined) return startServing();
  if (command === 'demo' && rest.length === 0) return demo();
  if (command === 'help') return main(['--help']);
  return refuse(`there is no command "${positionals.join(' ')}"`);
}

function refuse(why: string): number {
  process.stderr.write(`limner: ${toOutgoing(why, redactor)}.\n\n${help}`);
  return 2;
}

async function startServing(): Promise<number> {
  // stdout is the protocol's: whatever a dependency prints, when it is loaded or later, goes to the log.
  const output = claimOutput(process.stdout, process.stderr);
  globalThis.console = new Console(process.stderr);
  const config = await readConfig();
  if (process.stdin.isTTY) process.stderr.write(`${help}\nWaiting for MCP messages on stdin; Ctrl-C ends it.\n`);
  let opened: Promise<Opened> | undefined;
  const open = () => {
    opened ??= import('./open.ts').then((module) => module.open(config, hostname()));
    return opened;
  };
  serve(config, open, output, log);
  return 0;
}

/** The commands that need no model, loaded when they are asked for. */
const offlineCommands = {
  history: async () => (await import('./cli/history.ts')).historyCommand,
  spend: async () => (await import('./cli/spend.ts')).spendCommand,
  forget: async () => (await import('./cli/forget.ts')).forgetCommand,
  export: async () => (await import('./cli/export.ts')).exportCommand,
};

function isOffline(command: string): command is keyof typeof offlineCommands {
  return Object.hasOwn(offlineCommands, command);
}

async function runOffline(command: keyof typeof offlineCommands, args: string[]): Promise<number> {
  const config = await readConfig();
  for (const notice of [...config.problems, ...config.warnings]) log(notice);
  const context: CliContext = {
    config,
    cwd: workingFolder(),
    ...(await import('./open.ts')).openMemory(config, hostname()),
    print,
    printError: (line) => void process.stderr.write(`${toOutgoing(line, redactor)}\n`),
    columns: process.stdout.isTTY ? process.stdout.columns : undefined,
    ask: (question) => (process.stdin.isTTY && process.stderr.isTTY ? ask(question) : undefined),
  };
  // Whoever reads may stop reading: `limner history | head`.
  process.stdout.on('error', () => process.exit());
  const runCommand = await offlineCommands[command]();
  return runCommand(args, context);
}

async function ask(question: string): Promise<boolean> {
  const { createInterface } = await import('node:readline/promises');
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await asking.question(`${toOutgoing(question, redactor)} [y/N] `)).trim());
  } finally {
    asking.close();
  }
}

async function demo(): Promise<number> {
  const { runDemo } = await import('./cli/demo.ts');
  // The server it starts needs the key this process no longer holds in the open.
  const env = Object.fromEntries(Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
  const config = await readConfig();
  if (config.problems.length > 0) {
    for (const problem of config.problems) log(problem);
    return 1;
  }
  const withKey = config.backend === 'gemini' && config.apiKey !== undefined;
  const server = {
    command: process.execPath,
    args: [process.argv[1] ?? ''],
    cwd: workingFolder(),
    env: withKey ? env : { ...env, LIMNER_BACKEND: 'standin' },
  };
  return runDemo({ ...config, backend: withKey ? 'gemini' : 'standin' }, server, print);
}

async function readConfig(): Promise<Config> {
  const { env, platform } = process;
  // Node reads HOME or USERPROFILE, whichever the system goes by; neither has to be a path.
  const home = await toRealPath(isAbsolute(homedir()) ? homedir() : userInfo().homedir);
  const cwd = workingFolder();
  const path = toUserFile({ env, home, platform });
  const [userFile, userFileMode] = [await readText(path), await readMode(path)];
  const config = await narrowFolders(loadConfig({ env, userFile, userFileMode, cwd, cwdWritable: await isWritable(cwd), home, platform }));
  redactor = config.redactor;
  // No child, no dependency and no error report finds a key there, whatever it is called; certificates are checked, whatever it says of them.
  for (const name of Object.keys(env)) if (isSecret(env[name])) delete env[name];
  for (const name of ['GEMINI_API_KEY', 'GOOGLE_API_KEY', 'NODE_TLS_REJECT_UNAUTHORIZED']) delete env[name];
  return config;
}

/** Takes out of what is printed and logged what nobody may read; keys of others alone until the settings are read. */
let redactor = createRedactor([]);

function isSecret(value: string | undefined): boolean {
  return value !== undefined && redactor.finds(value);
}

function print(line: string): void {
  process.stdout.write(`${toOutgoing(line, redactor)}\n`);
}

/** The folder the host started this process in; the root, which is no project, when it has been removed since. */
function workingFolder(): string {
  try {
    return process.cwd();
  } catch {
    return '/';
  }
}

/** The one way to the log. */
function log(text: string): void {
  process.stderr.write(`limner: ${toOutgoing(text, redactor)}\n`);
}

/** The process from its arguments to its exit code. */
export async function run(args: string[]): Promise<void> {
  try {
    process.exitCode = await main(args);
  } catch (error) {
    log(error instanceof Error ? error.message : String(error));
    process.exitCode = 2;
  }
}
