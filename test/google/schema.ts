import { invalid, type Problem } from './errors.ts';

/** The type of one field of Google's v1beta messages, as far as image requests go. */
export type Field =
  | 'string'
  | 'bytes'
  | 'bool'
  | 'number'
  | { oneOf: readonly string[]; type: string }
  | { list: Field }
  | { message: Record<string, Field> };

export interface Violation {
  field: string;
  description: string;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Reads `value` as Google's JSON parser does: names in camelCase or snake_case, null for unset, base64 decoded to a Buffer. Whatever does not
 * conform is left out of the result and added to `violations`.
 */
export function conform(value: unknown, field: Field, path: string, violations: Violation[]): unknown {
  if (value === null) return undefined;
  if (typeof field === 'object' && 'message' in field) return conformMessage(value, field.message, path, violations);
  if (typeof field === 'object' && 'list' in field) {
    const items = Array.isArray(value) ? value : [value];
    return items.map((item, index) => conform(item, field.list, `${path}[${index}]`, violations)).filter((item) => item !== undefined);
  }
  if (Array.isArray(value)) return refuse(violations, ...notRepeating(path));
  return conformScalar(value, field, path, violations);
}

function conformMessage(value: unknown, fields: Record<string, Field>, path: string, violations: Violation[]): unknown {
  if (Array.isArray(value)) return refuse(violations, ...notRepeating(path));
  if (!isRecord(value)) return refuse(violations, path, `Invalid value at '${path}', ${JSON.stringify(value)}`);
  const result: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value)) {
    const camel = toCamel(name);
    const field = Object.hasOwn(fields, camel) && (name === camel || name === toSnake(camel)) ? fields[camel] : undefined;
    const at = path === '' ? '' : ` at '${path}'`;
    if (field === undefined) refuse(violations, path, `Invalid JSON payload received. Unknown name "${name}"${at}: Cannot find field.`);
    else result[camel] = conform(inner, field, path === '' ? toSnake(camel) : `${path}.${toSnake(camel)}`, violations);
  }
  return result;
}

function conformScalar(value: unknown, field: Field, path: string, violations: Violation[]): unknown {
  if (isRecord(value))
    return refuse(violations, path, `Invalid value at '${path}' (${typeName(field)}), Starting an object on a scalar field`);
  const wrong = (): undefined => refuse(violations, path, `Invalid value at '${path}' (${typeName(field)}), ${JSON.stringify(value)}`);
  if (typeof field === 'object') return 'oneOf' in field && typeof value === 'string' && field.oneOf.includes(value) ? value : wrong();
  if (field === 'bool') return typeof value === 'boolean' ? value : wrong();
  if (field === 'number') return typeof value === 'number' ? value : wrong();
  if (typeof value !== 'string') return wrong();
  if (field === 'string') return value;
  const reason = `Invalid value at '${path}' (TYPE_BYTES), Base64 decoding failed for "${value.slice(0, 40)}"`;
  return isBase64(value) ? Buffer.from(value, 'base64') : refuse(violations, path, reason);
}

/** Either alphabet, padded or not; no line breaks. Written without a loop in the pattern, which would overflow on megabytes. */
function isBase64(text: string): boolean {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  if (padding > 0 && text.length % 4 !== 0) return false;
  const digits = padding > 0 ? text.slice(0, -padding) : text;
  const mixed = /[+/]/.test(digits) && /[-_]/.test(digits);
  return digits.length % 4 !== 1 && !mixed && !/[^A-Za-z0-9+/_-]/.test(digits);
}

function typeName(field: Field): string {
  if (typeof field === 'object')
    return 'oneOf' in field ? `type.googleapis.com/google.ai.generativelanguage.v1beta.${field.type}` : 'TYPE_MESSAGE';
  return { string: 'TYPE_STRING', bytes: 'TYPE_BYTES', bool: 'TYPE_BOOL', number: 'TYPE_FLOAT' }[field];
}

function notRepeating(path: string): [string, string] {
  const [, parent = '', name = path] = /^(?:(.*)\.)?([^.]*)$/.exec(path) ?? [];
  const at = parent === '' ? '' : ` at '${parent}'`;
  return [parent, `Invalid JSON payload received. Unknown name "${name}"${at}: Proto field is not repeating, cannot start list.`];
}

function refuse(violations: Violation[], field: string, description: string): undefined {
  violations.push({ field, description });
}

function toCamel(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function toSnake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** All violations as one error, the way Google words it: the messages joined, and each one in the details. */
export function toProblem(violations: readonly Violation[]): Problem {
  const fieldViolations = violations.map(({ field, description }) => (field === '' ? { description } : { field, description }));
  const details = [{ '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations }];
  return invalid(violations.map((violation) => violation.description).join('\n'), details);
}
