import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

/*
 * The floor: an MCP server for the same job as one would write it by hand, in one file, with nothing but Node. It reads the answer of the
 * model whole, decodes the picture, writes the file and says where it is. No preview, no archive, no check of what came. What any server
 * takes beyond this is what it costs.
 */

const upstream = process.env.GOOGLE_GEMINI_BASE_URL ?? 'https://generativelanguage.googleapis.com';
const key = process.env.GEMINI_API_KEY ?? '';
const folder = process.env.OUTPUT_DIR ?? process.cwd();
const model = 'gemini-3.1-flash-image';

const tool = {
  name: 'generate_image',
  description: 'Make a picture from words. Saves the file and returns its path.',
  inputSchema: {
    type: 'object',
    properties: { prompt: { type: 'string' }, resolution: { type: 'string', enum: ['1K', '2K', '4K'] } },
    required: ['prompt'],
  },
};

function send(message: object): void {
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
}

async function generate(prompt: string, resolution = '1K'): Promise<string> {
  const response = await fetch(`${upstream}/v1beta/models/${model}:generateContent`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-goog-api-key': key },
    body: JSON.stringify({
      contents: [{ role: 'user', parts: [{ text: prompt }] }],
      generationConfig: { responseModalities: ['TEXT', 'IMAGE'], imageConfig: { imageSize: resolution } },
    }),
  });
  if (!response.ok) throw new Error(`the model answered ${response.status}`);
  const answer = JSON.parse(await response.text());
  for (const { inlineData } of answer.candidates?.[0]?.content?.parts ?? []) {
    if (inlineData === undefined) continue;
    const path = resolve(join(folder, `${randomUUID()}.${inlineData.mimeType === 'image/png' ? 'png' : 'jpg'}`));
    await writeFile(path, Buffer.from(inlineData.data, 'base64'));
    return path;
  }
  throw new Error('the model sent no picture');
}

async function call(params: { name?: string; arguments?: { prompt?: unknown; resolution?: string } } = {}): Promise<object> {
  const { prompt, resolution } = params.arguments ?? {};
  if (params.name !== tool.name || typeof prompt !== 'string') {
    return { content: [{ type: 'text', text: 'Expected generate_image with a prompt.' }], isError: true };
  }
  try {
    return { content: [{ type: 'text', text: `Saved to ${await generate(prompt, resolution)}` }] };
  } catch (error) {
    return { content: [{ type: 'text', text: String(error) }], isError: true };
  }
}

async function answer(line: string): Promise<void> {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  if (method === 'initialize') {
    const serverInfo = { name: 'floor', version: '1.0.0' };
    send({ id, result: { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo } });
  } else if (method === 'ping') send({ id, result: {} });
  else if (method === 'tools/list') send({ id, result: { tools: [tool] } });
  else if (method === 'tools/call') send({ id, result: await call(params) });
  else send({ id, error: { code: -32601, message: `Unknown method ${method}` } });
}

createInterface({ input: process.stdin }).on('line', (line) => {
  answer(line).catch(() => send({ id: null, error: { code: -32700, message: 'Expected a JSON-RPC message.' } }));
});
