import {
  acceptedContent,
  type ElicitRequestFormParams,
  type InputRequiredResult,
  inputRequired,
  type McpServer,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Asked, Round } from './asked.ts';
import { type ClosedFolder, ToolError } from './errors.ts';

const clientCapabilities = z.object({
  'io.modelcontextprotocol/clientCapabilities': z.object({
    elicitation: z.object({ form: z.unknown(), url: z.unknown() }).partial().optional(),
  }),
});

/** Whether the host can put a question to the person. A client that names no way of asking means forms. */
export function canAsk(server: McpServer, context: ServerContext): boolean {
  const told = clientCapabilities.safeParse(context.mcpReq.envelope).data?.['io.modelcontextprotocol/clientCapabilities'];
  const elicitation = told?.elicitation ?? server.server.getClientCapabilities()?.elicitation;
  return elicitation !== undefined && (elicitation.form !== undefined || elicitation.url === undefined);
}

/** What hosts send with a call that was answered with a question, by the name of the question. */
type Said = ServerContext['mcpReq']['inputResponses'];

const consent = z.object({ pay: z.boolean() });

/** True when the person was asked whether to pay and said so; no answer is none. */
export function saidToPay(said: Said): boolean {
  return acceptedContent(said, 'pay', consent)?.pay === true;
}

/** What a person can say to a folder, as hosts show it. */
const folderAnswers = { once: 'Allow once', always: 'Always allow', no: 'No' } as const;

const folderChoice = z.object({ folder: z.enum(folderAnswers) });

/** What the person said when asked to open a folder; anything but a yes is a no. */
export function saidOfFolder(said: Said): keyof typeof folderAnswers {
  const choice = acceptedContent(said, 'folder', folderChoice)?.folder;
  if (choice === folderAnswers.always) return 'always';
  return choice === folderAnswers.once ? 'once' : 'no';
}

export function toPayForm(message: string): ElicitRequestFormParams {
  const pay = { type: 'boolean', title: 'Pay for this call', default: false } as const;
  return { message, requestedSchema: { type: 'object', properties: { pay }, required: ['pay'] } };
}

/** The folder is the only word in it that an agent has a say in, and stands on a line of its own. `keeps`: the answer "always" can be kept. */
export function toFolderForm({ path, purpose }: ClosedFolder, keeps: boolean): ElicitRequestFormParams {
  const what = purpose === 'read' ? 'read a picture' : 'save a picture';
  const message =
    `An agent asks limner to ${what} in a folder that is not open to it:\n${path}\n` +
    `Allowing it opens this folder, with all folders in it, to limner for reading and saving pictures${keeps ? ': once for this call alone, always until you take it out of LIMNER_ALLOWED_DIRS' : ', for this call alone'}.`;
  const { once, always, no } = folderAnswers;
  const folder = { type: 'string', title: 'Open this folder', enum: keeps ? [once, always, no] : [once, no], default: no } as const;
  return { message, requestedSchema: { type: 'object', properties: { folder }, required: ['folder'] } };
}

/** How long a person may think, in milliseconds. */
const answeredWithin = 600_000;

interface Question {
  name: 'pay' | 'folder';
  form: ElicitRequestFormParams;
  /** What it takes to go on with the call when it comes again. */
  round: Round;
}

/**
 * Puts a question to the person. Since 2026-07-28 the question is the answer to the call, which the host then sends again with what the person said; before that
 * it is asked while the call goes on, until the host has gone, and what was said comes back. Undefined from a host that cannot ask after all.
 */
export async function ask(
  { name, form, round }: Question,
  { mcpReq }: ServerContext,
  gone: AbortSignal,
  asked: Asked,
): Promise<InputRequiredResult | { said: Said } | undefined> {
  if (mcpReq.envelope !== undefined)
    return inputRequired({ inputRequests: { [name]: inputRequired.elicit(form) }, requestState: asked.keep(round) });
  return mcpReq.elicitInput(form, { timeout: answeredWithin, signal: gone }).then(
    (answer) => ({ said: { [name]: answer } }),
    () => undefined,
  );
}

/** The price was too much for the person. */
export function toPriceNo({ code, message }: ToolError): ToolError {
  return new ToolError(
    code,
    `The person was asked to pay for this call and did not agree, so do not send it again unless they say so. ${message}`,
  );
}

/** The person keeps the folder closed. */
export function toFolderNo({ code, message }: ToolError): ToolError {
  return new ToolError(
    code,
    `The person was asked to open this folder and did not, so do not ask for anything in it again unless they say so. ${message}`,
  );
}

/** The person opened the folder, and it is another one than its path says. */
export function toFolderElsewhere({ code, message }: ToolError): ToolError {
  return new ToolError(code, `The person allowed this folder, but its path leads elsewhere through a link, so it stays closed. ${message}`);
}
