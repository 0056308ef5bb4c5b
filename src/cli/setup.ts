import { ToolError } from '../errors.ts';
import { toRealPath } from '../files/paths.ts';
import { type PersonFile, readPersonFile, requireOwn } from '../files/person-file.ts';
import type { Host } from '../hosts.ts';
import { applyChange, readBackup } from '../setup/apply.ts';
import { type Change, planEntry, planRemoval, printEntry } from '../setup/change.ts';
import { type Start, toStart } from '../setup/entry.ts';
import { type FoundHost, findHost } from '../setup/places.ts';
import { showChange } from '../setup/show.ts';
import { Unreadable } from '../setup/text-format.ts';
import type { System } from '../system-folders.ts';
import { refuseArguments } from './arguments.ts';
import type { CliContext } from './context.ts';
import { toHomePath } from './layout.ts';
import { parseSetup, type SetupArguments, usage } from './setup-arguments.ts';
import { chooseHosts } from './setup-hosts.ts';
import { dropKey, settleKey } from './setup-key.ts';

interface Task extends SetupArguments {
  context: CliContext;
  start: Start;
}

/**
 * `limner setup`: puts limner into hosts, or takes it out. Resolves with the exit code: 1 when something was refused or failed, 2 when the arguments mean nothing or
 * nobody can be asked.
 */
export async function setupCommand(args: string[], context: CliContext): Promise<number> {
  const parsed = parseSetup(args);
  if ('wrong' in parsed) return refuseArguments(parsed.wrong, usage, context);
  const { server, config, print } = context;
  const task = { ...parsed, context, start: toStart(server.command, await toRealPath(server.args[0] ?? ''), config.platform) };
  if (parsed.action === 'help') {
    print(usage);
    return 0;
  }
  const system = { env: server.env, home: config.home, platform: config.platform };
  if (parsed.action === 'print') return printOnly(task, system);
  const found = parsed.hosts
    ? await Promise.all(parsed.hosts.map((host) => findHost(host, system)))
    : await chooseHosts(parsed.action, context, system);
  if (typeof found === 'number') return found;
  const results: HostResult[] = [];
  for (const host of found) results.push(await handleHost(host, task));
  const worst = Math.max(0, ...results.map(({ code }) => code));
  const key = worst === 2 ? 0 : await (parsed.action === 'remove' ? dropKey(parsed, context) : settleKey(parsed, context));
  const changed = results.filter(({ isChanged }) => isChanged && parsed.action === 'add');
  if (changed.length > 0) print('');
  for (const { host } of changed) print(`Next, in ${host.name}: ${host.next}`);
  return Math.max(worst, key);
}

async function printOnly({ hosts = [], start, standin, context: { print, printError, config } }: Task, system: System): Promise<number> {
  for (const host of hosts) {
    const { file } = await findHost(host, system);
    printError(`This belongs into ${toHomePath(file, config.home)}; the key into ${toHomePath(config.userFile, config.home)}.`);
    print(printEntry({ host, start, standin }));
  }
  return 0;
}

interface HostResult {
  host: Host;
  code: number;
  isChanged: boolean;
}

/** One host from its file to what became of it; what fails is told, and the others go on. */
async function handleHost({ host, file, isHere }: FoundHost, task: Task): Promise<HostResult> {
  const { context } = task;
  try {
    const read = await readPersonFile(file);
    const change = await plan(host, read, task);
    return { host, ...(await carryOut({ host, isHere }, read, change, task)) };
  } catch (error) {
    if (!(error instanceof ToolError || error instanceof Unreadable)) throw error;
    const why = error instanceof Unreadable ? `${toHomePath(file, context.config.home)} was not touched: ${error.message}.` : error.message;
    context.printError(
      `limner: ${host.name}: ${why}${task.action === 'add' ? `\nThe entry to put there by hand:\n\n${printEntry({ ...task, host })}\n` : ''}`,
    );
    return { host, code: 1, isChanged: false };
  }
}

async function plan(host: Host, { path, text = '' }: PersonFile, { action, start, standin }: Task): Promise<Change> {
  if (action === 'add') return planEntry({ host, start, standin }, text);
  return planRemoval({ host, start }, text, await readBackup(path));
}

async function carryOut(
  { host, isHere }: Pick<FoundHost, 'host' | 'isHere'>,
  file: PersonFile,
  change: Change,
  task: Task,
): Promise<Omit<HostResult, 'host'>> {
  const { context, action } = task;
  const { print, config } = context;
  const shown = toHomePath(file.path, config.home);
  const isAdding = action === 'add';
  if (change.kind === 'same') {
    print(`${host.name}: ${isAdding ? 'already set up' : 'limner is not'} in ${shown}; nothing to do.`);
    return { code: 0, isChanged: false };
  }
  await requireOwn(file);
  print(
    [
      `${host.name}: ${shown}${file.text !== undefined ? '' : isHere ? ' (new)' : ` (new; ${host.name} does not seem to be on this computer)`}`,
      ...showChange(host, change),
    ].join('\n'),
  );
  const stop = await agree(change, shown, task);
  if (stop !== undefined) return { code: stop, isChanged: false };
  const backup = await applyChange(file, change);
  const kept = backup === undefined ? '' : ` Its text from before is in ${toHomePath(backup, config.home)}.`;
  const gone = change.text === undefined ? ' The file held nothing else and is gone.' : '';
  print(`${host.name}: ${isAdding ? 'limner is in it' : 'limner is out of it'}.${gone}${kept}`);
  if (change.hasOwnKey && isAdding)
    print(`The entry hands over a key of its own, which wins over the one in ${toHomePath(config.userFile, config.home)}.`);
  return { code: 0, isChanged: true };
}

/** The exit code when the person did not agree; undefined when they did. `--yes` is no yes to what belongs to another program. */
async function agree({ isForeign }: Change, shown: string, { yes, action, context }: Task): Promise<number | undefined> {
  if (yes && !isForeign) return undefined;
  if (yes && isForeign) {
    context.printError(
      'limner: another program is called limner there, and --yes does not cover that: run setup at a terminal without --yes, or rename it.',
    );
    return 1;
  }
  const what = isForeign
    ? action === 'add'
      ? 'Another program is called limner there. Replace it'
      : 'This is another program. Remove it'
    : `Change ${shown}`;
  const agreed = context.ask?.(`${what}?`);
  if (agreed === undefined) {
    context.printError('limner: there is nobody here to ask, so nothing was written; add --yes to write without a question.');
    return 2;
  }
  if (await agreed) return undefined;
  context.print('Left as it was.');
  return 1;
}
