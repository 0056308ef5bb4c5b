import type { Host } from '../hosts.ts';
import { type Change, formatOf, type ShownChange } from './change.ts';
import { isObject, type KeyPath } from './text-format.ts';

/** What a host's server may be handed secrets in. */
const secretive = new Set(['env', 'environment', 'headers']);

/**
 * A change as a unified diff shows it, with the keys around it in place of the lines around it: those may hold the keys of other servers. Of what goes, values
 * that may be secret are left out.
 */
export function showChange(host: Host, { shown, isForeign }: Change): string[] {
  return shown.flatMap((change, index) => {
    const isFirst = index === 0 || shown[index - 1]?.path.slice(0, -1).join('.') !== change.path.slice(0, -1).join('.');
    return [...(isFirst ? [`@@ ${change.path.slice(0, -1).join('.')} @@`] : []), ...toLines(host, change, isForeign)];
  });
}

function toLines(host: Host, { path, before, after }: ShownChange, isForeign: boolean): string[] {
  const hidden = path.some((key) => secretive.has(key)) ? hide(before) : hideSecrets(before, isForeign);
  return [...(before === undefined ? [] : mark('-', host, path, hidden)), ...(after === undefined ? [] : mark('+', host, path, after))];
}

function mark(sign: string, host: Host, path: KeyPath, value: unknown): string[] {
  return formatOf(host)
    .printProperty(path, value)
    .map((line) => `${sign} ${line}`);
}

function hideSecrets(value: unknown, isForeign: boolean): unknown {
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, secretive.has(key) || (isForeign && key !== 'command') ? hide(inner) : inner]),
  );
}

function hide(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hide);
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, hide(inner)]));
  return typeof value === 'string' && value !== 'standin' ? '…' : value;
}
