/*
 * What comes from outside is anything at all: each value is looked at before it is used, and what is not as it should be is as if it were not there.
 */

/** What lies at the end of these names; undefined where there is nothing. */
export const at = (value: unknown, ...names: readonly string[]): unknown =>
  names.reduce<unknown>((inner, name) => (isObject(inner) ? Reflect.get(inner, name) : undefined), value);

export function textAt(value: unknown, ...names: readonly string[]): string | undefined {
  const found = at(value, ...names);
  return typeof found === 'string' && found ? found : undefined;
}

export function numberAt(value: unknown, ...names: readonly string[]): number | undefined {
  const found = at(value, ...names);
  return Number.isFinite(found) && typeof found === 'number' && found >= 0 ? found : undefined;
}

export function listAt(value: unknown, ...names: readonly string[]): readonly unknown[] {
  const found = at(value, ...names);
  return Array.isArray(found) ? found : [];
}

export const textsAt = (value: unknown, ...names: readonly string[]): string[] =>
  listAt(value, ...names).filter((text) => typeof text === 'string');

export const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
