import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';

/*
 * The floor of a server over HTTP: the SDK's `createMcpHandler` with one tool that does the floor's job, and nothing else. No token, no limit, no preview, no archive, nothing checked.
 */

const upstream = process.env.GOOGLE_GEMINI_BASE_URL ?? '';
const key = process.env.GEMINI_API_KEY ?? '';
const folder = process.env.OUTPUT_DIR ?? process.cwd();

const answer = z.object({
  candidates: z.array(
    z.object({ content: z.object({ parts: z.array(z.object({ inlineData: z.object({ data: z.string() }).optional() })) }) }),
  ),
});

async function generate(prompt: string): Promise<string> {
  const response = await fetch(`${upstream}/v1beta/models/gemini-3.1-flash-image:generateContent`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-goog-api-key': key },
    body: JSON.stringify({ contents: [{ role: 'user', parts: [{ text: prompt }] }] }),
  });
  if (!response.ok) throw new Error(`the model answered ${response.status}`);
  const parts = answer.parse(await response.json()).candidates.flatMap(({ content }) => content.parts);
  const data = parts.find(({ inlineData }) => inlineData)?.inlineData?.data;
  if (data === undefined) throw new Error('the model sent no picture');
  const path = join(folder, `${randomUUID()}.jpg`);
  await writeFile(path, Buffer.from(data, 'base64'));
  return path;
}

function createBare(): McpServer {
  const server = new McpServer({ name: 'bare', version: '1.0.0' });
  const tool = {
    description: 'Make a picture from words. Saves the file and returns its path.',
    inputSchema: z.object({ prompt: z.string() }),
  };
  server.registerTool('generate_image', tool, async ({ prompt }) => ({
    content: [{ type: 'text', text: `Saved to ${await generate(prompt)}` }],
  }));
  return server;
}

const handler = toNodeHandler(createMcpHandler(createBare));
const server = createServer((request, response) => {
  const { method = 'GET', url = '/', headers } = request;
  void handler({ method, url, headers: { ...headers }, [Symbol.asyncIterator]: () => request[Symbol.asyncIterator]() }, response);
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address) process.stdout.write(`http://127.0.0.1:${address.port}/mcp\n`);
});
