import { z } from 'zod';
import { bytesOfDataUrl, type ToolResult, type Wire } from '../model.ts';

const part = z.union([
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({ type: z.literal('image_url'), image_url: z.object({ url: z.string() }) }),
]);

const request = z.object({
  tools: z
    .array(z.object({ function: z.object({ name: z.string(), description: z.string().default(''), parameters: z.unknown() }) }))
    .default([]),
  messages: z.array(z.object({ role: z.string(), content: z.union([z.string(), z.array(part)]).nullish() })),
});

/** Tool messages take words alone: pictures follow in a message of the user. */
function addMessage(results: ToolResult[], { role, content }: z.infer<typeof request>['messages'][number]): ToolResult[] {
  const parts = typeof content === 'string' ? [{ type: 'text' as const, text: content }] : (content ?? []);
  const pictures = parts.flatMap((each) => (each.type === 'image_url' ? [bytesOfDataUrl(each.image_url.url)] : []));
  if (role === 'tool') {
    return [...results, { text: parts.flatMap((each) => (each.type === 'text' ? [each.text] : [])).join('\n'), pictures }];
  }
  results.at(-1)?.pictures.push(...pictures);
  return results;
}

/** OpenAI's chat completions, streamed. */
export const chat: Wire = {
  path: /\/chat\/completions$/,
  read(body) {
    const { tools, messages } = request.parse(body);
    return {
      tools: tools.map(({ function: { name, description, parameters: schema } }) => ({ name, description, schema })),
      results: messages.reduce(addMessage, []),
    };
  },
  write(reply, id) {
    const isCall = 'call' in reply;
    const called = isCall && [
      { index: 0, id, type: 'function', function: { name: reply.call.name, arguments: JSON.stringify(reply.args) } },
    ];
    const delta = { role: 'assistant', ...(called ? { tool_calls: called } : { content: isCall ? '' : reply.say }) };
    const chunk = { id: `chat-${id}`, object: 'chat.completion.chunk', created: 1, model: 'stand-in' };
    const usage = { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 };
    return [
      { ...chunk, choices: [{ index: 0, delta, finish_reason: null }] },
      { ...chunk, choices: [{ index: 0, delta: {}, finish_reason: isCall ? 'tool_calls' : 'stop' }], usage },
      '[DONE]',
    ].map((data) => ({ data }));
  },
};
