import type { JSONRPCMessage } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { metaKey } from '../meta-key.ts';

/** What the answer to a tool call says of it. */
export interface Told {
  outcome: string;
  pictures: number;
  dollars: number;
}

const failed = z.object({ error: z.object({ code: z.string() }) });
const made = z.object({ images: z.array(z.unknown()), cost: z.object({ dollars: z.number().nullable() }) });
const meta = z.object({
  [metaKey]: z.union([failed, made]).optional(),
  'limner/plan': z.unknown().optional(),
});
const result = z.object({ result: z.object({ _meta: meta }) });

/** What came of a call, by its answer; undefined for a message that is none. */
export function readTold(message: JSONRPCMessage): Told | undefined {
  if ('error' in message) return { outcome: 'protocol_error', pictures: 0, dollars: 0 };
  if (!('result' in message)) return undefined;
  const told = result.safeParse(message).data?.result._meta;
  const facts = told?.[metaKey];
  if (facts !== undefined && 'error' in facts) return { outcome: facts.error.code, pictures: 0, dollars: 0 };
  if (facts !== undefined) return { outcome: 'ok', pictures: facts.images.length, dollars: facts.cost.dollars ?? 0 };
  return { outcome: told?.['limner/plan'] === undefined ? 'ok' : 'dry_run', pictures: 0, dollars: 0 };
}

const request = z.object({
  method: z.string(),
  params: z
    .object({ name: z.unknown(), arguments: z.object({ prompt: z.unknown() }).optional().catch(undefined) })
    .optional()
    .catch(undefined),
});

/** What is asked: the method, and of a tool call its tool and the prompt. */
export function readAsked(body: unknown): { method: string; tool?: string; prompt?: string } | undefined {
  const { method, params } = request.safeParse(body).data ?? {};
  if (method === undefined) return undefined;
  if (method !== 'tools/call') return { method };
  const { name, arguments: given } = params ?? {};
  return {
    method,
    tool: typeof name === 'string' ? name : '',
    ...(typeof given?.prompt === 'string' && { prompt: given.prompt }),
  };
}
