#!/usr/bin/env node
import { Console } from 'node:console';
import { homedir, userInfo } from 'node:os';
import { isAbsolute } from 'node:path';
import { parseArgs } from 'node:util';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import { openArchive } from './archive/archive.ts';
import { type Config, loadConfig } from './config.ts';
import { toRealPath } from './files/paths.ts';
import { isWritable, readText } from './files/read.ts';
import { createModel } from './model/index.ts';
import { createServer, wrapArguments } from './server.ts';
import { toUserFile } from './system-folders.ts';
import { cleanText } from './text.ts';
import type { Deps } from './tool.ts';
import { version } from './version.ts';

const help = `limner ${version}: images for AI agents, over MCP.

Usage:
  limner          serve MCP on stdin and stdout; a host such as Claude or VS Code starts this
  limner demo     generate, edit and compose a picture, and print where the files are
  limner --help, --version

Without a Gemini API key, LIMNER_BACKEND=standin makes labelled stand-in drawings.
Set-up for each host, and every setting: README.md
`;

async function main(args: string[]): Promise<number> {
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
  return refuse(`there is no command "${positionals.join(' ')}"`);
}

function refuse(why: string): number {
  process.stderr.write(`limner: ${why}.\n\n${help}`);
  return 2;
}

async function serve(): Promise<number> {
  // stdout is the protocol's: whatever a dependency prints goes to the log.
  globalThis.console = new Console(process.stderr);
  const config = await readConfig();
  if (process.stdin.isTTY) process.stderr.write(`${help}\nWaiting for MCP messages on stdin; Ctrl-C ends it.\n`);
  const notices = [...config.problems, ...config.warnings];
  for (const notice of notices) process.stderr.write(`limner: ${notice}\n`);
  const deps: Deps = { config, archive: openArchive(config.stateDir), model: createModel(config), notices: [...config.warnings], logError };
  const transport = new StdioServerTransport();
  const handle = serveStdio(() => createServer(deps), { onerror: logLine, transport });
  const receive = transport.onmessage;
  transport.onmessage = (message) => receive?.(wrapArguments(message));
  // Some hosts end a server with a signal and not by closing stdin; either way what is being painted is paid for and still saved. A second one ends it.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => void handle.close());
  return 0;
}

async function demo(): Promise<number> {
  const { runDemo } = await import('./cli/demo.ts');
  const config = await readConfig();
  if (config.problems.length > 0) {
    for (const problem of config.problems) process.stderr.write(`limner: ${problem}\n`);
    return 1;
  }
  const withKey = config.backend === 'gemini' && config.apiKey !== undefined;
  const server = {
    command: process.execPath,
    args: [import.meta.filename],
    cwd: workingFolder(),
    env: withKey ? serverEnv : { ...serverEnv, LIMNER_BACKEND: 'standin' },
  };
  return runDemo({ ...config, backend: withKey ? 'gemini' : 'standin' }, server, (line) => process.stdout.write(`${line}\n`));
}

/** The environment as it was when the process started, for children that need the key this process no longer holds in the open. */
const serverEnv = Object.fromEntries(Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));

async function readConfig(): Promise<Config> {
  const { env, platform } = process;
  // Node reads HOME or USERPROFILE, whichever the system goes by; neither has to be a path.
  const home = await toRealPath(isAbsolute(homedir()) ? homedir() : userInfo().homedir);
  const cwd = workingFolder();
  const userFile = await readText(toUserFile({ env, home, platform }));
  const config = loadConfig({ env, userFile, cwd, cwdWritable: await isWritable(cwd), home, platform });
  // Google's SDK would read these by itself and warn about the pair.
  delete process.env.GEMINI_API_KEY;
  delete process.env.GOOGLE_API_KEY;
  return config;
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
  const message = error.name === 'ZodError' ? 'a message on stdin was not JSON-RPC and was passed over' : cleanText(error.message, 200);
  process.stderr.write(`limner: ${message.replace(/\s+/g, ' ')}\n`);
}

/** The log of a stdio server is stderr. */
function logError(error: unknown): void {
  process.stderr.write(`limner: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`limner: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
