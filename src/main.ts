import { Console } from 'node:console';
import { homedir, hostname, userInfo } from 'node:os';
import { isAbsolute } from 'node:path';
import { parseArgs, styleText } from 'node:util';
import type { Entry } from './cli/commands.ts';
import type { CliContext, Mark } from './cli/context.ts';
import { type Config, loadConfig } from './config.ts';
import { toSentence } from './fault.ts';
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

/** What `--help` prints, and a mistake. */
async function toHelp(): Promise<string> {
  const { commands } = await import('./cli/commands.ts');
  return `limner ${version}: images for AI agents, over MCP.

Usage:
  limner           serve MCP on stdin and stdout; a host such as Claude or VS Code starts this
${commands.map(({ name, summary }) => `  limner ${name.padEnd(9)} ${summary}`).join('\n')}
  limner --help, --version

Without a Gemini API key, LIMNER_BACKEND=standin makes labelled stand-in drawings.
Set-up for each host, and every setting: README.md
`;
}

async function main(args: string[]): Promise<number> {
  // stdout is the protocol's, or the answer's: whatever a dependency says, when it is loaded or later, goes to the log.
  globalThis.console = new Console(process.stderr);
  const [first, ...others] = args;
  if (first === undefined) return startServing();
  const { commands } = await import('./cli/commands.ts');
  const command = commands.find(({ name }) => name === first);
  if (command !== undefined) return runCommand(command, others);
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    strict: false,
    options: { help: { short: 'h', type: 'boolean' }, version: { short: 'v', type: 'boolean' } },
  });
  const unknown = Object.keys(values).filter((name) => name !== 'help' && name !== 'version');
  if (unknown.length > 0) return refuse(`there is no option "${unknown.join(' ')}"`);
  if (values.help || values.version) {
    process.stdout.write(values.help ? await toHelp() : `${version}\n`);
    return 0;
  }
  if (positionals.length === 0) return startServing();
  if (positionals[0] === 'help') return main(['--help']);
  return refuse(`there is no command "${positionals.join(' ')}"`);
}

async function refuse(why: string): Promise<number> {
  process.stderr.write(`limner: ${toOutgoing(why, redactor)}.\n\n${await toHelp()}`);
  return 2;
}

async function startServing(): Promise<number> {
  const output = claimOutput(process.stdout, process.stderr);
  const config = await readConfig();
  if (process.stdin.isTTY) process.stderr.write(`${await toHelp()}\nWaiting for MCP messages on stdin; Ctrl-C ends it.\n`);
  let opened: Promise<Opened> | undefined;
  const open = () => {
    opened ??= import('./open.ts').then((module) => module.open(config, hostname()));
    return opened;
  };
  serve(config, open, output, log);
  return 0;
}

async function runCommand({ load, tellsSettings = false }: Entry, args: string[]): Promise<number> {
  // What a server that a command starts, and a terminal, are known by: this process will not hold the key in the open.
  const env = Object.fromEntries(Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
  const config = await readConfig();
  const streams = await import('./cli/streams.ts');
  const { openTextQuestions } = await import('./cli/ask-text.ts');
  const { openStatusLine, openTerminal } = await import('./cli/terminal.ts');
  const { catchInterrupt } = await import('./cli/interruption.ts');
  const toShown = (text: string) => toOutgoing(text, redactor);
  const terminal = await openTerminal(process.stdin, process.stdout, process.env);
  const context: CliContext = {
    config,
    cwd: workingFolder(),
    server: { command: process.execPath, args: [process.argv[1] ?? ''], cwd: workingFolder(), env },
    ...(await import('./open.ts')).open(config, hostname()),
    print,
    printed: () => new Promise((resolve) => process.stdout.write('', () => resolve())),
    printError: (line) => void process.stderr.write(`${toOutgoing(line, redactor)}\n`),
    columns: terminal?.columns,
    ask: streams.openQuestions(process.stdin, process.stderr, toShown),
    askText: openTextQuestions(process.stdin, process.stderr, toShown),
    readInput: () => streams.readInput(process.stdin),
    terminal,
    status: openStatusLine(process.stderr, process.env, toShown),
    catchInterrupt: (lastWords, patience) => catchInterrupt(lastWords, (code) => process.exit(code), patience),
  };
  if (!tellsSettings) for (const notice of [...config.problems, ...config.warnings].map(toSentence)) log(notice);
  // Whoever reads may stop reading: `limner history | head`.
  process.stdout.on('error', () => process.exit());
  process.stderr.on('error', () => undefined);
  const command = await load();
  return command(args, context);
}

/** Node reads HOME or USERPROFILE, whichever the system goes by; neither has to be a path, and a user whom the system does not know has no home. */
function findHome(): string {
  try {
    return isAbsolute(homedir()) ? homedir() : userInfo().homedir;
  } catch {
    return '/';
  }
}

async function readConfig(): Promise<Config> {
  const { env, platform } = process;
  const home = await toRealPath(findHome());
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

function print(line: string, mark?: Mark): void {
  const text = toOutgoing(line, redactor);
  const isPlain = mark === undefined || !process.stdout.isTTY || !process.stdout.hasColors();
  process.stdout.write(isPlain ? `${text}\n` : `${styleText(mark.colour, text.slice(0, mark.length))}${text.slice(mark.length)}\n`);
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
