import { isObject } from './json.ts';

/** What repair needs to know of one argument of a tool; read from the tool's JSON schema. */
export interface FieldShape {
  type: 'string' | 'integer' | 'boolean' | 'strings';
  required: boolean;
  /** The values of an enum. */
  values?: readonly string[];
}

export type ToolShape = Record<string, FieldShape>;

/** From an object JSON schema as zod emits it: properties that are strings, integers, booleans, string enums and arrays of strings. */
export function toToolShape(jsonSchema: unknown): ToolShape {
  const schema = isObject(jsonSchema) ? jsonSchema : {};
  const properties = isObject(schema.properties) ? schema.properties : {};
  const required = Array.isArray(schema.required) ? schema.required : [];
  return Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, toField(property, required.includes(name))]));
}

function toField(property: unknown, required: boolean): FieldShape {
  const { type, enum: values } = isObject(property) ? property : {};
  if (type === 'array') return { type: 'strings', required };
  if (type === 'boolean') return { type, required };
  if (type === 'integer') return { type: 'integer', required };
  return Array.isArray(values) ? { type: 'string', required, values: values.map(String) } : { type: 'string', required };
}
