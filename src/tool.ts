import type { CallToolResult, McpServer, ServerContext } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Archive } from './archive/archive.ts';
import type { Config } from './config.ts';
import { ToolError } from './errors.ts';
import { explainMissingKey } from './hosts.ts';
import type { ImageModel } from './model/image-model.ts';
import { repairArguments } from './repair/arguments.ts';
import { explainIssues } from './repair/explain.ts';
import { toToolShape } from './repair/shape.ts';
import { toCallToolResult, toErrorResult } from './result.ts';
import type { Call, Outcome } from './run.ts';

/** Everything the server is made of; the process makes it once. */
export interface Deps {
  config: Config;
  archive: Archive;
  /** Absent when there is no key. */
  model: ImageModel | undefined;
  /** What the first result has to tell about the settings; emptied by telling it. */
  notices: string[];
  /** Where our own bugs go: the server's log. */
  logError(error: unknown): void;
}

/** One tool: what agents read of it, what it takes, what it does. */
export interface Tool<Input> {
  name: string;
  title: string;
  description: string;
  inputSchema: z.ZodType<Input>;
  handler(input: Input, call: Call): Promise<Outcome>;
}

/** Lets TypeScript read a tool's input from its schema. */
export function defineTool<Input>(tool: Tool<Input>): Tool<Input> {
  return tool;
}

/** The arguments a tool lists: the schema itself, without what hosts cannot digest (`$schema`, `additionalProperties`, `pattern`); all of it is still validated. */
function toListedSchema(schema: z.ZodType): Record<string, unknown> {
  const {
    $schema: _dialect,
    additionalProperties: _open,
    ...listed
  } = z.toJSONSchema(schema, {
    io: 'input',
    override: ({ jsonSchema }) => {
      delete jsonSchema.pattern;
    },
  });
  return listed;
}

/**
 * Registers a tool. Arguments are repaired and validated in the one try/catch here, so that whatever is wrong with them is answered in our own words;
 * the SDK is told to let every object through.
 */
export function registerTool<Input>(server: McpServer, tool: Tool<Input>, deps: Deps): void {
  const listed = toListedSchema(tool.inputSchema);
  const shape = toToolShape(listed);
  const anything = {
    '~standard': {
      version: 1,
      vendor: 'limner',
      validate: (value: unknown) => ({ value }),
      jsonSchema: { input: () => listed, output: () => listed },
    },
  } as const;
  const config = {
    title: tool.title,
    description: tool.description,
    inputSchema: anything,
    annotations: { title: tool.title, readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
    _meta: { 'anthropic/alwaysLoad': true },
  };
  server.registerTool(tool.name, config, async (raw: unknown, context: ServerContext): Promise<CallToolResult> => {
    const progress = startProgress(context, deps);
    try {
      requireUsable(deps.config);
      const input = parse(tool, shape, raw);
      const model = deps.model ?? missingKey(server, context, deps.config);
      const outcome = await tool.handler(input, { ...deps, model, cancelled: context.mcpReq.signal, report: progress.report });
      return toCallToolResult(outcome, deps.notices.splice(0), takesLinks(server));
    } catch (error) {
      if (!(error instanceof ToolError)) deps.logError(error);
      return toErrorResult(error, deps.notices.splice(0));
    } finally {
      progress.stop();
    }
  });
}

function requireUsable(config: Config): void {
  if (config.problems.length === 0) return;
  throw new ToolError(
    'settings',
    `limner's settings are wrong and the person has to mend them before it can work:\n${config.problems.map((problem) => `- ${problem}`).join('\n')}`,
  );
}

function parse<Input>(tool: Tool<Input>, shape: ReturnType<typeof toToolShape>, raw: unknown): Input {
  const repaired = repairArguments(tool.name, shape, raw);
  const parsed = tool.inputSchema.safeParse(repaired);
  if (parsed.success) return parsed.data;
  throw new ToolError('invalid_argument', explainIssues(tool.name, parsed.error.issues, repaired));
}

function missingKey(server: McpServer, context: ServerContext, config: Config): never {
  throw new ToolError('no_key', explainMissingKey(clientName(server, context), config.userFile));
}

const clientInfo = z.object({ 'io.modelcontextprotocol/clientInfo': z.object({ name: z.string() }) });

/** Who is calling: told once by `initialize`, or with each request since 2026-07-28. */
function clientName(server: McpServer, context: ServerContext): string | undefined {
  const envelope = clientInfo.safeParse(context.mcpReq.envelope);
  return envelope.data?.['io.modelcontextprotocol/clientInfo'].name ?? server.server.getClientVersion()?.name;
}

/** Clients of the first two protocol versions reject a whole result that holds a `resource_link`. Versions are dates, so they compare as text. */
function takesLinks(server: McpServer): boolean {
  return (server.server.getNegotiatedProtocolVersion() ?? '') >= '2025-06-18';
}

/** Some hosts give up on a call that has been silent for a minute. */
const heartbeatMs = 5000;

/** Tells a client that asked for it what is happening, at least every few seconds; the value only ever grows and stays below the total. */
function startProgress(context: ServerContext, deps: Deps) {
  const progressToken = context.mcpReq._meta?.progressToken;
  const started = performance.now();
  let state = { message: 'Starting', done: 0, total: 1 };
  let last = 0;
  const send = () => {
    if (progressToken === undefined || context.mcpReq.signal.aborted) return;
    const seconds = (performance.now() - started) / 1000;
    const guess = (state.total - state.done) * 0.9 * (1 - Math.exp(-seconds / 20));
    last = Math.max(last + 0.0001, 0.99 * (state.done + guess));
    const message = seconds < 1 ? state.message : `${state.message} (${Math.round(seconds)} s)`;
    const params = { progressToken, progress: last, total: state.total, message };
    context.mcpReq.notify({ method: 'notifications/progress', params }).catch(deps.logError);
  };
  const timer = progressToken === undefined ? undefined : setInterval(send, heartbeatMs);
  return {
    report(message: string, done: number, total: number) {
      state = { message, done, total };
      send();
    },
    stop: () => clearInterval(timer),
  };
}
