import { z } from 'zod';
import { bytesOfDataUrl, type Wire } from '../model.ts';

const fn = z.looseObject({ type: z.literal('function'), name: z.string(), description: z.string().default(''), parameters: z.unknown() });
const group = z.looseObject({ type: z.literal('namespace'), name: z.string(), tools: z.array(fn) });
const request = z.object({ tools: z.array(z.unknown()).default([]), input: z.array(z.unknown()) });

const part = z.union([
  z.object({ type: z.literal('input_text'), text: z.string() }),
  z.object({ type: z.literal('input_image'), image_url: z.string() }),
]);
const returned = z.object({ type: z.literal('function_call_output'), output: z.union([z.string(), z.array(part)]) });

function readTool(tool: unknown) {
  const grouped = group.safeParse(tool).data;
  if (grouped !== undefined) return grouped.tools.map((each) => toListed(each, grouped.name));
  const single = fn.safeParse(tool).data;
  return single === undefined ? [] : [toListed(single)];
}

const toListed = ({ name, description, parameters: schema }: z.infer<typeof fn>, of?: string) => ({
  name,
  description,
  schema,
  ...(of !== undefined && { group: of }),
});

function toResult({ output }: z.infer<typeof returned>) {
  const parts = typeof output === 'string' ? [{ type: 'input_text' as const, text: output }] : output;
  return {
    text: parts.flatMap((each) => (each.type === 'input_text' ? [each.text] : [])).join('\n'),
    pictures: parts.flatMap((each) => (each.type === 'input_image' ? [bytesOfDataUrl(each.image_url)] : [])),
  };
}

const isReturned = (each: unknown) => z.object({ type: z.literal('function_call_output') }).safeParse(each).success;

/** OpenAI's Responses, streamed. */
export const responses: Wire = {
  path: /\/responses$/,
  read(body) {
    const { tools, input } = request.parse(body);
    return { tools: tools.flatMap(readTool), results: input.filter(isReturned).map((each) => toResult(returned.parse(each))) };
  },
  write(reply, id) {
    const item =
      'call' in reply
        ? {
            type: 'function_call',
            call_id: id,
            name: reply.call.name,
            ...(reply.call.group !== undefined && { namespace: reply.call.group }),
            arguments: JSON.stringify(reply.args),
          }
        : { type: 'message', role: 'assistant', id, content: [{ type: 'output_text', text: reply.say }] };
    const usage = { input_tokens: 100, output_tokens: 10, total_tokens: 110 };
    return [
      { type: 'response.created', response: { id } },
      { type: 'response.output_item.done', output_index: 0, item },
      { type: 'response.completed', response: { id, usage } },
    ].map((data) => ({ event: data.type, data }));
  },
};
