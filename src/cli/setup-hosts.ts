import { type FoundHost, findHosts } from '../setup/places.ts';
import type { System } from '../system-folders.ts';
import type { CliContext } from './context.ts';
import { toHomePath, toTable } from './layout.ts';
import { findHostsNamed, type SetupArguments } from './setup-arguments.ts';

/** The hosts the person chooses from a list; the exit code when there is nobody to choose, or nothing. */
export async function chooseHosts(action: SetupArguments['action'], context: CliContext, system: System): Promise<FoundHost[] | number> {
  const all = await findHosts(system);
  const found = action === 'remove' ? all.filter(({ entry, isReadable }) => entry !== undefined || !isReadable) : all;
  const list = toList(found, context);
  if (found.length === 0) {
    context.print('limner is in no host that it knows.');
    return 0;
  }
  const usual = found.filter(({ isHere, entry }) => (action === 'remove' ? entry !== undefined : isHere));
  const question = `${list}\n\nWhich? Numbers or names, with commas between${usual.length > 0 ? `; Enter: ${usual.map(({ host }) => host.id).join(', ')}` : ''}:`;
  const answer = context.askText?.(question);
  if (answer === undefined) {
    context.printError(`limner: there is nobody here to ask which host is meant; add --host with one of these:\n\n${list}`);
    return 2;
  }
  return toChosen(await answer, found, usual) ?? refuseChoice(context);
}

function refuseChoice({ printError }: CliContext): number {
  printError('limner: that names no host of the list; nothing was done.');
  return 1;
}

function toChosen(answer: string, found: readonly FoundHost[], usual: FoundHost[]): FoundHost[] | undefined {
  if (answer === '') return usual.length > 0 ? usual : undefined;
  const words = answer.split(/[,\s]+(?=\d)|,/).map((word) => word.trim());
  const chosen = words.map((word) => {
    const named = findHostsNamed(word);
    return /^\d+$/.test(word) ? found[Number(word) - 1] : found.find(({ host }) => typeof named !== 'string' && named[0] === host);
  });
  const known = chosen.flatMap((host) => host ?? []);
  return known.length === words.length ? [...new Set(known)] : undefined;
}

function toList(found: readonly FoundHost[], { config: { home }, columns }: CliContext): string {
  const states = found.map(({ isHere, entry, isReadable }) =>
    entry !== undefined ? 'has limner' : !isReadable ? 'unreadable' : isHere ? 'found' : 'not found',
  );
  const rows = found.map(({ host, file }, index) => [`${index + 1}`, host.id, host.name, states[index] ?? '', toHomePath(file, home)]);
  return toTable([{ align: 'right' }, {}, {}, {}, { flexible: true }], rows, columns).join('\n');
}
