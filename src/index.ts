#!/usr/bin/env node
import { Console } from 'node:console';
import { homedir, hostname, userInfo } from 'node:os';
import { isAbsolute } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { setImmediate } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { RequestId } from '@modelcontextprotocol/server';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import { openArchive } from './archive/archive.ts';
import type { Memory } from './archive/identify.ts';
import { type Ledger, openLedger } from './archive/ledger.ts';
import type { CliContext } from './cli/context.ts';
import { type Config, loadConfig } from './config.ts';
import { narrowFolders, readMode } from './files/narrow.ts';
import { toRealPath } from './files/paths.ts';
import { isWritable, readText } from './files/read.ts';
import { createModel } from './model/index.ts';
import { toOutgoing, toOutgoingMessage } from './outgoing.ts';
import { createRedactor } from './redactor.ts';
import { createServer, readAnswered, readCancelled, wrapArguments } from './server.ts';
import { toUserFile } from './system-folders.ts';
import type { Deps } from './tool.ts';
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
  const [first = '', ...others] = args;
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
  if (command === undefined) return serve();
  if (command === 'demo' && rest.length === 0) return demo();
  if (command === 'help') return main(['--help']);
  return refuse(`there is no command "${positionals.join(' ')}"`);
}

function refuse(why: string): number {
  process.stderr.write(`limner: ${toOutgoing(why, redactor)}.\n\n${help}`);
  return 2;
}

async function serve(): Promise<number> {
  // stdout is the protocol's: whatever a dependency prints goes to the log.
  globalThis.console = new Console(process.stderr);
  const config = await readConfig();
  if (process.stdin.isTTY) process.stderr.write(`${help}\nWaiting for MCP messages on stdin; Ctrl-C ends it.\n`);
  const notices = [...config.problems, ...config.warnings];
  for (const notice of notices) log(notice);
  const calls = new Set<Promise<unknown>>();
  const memory = openMemory(config);
  const deps: Deps = {
    config,
    ...memory,
    model: createModel(config),
    notices: [...config.warnings],
    track: (call) => trackIn(calls, call),
    logError,
  };
  const transport = new StdioServerTransport();
  const write = transport.send.bind(transport);
  transport.send = (message) => write(toOutgoingMessage(message, config.redactor));
  const handle = serveStdio(() => createServer(deps), { onerror: logLine, transport });
  const receive = transport.onmessage;
  transport.onmessage = (message) => receive?.(wrapArguments(message));
  noteAnswers(transport, memory.ledger, calls);
  endWell(handle, calls, memory.ledger);
  return 0;
}

/** What outlives a call. */
function openMemory(config: Config): Memory {
  return { archive: openArchive(config.stateDir, config.archiveMaxBytes), ledger: openLedger(config.stateDir, hostname()) };
}

function trackIn(calls: Set<Promise<unknown>>, call: Promise<unknown>): void {
  calls.add(call);
  void call.finally(() => calls.delete(call));
}

/**
 * An answer is one when the host has it, not when it was made: a call whose answer cannot be written, or crosses with its cancellation, which makes hosts
 * throw it away, stays unclaimed.
 */
function noteAnswers(transport: StdioServerTransport, ledger: Ledger, calls: Set<Promise<unknown>>): void {
  const [write, receive] = [transport.send.bind(transport), transport.onmessage];
  const [answered, cancelled] = [new Map<RequestId, { call: string; at: number }>(), new Set<RequestId>()];
  const note = (noting: Promise<void>) => trackIn(calls, noting.catch(logError));
  transport.send = async (message) => {
    await write(message);
    const answer = readAnswered(message);
    if (answer === undefined || !(await isWritten())) return;
    answered.set(answer.request, { call: answer.call, at: performance.now() });
    note(cancelled.has(answer.request) ? ledger.abandon(answer.call) : ledger.answer(answer.call, answer.told));
  };
  transport.onmessage = (message) => {
    // An id that is used again is another request.
    if ('method' in message && 'id' in message) for (const ids of [answered, cancelled]) ids.delete(message.id);
    const request = readCancelled(message);
    const crossed = request === undefined ? undefined : answered.get(request);
    if (request !== undefined) cancelled.add(request);
    if (crossed !== undefined && performance.now() - crossed.at < crossingMs) note(ledger.abandon(crossed.call));
    receive?.(message);
  };
}

/** A cancellation this soon after the answer was sent before the host had it, in milliseconds; a later one is about a turn that has gone on. */
const crossingMs = 3000;

/** Whether what was written to stdout so far has left this process: on Windows a pipe that nobody reads takes it first and fails then. */
function isWritten(): Promise<boolean> {
  return new Promise((resolve) => process.stdout.write('', (error) => resolve(!error)));
}

/** What is still under way when a signal comes has this long to arrive and be saved, in milliseconds. Hosts kill two seconds after asking. */
const graceMs = 1300;

/**
 * The process ends when its client has gone: after the requests that were sent, which are paid for, when stdin ended or stdout broke; after a moment when a
 * signal came, with what has not arrived by then entered as perhaps billed. A second signal ends it at once.
 */
function endWell(handle: { close(): Promise<void> }, calls: ReadonlySet<Promise<unknown>>, ledger: Ledger): void {
  const leave = async () => {
    await handle.close().catch(logError);
    do {
      await Promise.allSettled(calls);
      // A call that has ended hands its answer over first.
      await setImmediate();
    } while (calls.size > 0);
    process.exit();
  };
  for (const event of ['end', 'close'] as const) process.stdin.once(event, () => void leave());
  process.stdout.on('error', () => void leave());
  // A host that no longer reads the log is no reason to die.
  process.stderr.on('error', () => undefined);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      void leave();
      setTimeout(() => void ledger.giveUp().finally(() => process.exit()), graceMs);
    });
  }
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
    ...openMemory(config),
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
    args: [import.meta.filename],
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

/** What a client sent wrong is worth a line, not a stack. */
function logLine(error: Error): void {
  const message = error.name === 'ZodError' ? 'a message on stdin was not JSON-RPC and was passed over' : error.message.slice(0, 200);
  log(message.replace(/\s+/g, ' '));
}

/** The log of a stdio server is stderr. */
function logError(error: unknown): void {
  log(error instanceof Error ? (error.stack ?? error.message) : String(error));
}

/** The one way to the log. */
function log(text: string): void {
  process.stderr.write(`limner: ${toOutgoing(text, redactor)}\n`);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  log(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}
