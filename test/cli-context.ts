import { openArchive } from '../src/archive/archive.ts';
import { openLedger } from '../src/archive/ledger.ts';
import type { CliContext } from '../src/cli/context.ts';
import { loadConfig } from '../src/config.ts';
import { built, type Computer } from './fixtures.ts';

/** What a command is given on this computer by a person who waits for what is printed and answers nothing, but for what the test gives it. */
export function toCliContext(computer: Computer, given: Partial<CliContext> & Pick<CliContext, 'print' | 'printError'>): CliContext {
  const { project: cwd, home, state, env } = computer;
  const never = new AbortController().signal;
  return {
    config: loadConfig({ env, userFile: undefined, cwd, cwdWritable: true, home, platform: 'linux' }),
    host: 'here',
    cwd,
    server: { command: process.execPath, args: [built], cwd, env },
    archive: openArchive(state, 2e9),
    ledger: openLedger(state, 'here'),
    model: undefined,
    printed: async () => undefined,
    columns: undefined,
    ask: undefined,
    askText: undefined,
    readInput: async () => '',
    terminal: undefined,
    status: undefined,
    catchInterrupt: () => ({ signal: never, code: () => 130 }),
    ...given,
  };
}
