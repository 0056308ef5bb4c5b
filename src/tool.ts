import { z } from 'zod';
import type { Memory } from './archive/identify.ts';
import type { Asked } from './asked.ts';
import type { Config } from './config.ts';
import type { Forecast } from './forecast.ts';
import type { Call } from './generate.ts';
import type { ImageModel } from './model/image-model.ts';
import type { BatchOutcome } from './result-batch.ts';
import type { Outcome } from './run.ts';
import type { ExportOutcome } from './run-export.ts';

/** What calls work with. */
export interface Opened extends Memory {
  /** Absent when there is no key. */
  model: ImageModel | undefined;
  /** What tells this machine from others that share the state folder. */
  host: string;
}

/** Everything the server is made of; the process makes it once. */
export interface Deps {
  /** Another one once the person has opened a folder for good. */
  config: Config;
  /** What outlives a call, and the model; opened with the first need of them, since hosts start servers that are never called. */
  open(): Promise<Opened>;
  /** What the first result has to tell about the settings; emptied by telling it. */
  notices: string[];
  /** What the person was asked so far; undefined where nobody is asked, since the limits are not the caller's to lift. */
  asked: Asked | undefined;
  /** Fires when the client can send nothing more, and has perhaps gone. */
  gone: AbortSignal;
  /** Told of every call, so that the process ends after them and not in their middle. */
  track(call: Promise<unknown>): void;
  /** Where our own bugs go: the server's log. */
  logError(error: unknown): void;
}

/** What a tool is given. */
export interface ToolCall extends Call, Pick<Opened, 'host'> {
  /** What to do about a missing key, in words for whoever calls. */
  explainMissingKey(): string;
}

/** What a tool brings that makes pictures or files. */
export type Done = Outcome | Forecast | ExportOutcome;

/** What any tool brings. */
export type Brought = Done | BatchOutcome;

/** One tool: what agents read of it, what it takes, what it does. */
export interface Tool<Input, Brings extends Brought = Done> {
  name: string;
  title: string;
  description: string;
  /** Works on this computer only and costs nothing. */
  isFree?: boolean;
  /** Shows no picture, and is called too seldom to be worth a place in every conversation. */
  isRare?: boolean;
  inputSchema: z.ZodType<Input>;
  handler(input: Input, call: ToolCall): Promise<Brings>;
}

/** A tool as it is written down: what it takes is put together when somebody asks for it, which most hosts do after the start. */
export interface ToolDefinition<Input, Brings extends Brought = Done> extends Omit<Tool<Input, Brings>, 'inputSchema'> {
  inputSchema(): z.ZodType<Input>;
}

/** Lets TypeScript read a tool's input from its schema. */
export function defineTool<Input, Brings extends Brought>(definition: ToolDefinition<Input, Brings>): Tool<Input, Brings> {
  let schema: z.ZodType<Input> | undefined;
  return {
    ...definition,
    get inputSchema() {
      schema ??= definition.inputSchema();
      return schema;
    },
  };
}

/** What is listed of each schema, by what becomes of its descriptions: a server over HTTP lists for every request, and putting it together takes longer than all the rest. */
const listed = new WeakMap<z.ZodType, Map<Say, Record<string, unknown>>>();

type Say = (text: string) => string;

const asItIs: Say = (text) => text;

/** The arguments a tool lists: the schema itself, without what hosts cannot digest (`$schema`, `additionalProperties`, `pattern`) and
 * without the bounds, which the descriptions say in fewer tokens; all of it is still validated. `say`: what becomes of each description. */
export function toListedSchema(schema: z.ZodType, say = asItIs): Record<string, unknown> {
  const known = listed.get(schema) ?? new Map<Say, Record<string, unknown>>();
  listed.set(schema, known);
  const made = known.get(say) ?? makeListedSchema(schema, say);
  known.set(say, made);
  return made;
}

function makeListedSchema(schema: z.ZodType, say: Say): Record<string, unknown> {
  const {
    $schema: _dialect,
    additionalProperties: _open,
    ...rest
  } = z.toJSONSchema(schema, {
    io: 'input',
    override: ({ jsonSchema }) => {
      for (const bound of ['pattern', 'minimum', 'maximum', 'minLength', 'maxLength', 'minItems', 'maxItems'] as const)
        delete jsonSchema[bound];
      if (jsonSchema.description !== undefined) jsonSchema.description = say(jsonSchema.description);
    },
  });
  return rest;
}
