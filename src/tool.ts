import type { CallToolResult, InputRequiredResult, McpServer, ServerContext } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Memory } from './archive/identify.ts';
import { askToPay, canAsk, canBeLifted, hasConsent } from './asking.ts';
import type { Config } from './config.ts';
import { ToolError } from './errors.ts';
import type { Forecast } from './forecast.ts';
import type { Call } from './generate.ts';
import { explainMissingKey } from './hosts.ts';
import type { ImageModel } from './model/image-model.ts';
import { textsIn } from './outgoing.ts';
import { startProgress } from './progress.ts';
import { repairArguments } from './repair/arguments.ts';
import { explainIssues } from './repair/explain.ts';
import { toToolShape } from './repair/shape.ts';
import { toCallToolResult, toErrorResult } from './result.ts';
import { toExportResult } from './result-export.ts';
import { toForecastResult } from './result-forecast.ts';
import type { Outcome } from './run.ts';
import type { ExportOutcome } from './run-export.ts';
import { showPath } from './text.ts';

/** Everything the server is made of; the process makes it once. */
export interface Deps extends Memory {
  config: Config;
  /** Absent when there is no key. */
  model: ImageModel | undefined;
  /** What the first result has to tell about the settings; emptied by telling it. */
  notices: string[];
  /** Fires when the client can send nothing more, and has perhaps gone. */
  gone: AbortSignal;
  /** Told of every call, so that the process ends after them and not in their middle. */
  track(call: Promise<unknown>): void;
  /** Where our own bugs go: the server's log. */
  logError(error: unknown): void;
}

/** What a tool brings. */
type Done = Outcome | Forecast | ExportOutcome;

/** One tool: what agents read of it, what it takes, what it does. */
export interface Tool<Input> {
  name: string;
  title: string;
  description: string;
  /** Works on this computer only and costs nothing. */
  isFree?: boolean;
  inputSchema: z.ZodType<Input>;
  handler(input: Input, call: Call): Promise<Done>;
}

/** Lets TypeScript read a tool's input from its schema. */
export function defineTool<Input>(tool: Tool<Input>): Tool<Input> {
  return tool;
}

/** The arguments a tool lists: the schema itself, without what hosts cannot digest (`$schema`, `additionalProperties`, `pattern`) and
 * without the bounds, which the descriptions say in fewer tokens; all of it is still validated. */
function toListedSchema(schema: z.ZodType): Record<string, unknown> {
  const {
    $schema: _dialect,
    additionalProperties: _open,
    ...listed
  } = z.toJSONSchema(schema, {
    io: 'input',
    override: ({ jsonSchema }) => {
      for (const bound of ['pattern', 'minimum', 'maximum', 'minLength', 'maxLength', 'minItems', 'maxItems'] as const)
        delete jsonSchema[bound];
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
    annotations: {
      title: tool.title,
      readOnlyHint: false,
      destructiveHint: false,
      idempotentHint: false,
      openWorldHint: tool.isFree !== true,
    },
    _meta: { 'anthropic/alwaysLoad': true },
  };
  server.registerTool(tool.name, config, (raw: unknown, context: ServerContext) => {
    const answer = answerCall(server, tool, shape, raw, context, deps);
    deps.track(answer);
    return answer;
  });
}

async function answerCall<Input>(
  server: McpServer,
  tool: Tool<Input>,
  shape: ToolShape,
  raw: unknown,
  context: ServerContext,
  deps: Deps,
): Promise<CallToolResult | InputRequiredResult> {
  const progress = startProgress(context, deps.logError);
  const cancelled = context.mcpReq.signal;
  const { signal: gone, release } = followUntilReleased([cancelled, deps.gone]);
  // An answer nobody gets tells nobody.
  const takeNotices = () => (cancelled.aborted ? [] : deps.notices.splice(0));
  const call = async (approved: boolean) => {
    requireUsable(deps.config);
    const input = parse(tool, shape, raw);
    requireNoKey(input, deps.config);
    const model = deps.model ?? createKeyless(() => missingKey(server, context, deps.config));
    const { config, archive, ledger, logError } = deps;
    const { report } = progress;
    const done = await tool.handler(input, { config, archive, ledger, logError, model, approved, cancelled, gone, report });
    const notices = takeNotices();
    if ('forecast' in done) return toForecastResult(done, notices, canAsk(server, context));
    return 'files' in done ? toExportResult(done, notices, takesLinks(server)) : toCallToolResult(done, notices, takesLinks(server));
  };
  try {
    return await call(hasConsent(context.mcpReq.inputResponses)).catch((refusal: unknown) => {
      if (!canBeLifted(refusal) || !deps.model || gone.aborted || !canAsk(server, context)) throw refusal;
      progress.report('Waiting for the person to agree to the price', 0, 1);
      return askToPay(refusal, context, gone, () => call(true));
    });
  } catch (error) {
    if (!(error instanceof ToolError)) deps.logError(error);
    const today = await deps.ledger.today().catch(() => undefined);
    return toErrorResult(error, takeNotices(), today);
  } finally {
    progress.stop();
    release();
  }
}

/**
 * A signal that fires with the first of others, until it is released: a call that has ended is gone no more. `AbortSignal.any` would keep every call in memory for as long as
 * one of the signals lives, and this process's own lives as long as it does.
 */
function followUntilReleased(signals: readonly AbortSignal[]): { signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const abort = () => controller.abort();
  for (const signal of signals) signal.addEventListener('abort', abort);
  if (signals.some(({ aborted }) => aborted)) abort();
  return {
    signal: controller.signal,
    release() {
      for (const signal of signals) signal.removeEventListener('abort', abort);
    },
  };
}

/** Stands where a model would: whatever needs none can still be found out, and the rest is refused before anything is sent. */
function createKeyless(refuse: () => never): ImageModel {
  return { backend: 'gemini', generate: async () => refuse() };
}

function requireUsable(config: Config): void {
  if (config.problems.length === 0) return;
  throw new ToolError(
    'settings',
    `limner's settings are wrong and the person has to mend them before it can work:\n${config.problems.map((problem) => `- ${problem}`).join('\n')}`,
  );
}

/** A key in a prompt would go into the request's body, a record and a file's name; it belongs into a header, and into no chat. */
function requireNoKey(input: unknown, { redactor }: Config): void {
  if (!redactor.finds(textsIn(input).join('\n'))) return;
  throw new ToolError(
    'invalid_argument',
    'An argument holds the API key, or a piece of it. limner has the key from its settings: leave it out. If it came out of a chat or a web page, the person should make a new one.',
  );
}

type ToolShape = ReturnType<typeof toToolShape>;

/** Arguments as a tool takes them, repaired and validated. Throws `invalid_argument` or `unsupported` in words that teach. */
export function readInput<Input>(tool: Tool<Input>, raw: unknown): Input {
  return parse(tool, toToolShape(toListedSchema(tool.inputSchema)), raw);
}

function parse<Input>(tool: Tool<Input>, shape: ToolShape, raw: unknown): Input {
  const repaired = repairArguments(tool.name, shape, raw);
  const parsed = tool.inputSchema.safeParse(repaired);
  if (parsed.success) return parsed.data;
  throw new ToolError('invalid_argument', explainIssues(tool.name, parsed.error.issues, repaired));
}

function missingKey(server: McpServer, context: ServerContext, config: Config): never {
  throw new ToolError('no_key', explainMissingKey(clientName(server, context), showPath(config.userFile)));
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
