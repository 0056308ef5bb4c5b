import { type JSONRPCMessage, McpServer, type RequestId, type ServerContext } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { UrlRule } from './allowed-hosts.ts';
import { collectBatchTool, startBatchTool } from './batch/tools.ts';
import { registerCompletions } from './completions.ts';
import { metaKey } from './meta-key.ts';
import { registerPrompts } from './prompts/register.ts';
import { galleryUri } from './resource-uris.ts';
import { registerResources } from './resources.ts';
import { type Brought, type Deps, type Tool, toListedSchema } from './tool.ts';
import { composeImages, editImage, exportImage, generateImage } from './tools/index.ts';
import { version } from './version.ts';

const instructions =
  "limner makes pictures with Google's Gemini image models: generate_image for a new one from words, edit_image to change one picture, compose_images for a " +
  'new one out of several; export_image finishes pictures here, free: sizes, formats, icons. Give output when the person needs the file at a certain place, and rely on the absolute path in the answer: the file is there. ' +
  'If a call was cancelled or cut off, repeat it unchanged: what was under way is answered then, not billed twice.';

/** Agents would not try an address unasked: the tools' descriptions speak of paths. */
function aboutAddresses({ hosts, proxy }: UrlRule): string {
  if (hosts === 'none' || (hosts === 'any' && proxy !== undefined)) return '';
  const which = hosts === 'any' ? '' : ` of ${hosts.slice(0, 10).join(', ')}${hosts.length > 10 ? ' and others' : ''}`;
  return ` A picture may also be given by its https address${which}.`;
}

const aboutBatches =
  ' start_batch makes many pictures at half the price within 24 hours, and collect_batch brings them; for a few, or when somebody waits, call the other tools.';

/** A caller elsewhere has none: a server for several people counts and limits calls, and a batch goes on between them. */
function hasBatches({ toolGroups, remote }: Deps['config']): boolean {
  return toolGroups.includes('batch') && remote === undefined;
}

/** What is listed never changes while a version runs, so clients may keep it for an hour. */
const cacheHint = { ttlMs: 3_600_000, cacheScope: 'public' } as const;

/** One server with every tool registered; no state of its own. */
export function createServer(deps: Deps): McpServer {
  const told = `${instructions}${hasBatches(deps.config) ? aboutBatches : ''}${aboutAddresses(deps.config.urls)}`;
  const server = new McpServer(
    { name: 'limner', title: 'limner', version },
    {
      instructions: deps.config.remote?.toWords(told) ?? told,
      capabilities: { tools: { listChanged: false }, resources: { listChanged: false }, prompts: { listChanged: false }, completions: {} },
      cacheHints: { 'tools/list': cacheHint, 'prompts/list': cacheHint, 'server/discover': cacheHint },
    },
  );
  registerTool(server, generateImage, deps);
  registerTool(server, editImage, deps);
  registerTool(server, composeImages, deps);
  registerTool(server, exportImage, deps);
  if (hasBatches(deps.config)) {
    registerTool(server, startBatchTool, deps);
    registerTool(server, collectBatchTool, deps);
  }
  registerResources(server, deps);
  registerPrompts(server);
  registerCompletions(server, deps);
  return server;
}

/**
 * Registers a tool. The SDK is told to let every object through: what is wrong with the arguments is answered by `call.ts`, which is loaded with the first call, and
 * with it all that hosts start a server for and most sessions never use.
 */
function registerTool<Input>(server: McpServer, tool: Tool<Input, Brought>, deps: Deps): void {
  const say = deps.config.remote?.toWords;
  const listed = () => toListedSchema(tool.inputSchema, say);
  const anything = {
    '~standard': {
      version: 1,
      vendor: 'limner',
      validate: (value: unknown) => ({ value }),
      jsonSchema: { input: listed, output: listed },
    },
  } as const;
  const config = {
    title: tool.title,
    description: say?.(tool.description) ?? tool.description,
    inputSchema: anything,
    annotations: toAnnotations(tool, hasBatches(deps.config)),
    ...(tool.isRare !== true && {
      _meta: { 'anthropic/alwaysLoad': true, ...(tool.isFree !== true && { ui: { resourceUri: galleryUri } }) },
    }),
  };
  server.registerTool(tool.name, config, (raw: unknown, context: ServerContext) => {
    const answer = import('./call.ts').then(({ answerCall }) => answerCall(server, tool, raw, context, deps));
    deps.track(answer);
    return answer;
  });
}

/** With more tools, what the protocol takes for granted is left out, so that the list costs an agent no more than it may. */
function toAnnotations({ title, isFree = false }: Pick<Tool<unknown>, 'title' | 'isFree'>, isLean: boolean) {
  if (isLean) return { destructiveHint: false, ...(isFree && { openWorldHint: false }) };
  return { title, readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: !isFree };
}

const requestId = z.union([z.string(), z.number()]);

const answer = z.object({
  id: requestId,
  result: z.object({
    _meta: z.object({ [metaKey]: z.object({ call: z.string(), unclaimed: z.array(z.object({ call: z.string() })) }) }),
  }),
});

/** The call a message answers, the request it was, and the unclaimed calls it tells of; undefined for any other message. */
export function readAnswered(message: JSONRPCMessage): { request: RequestId; call: string; told: string[] } | undefined {
  // Most messages are told without a schema.
  const data = 'result' in message ? answer.safeParse(message).data : undefined;
  if (data === undefined) return undefined;
  const { call, unclaimed } = data.result._meta[metaKey];
  return { request: data.id, call, told: unclaimed.map((other) => other.call) };
}

const cancellation = z.object({ method: z.literal('notifications/cancelled'), params: z.object({ requestId }) });

/** The request a message cancels; undefined for any other message. */
export function readCancelled(message: JSONRPCMessage): RequestId | undefined {
  return 'method' in message && message.method === 'notifications/cancelled'
    ? cancellation.safeParse(message).data?.params.requestId
    : undefined;
}

const introduction = z.object({ method: z.literal('initialize'), params: z.object({ clientInfo: z.object({ name: z.string() }) }) });

/** The name a client introduces itself with until 2025-11-25; undefined for any other message. */
export function readClientName(message: JSONRPCMessage): string | undefined {
  return 'method' in message && message.method === 'initialize' ? introduction.safeParse(message).data?.params.clientInfo.name : undefined;
}

/**
 * A tool call whose arguments are text, a list or null, with an object around them: the SDK would answer it with a protocol error in zod's words, the
 * tool mends it or says what to send instead. Any other message as it is.
 */
export function wrapArguments(message: JSONRPCMessage): JSONRPCMessage {
  if (!('method' in message) || message.method !== 'tools/call') return message;
  const given = message.params?.arguments;
  if (given === undefined || (typeof given === 'object' && given !== null && !Array.isArray(given))) return message;
  return { ...message, params: { ...message.params, arguments: { arguments: given } } };
}
