import {
  acceptedContent,
  type CallToolResult,
  type ElicitRequestFormParams,
  type InputRequiredResult,
  inputRequired,
  type McpServer,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import { ToolError } from './errors.ts';

const clientCapabilities = z.object({
  'io.modelcontextprotocol/clientCapabilities': z.object({
    elicitation: z.object({ form: z.unknown(), url: z.unknown() }).partial().optional(),
  }),
});

const consent = z.object({ pay: z.boolean() });

/** True when the person was asked whether to pay and said so; no answer is none. */
export function hasConsent(responses: ServerContext['mcpReq']['inputResponses']): boolean {
  return acceptedContent(responses, 'pay', consent)?.pay === true;
}

/** Whether the host can put a question to the person. A client that names no way of asking means forms. */
export function canAsk(server: McpServer, context: ServerContext): boolean {
  const told = clientCapabilities.safeParse(context.mcpReq.envelope).data?.['io.modelcontextprotocol/clientCapabilities'];
  const elicitation = told?.elicitation ?? server.server.getClientCapabilities()?.elicitation;
  return elicitation !== undefined && (elicitation.form !== undefined || elicitation.url === undefined);
}

/** How long a person may think, in milliseconds. */
const answeredWithin = 600_000;

/**
 * Puts the question to the person, once. Since 2026-07-28 the question is the answer to the call, which the host then sends again with what the person
 * said; before that it is asked while the call goes on, until the host has gone. A host that cannot ask after all leaves it at the refusal.
 */
export async function askToPay(
  refusal: ToolError & { question: string },
  { mcpReq }: ServerContext,
  gone: AbortSignal,
  pay: () => Promise<CallToolResult>,
): Promise<CallToolResult | InputRequiredResult> {
  if (mcpReq.inputResponses !== undefined) throw toNo(refusal);
  const question = toForm(refusal.question);
  if (mcpReq.envelope !== undefined) return inputRequired({ inputRequests: { pay: inputRequired.elicit(question) } });
  const said = await mcpReq.elicitInput(question, { timeout: answeredWithin, signal: gone }).catch(() => {
    throw refusal;
  });
  if (!hasConsent({ pay: said })) throw toNo(refusal);
  return pay();
}

function toForm(message: string): ElicitRequestFormParams {
  const pay = { type: 'boolean', title: 'Pay for this call', default: false } as const;
  return { message, requestedSchema: { type: 'object', properties: { pay }, required: ['pay'] } };
}

function toNo({ code, message }: ToolError): ToolError {
  return new ToolError(
    code,
    `The person was asked to pay for this call and did not agree, so do not send it again unless they say so. ${message}`,
  );
}
