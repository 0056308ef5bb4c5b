/** Text that is a JSON list, object or string, or a list as Python prints it, as what it says; other text trimmed. */
export function fromText(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const text = value.trim();
  if (!/^[[{"]/.test(text)) return text;
  const isPython = text.length <= longestPython && /^\[\s*'[^'"\\]*'(\s*,\s*'[^'"\\]*')*\s*\]$/.test(text);
  try {
    return JSON.parse(isPython ? text.replaceAll("'", '"') : text);
  } catch {
    return text;
  }
}

/** A longer list is not looked at as Python: the pattern takes memory for each entry. */
const longestPython = 100_000;

export function toSingle(value: unknown): unknown {
  return Array.isArray(value) && value.length === 1 ? value[0] : value;
}

export function isEmpty(value: unknown): boolean {
  if (typeof value === 'string') return value.trim() === '';
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0;
  return value === undefined || value === null;
}

export function withoutEmpty(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => !isEmpty(value)));
}

export function isOwner(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === 'object' && value !== null;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return isOwner(value) && !Array.isArray(value);
}
