import { z } from 'zod';
import type { ToolResult, Wire } from '../model.ts';

const inline = z.object({ inlineData: z.object({ data: z.base64() }) });
const returned = z.object({ functionResponse: z.object({ response: z.unknown(), parts: z.array(inline).optional() }) });

const request = z.object({
  tools: z
    .array(
      z.object({
        functionDeclarations: z
          .array(z.looseObject({ name: z.string(), description: z.string(), parametersJsonSchema: z.unknown() }))
          .optional(),
      }),
    )
    .default([]),
  contents: z.array(z.object({ parts: z.array(z.unknown()) })),
});

const output = z.object({ output: z.string() });

/** A response is an object of the host's own making; where it is a text in one, the text. */
const toText = (response: unknown) => output.safeParse(response).data?.output ?? JSON.stringify(response);

/** Pictures stand in the response, or as parts behind it. */
function addPart(results: ToolResult[], part: unknown): ToolResult[] {
  const response = returned.safeParse(part).data?.functionResponse;
  if (response !== undefined) {
    const pictures = (response.parts ?? []).map(({ inlineData }) => Buffer.from(inlineData.data, 'base64'));
    return [...results, { text: toText(response.response), pictures }];
  }
  const picture = inline.safeParse(part).data?.inlineData;
  if (picture !== undefined) results.at(-1)?.pictures.push(Buffer.from(picture.data, 'base64'));
  return results;
}

/** Google's streamGenerateContent. */
export const gemini: Wire = {
  path: /:streamGenerateContent$/,
  read(body) {
    const { tools, contents } = request.parse(body);
    const declared = tools.flatMap(({ functionDeclarations = [] }) => functionDeclarations);
    return {
      tools: declared.map(({ name, description, parametersJsonSchema: schema }) => ({ name, description, schema })),
      results: contents.flatMap(({ parts }) => parts).reduce(addPart, []),
    };
  },
  write(reply, id) {
    const part = 'call' in reply ? { functionCall: { id, name: reply.call.name, args: reply.args } } : { text: reply.say };
    const candidates = [{ index: 0, content: { role: 'model', parts: [part] }, finishReason: 'STOP' }];
    return [{ data: { candidates, usageMetadata: { promptTokenCount: 100, candidatesTokenCount: 10, totalTokenCount: 110 } } }];
  },
};
