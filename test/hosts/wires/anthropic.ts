import { z } from 'zod';
import type { Wire } from '../model.ts';

const part = z.union([
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({ type: z.literal('image'), source: z.object({ type: z.literal('base64'), data: z.base64() }) }),
]);

const toolResult = z.object({ type: z.literal('tool_result'), content: z.union([z.string(), z.array(part)]) });

const request = z.object({
  tools: z.array(z.looseObject({ name: z.string(), description: z.string().optional(), input_schema: z.unknown() })).default([]),
  messages: z.array(z.object({ content: z.union([z.string(), z.array(z.unknown())]) })),
});

function toResult({ content }: z.infer<typeof toolResult>) {
  const parts = typeof content === 'string' ? [{ type: 'text' as const, text: content }] : content;
  return {
    text: parts.flatMap((each) => (each.type === 'text' ? [each.text] : [])).join('\n'),
    pictures: parts.flatMap((each) => (each.type === 'image' ? [Buffer.from(each.source.data, 'base64')] : [])),
  };
}

const usage = { input_tokens: 100, output_tokens: 10, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 };

/** Anthropic's Messages, streamed. */
export const anthropic: Wire = {
  path: /^\/v1\/messages$/,
  read(body) {
    const { tools, messages } = request.parse(body);
    const parts = messages.flatMap(({ content }) => (typeof content === 'string' ? [] : content));
    return {
      tools: tools.map(({ name, description = '', input_schema: schema }) => ({ name, description, schema })),
      results: parts.filter((each) => isToolResult(each)).map((each) => toResult(toolResult.parse(each))),
    };
  },
  write(reply, id) {
    const isCall = 'call' in reply;
    const block = isCall ? { type: 'tool_use', id: `toolu_${id}`, name: reply.call.name, input: {} } : { type: 'text', text: '' };
    const delta = isCall ? { type: 'input_json_delta', partial_json: JSON.stringify(reply.args) } : { type: 'text_delta', text: reply.say };
    const message = { id: `msg_${id}`, type: 'message', role: 'assistant', model: 'stand-in', content: [], stop_reason: null, usage };
    return [
      { type: 'message_start', message },
      { type: 'content_block_start', index: 0, content_block: block },
      { type: 'content_block_delta', index: 0, delta },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: isCall ? 'tool_use' : 'end_turn', stop_sequence: null }, usage },
      { type: 'message_stop' },
    ].map((data) => ({ event: data.type, data }));
  },
};

const isToolResult = (each: unknown) => z.object({ type: z.literal('tool_result') }).safeParse(each).success;
