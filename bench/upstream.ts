import { readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { type News, order } from './upstream-messages.ts';

/*
 * The upstream, a process of its own so that what it does is nobody's cost: it answers every generateContent with the picture it was last told to
 * serve, after a fixed wait, and tells its parent how long that wait really was.
 */

run();

function run(): void {
  let body: Buffer = Buffer.alloc(0);
  let latency = 0;
  const tell = (news: News) => void process.send?.(news);
  process.on('message', (message) => {
    const { picture, signature, ...rest } = order.parse(message);
    body = toBody(readFileSync(picture.path), picture.mediaType, signature);
    latency = rest.latency;
    tell({ ready: true });
  });
  process.on('disconnect', () => process.exit());
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      const asked = performance.now();
      setTimeout(() => {
        tell({ waited: performance.now() - asked });
        reply(response, body);
      }, latency);
    });
  });
  // Node's five seconds would close a connection that a server keeps open between two rounds.
  server.keepAliveTimeout = 120_000;
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    if (typeof address === 'object' && address) tell({ port: address.port });
  });
}

function reply(response: ServerResponse, body: Buffer): void {
  response.writeHead(200, { 'content-type': 'application/json; charset=UTF-8', 'content-length': body.length });
  response.end(body);
}

/** The answer as Gemini wraps it, indented as Gemini indents it. */
function toBody(bytes: Buffer, mimeType: string, signature: number): Buffer {
  const inlineData = { mimeType, data: bytes.toString('base64') };
  const part = { inlineData, ...(signature > 0 && { thoughtSignature: 'c2lnbmF0dXJl'.repeat(Math.ceil(signature / 12)) }) };
  const answer = {
    candidates: [{ content: { parts: [part], role: 'model' }, finishReason: 'STOP', index: 0 }],
    usageMetadata: {
      promptTokenCount: 12,
      candidatesTokenCount: 1283,
      totalTokenCount: 1295,
      candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 1120 }],
    },
    modelVersion: 'gemini-3.1-flash-image',
    responseId: 'limner-bench',
  };
  return Buffer.from(JSON.stringify(answer, null, 2));
}
