import type { CallToolResult, InputRequiredResult, McpServer, ServerContext } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Consent } from './asked.ts';
import { canAsk } from './asking.ts';
import type { Config } from './config.ts';
import { withConsent } from './consent.ts';
import { ToolError } from './errors.ts';
import { toSentence } from './fault.ts';
import { openFolder } from './files/paths.ts';
import { explainMissingKey } from './missing-key.ts';
import { perform } from './perform.ts';
import { startProgress } from './progress.ts';
import { toCallToolResult, toErrorResult } from './result.ts';
import { toBatchResult } from './result-batch.ts';
import { toExportResult } from './result-export.ts';
import { toForecastResult } from './result-forecast.ts';
import { showPath } from './text.ts';
import type { Brought, Deps, Tool } from './tool.ts';

/**
 * Answers one call. Arguments are repaired and validated in the one try/catch here, so that whatever is wrong with them is answered in our own words.
 */
export async function answerCall<Input>(
  server: McpServer,
  tool: Tool<Input, Brought>,
  raw: unknown,
  context: ServerContext,
  deps: Deps,
): Promise<CallToolResult | InputRequiredResult> {
  const progress = startProgress(context, deps.logError);
  const cancelled = context.mcpReq.signal;
  const { signal: gone, release } = followUntilReleased([cancelled, deps.gone]);
  // An answer nobody gets tells nobody.
  const takeNotices = () => (cancelled.aborted ? [] : deps.notices.splice(0));
  const call = async ({ pay: approved, folders }: Consent) => {
    requireUsable(deps.config);
    const { open, logError } = deps;
    const done = await perform(tool, raw, approved, {
      config: await withFolders(deps.config, folders),
      open,
      logError,
      cancelled,
      gone,
      report: progress.report,
      explainMissingKey: () => toMissingKey(server, context, deps.config),
    });
    const notices = takeNotices();
    if ('forecast' in done) return toForecastResult(done, notices, deps.asked !== undefined && canAsk(server, context));
    if ('batch' in done) return toBatchResult(done, notices);
    const telling = { notices, links: takesLinks(server, context), remote: deps.config.remote };
    return 'files' in done ? toExportResult(done, telling) : toCallToolResult(done, telling);
  };
  try {
    if (deps.asked === undefined) return await call({ pay: false, folders: [] });
    return await withConsent(call, {
      server,
      context,
      deps,
      asked: deps.asked,
      call: [tool.name, raw],
      gone,
      hasModel: async () => (await deps.open()).model !== undefined,
      report: (message) => progress.report(message, 0, 1),
    });
  } catch (error) {
    if (!(error instanceof ToolError)) deps.logError(error);
    const today = await deps
      .open()
      .then(({ ledger }) => ledger.today())
      .catch(() => undefined);
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

/** The settings with the folders the person opened to this call. One that a link leads out of by now stays closed. */
async function withFolders(config: Config, folders: readonly string[]): Promise<Config> {
  let opened = config;
  for (const folder of folders) opened = (await openFolder(folder, opened)) ?? opened;
  return opened;
}

function requireUsable(config: Config): void {
  if (config.problems.length === 0) return;
  throw new ToolError(
    'settings',
    `limner's settings are wrong and the person has to mend them before it can work:\n${config.problems.map((problem) => `- ${toSentence(problem)}`).join('\n')}`,
  );
}

function toMissingKey(server: McpServer, context: ServerContext, config: Config): string {
  return explainMissingKey(clientName(server, context), showPath(config.userFile));
}

const clientInfo = z.object({ 'io.modelcontextprotocol/clientInfo': z.object({ name: z.string() }) });

/** Who is calling: told once by `initialize`, or with each request since 2026-07-28. */
function clientName(server: McpServer, context: ServerContext): string | undefined {
  const envelope = clientInfo.safeParse(context.mcpReq.envelope);
  return envelope.data?.['io.modelcontextprotocol/clientInfo'].name ?? server.server.getClientVersion()?.name;
}

/**
 * Clients of the first two protocol versions reject a whole result that holds a `resource_link`. Versions are dates, so they compare as text; over HTTP each request says which it
 * is of.
 */
function takesLinks(server: McpServer, { http }: ServerContext): boolean {
  const version = server.server.getNegotiatedProtocolVersion() ?? http?.req?.headers.get('mcp-protocol-version') ?? '';
  return version >= '2025-06-18';
}
