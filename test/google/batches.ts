import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import type { Answer } from './answer.ts';
import { bodyTooLarge, exhausted, invalid, modelUnknown, notFound, type Problem, toReply } from './errors.ts';
import { type FileStore, storeFile } from './file-store.ts';
import { findModel } from './models.ts';
import { picture } from './picture.ts';
import { jsonReply, type Reply } from './reply.ts';
import { type GoogleRequest, readBody, summarise } from './request.ts';
import { toProblem } from './schema.ts';
import { findProblem, maxBodyBytes } from './validate.ts';

type State = 'PENDING' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED' | 'EXPIRED';

/** What becomes of one request: an answer, an error of google.rpc.Code, or no word of it. */
export type ItemFate = Answer | { code: number } | 'missing';

/** What becomes of a batch. */
interface BatchFate {
  state: 'SUCCEEDED' | 'FAILED' | 'EXPIRED';
  /** How often it is asked for before it is over. */
  looks?: number;
  item?: (key: string, request: GoogleRequest) => ItemFate;
}

/** A batch at Google's. */
interface StoredBatch {
  name: string;
  displayName: string;
  model: string;
  requests: { key: string; request: GoogleRequest }[];
  inputFile: string | undefined;
  state: State;
  looks: number;
  lists: number;
  fate: BatchFate;
  resultsFile?: string;
  inlined?: unknown[];
}

/** Every batch there is, what was billed, and how the test bends it. */
export interface BatchDouble {
  batches: StoredBatch[];
  /** One entry a billed answer, in US dollars, at half the price. */
  bill: { batch: string; key: string; dollars: number }[];
  /** What becomes of a batch; asked when it is created. */
  decide: (batch: Pick<StoredBatch, 'displayName' | 'requests'>) => BatchFate;
  /** How many lists a new batch is missing from. */
  lag: number;
  /** Whether states are `BATCH_STATE_…` and results in `response`, or `JOB_STATE_…` and in `metadata.output`. */
  spelling: 'docs' | 'sdk';
  /** Batches that may be under way at once. */
  most: number;
  /** Tokens of one answer are billed by these, US dollars a million. */
  prices: { input: number; image: number; text: number };
}

export function createBatchDouble(): BatchDouble {
  return {
    batches: [],
    bill: [],
    decide: () => ({ state: 'SUCCEEDED' }),
    lag: 0,
    spelling: 'docs',
    most: 100,
    prices: { input: 1.5, image: 30, text: 7.5 },
  };
}

/** The Batch API's answer; undefined for a path it does not have. */
export async function answerBatches(
  double: BatchDouble,
  files: FileStore,
  incoming: IncomingMessage,
  url: URL,
): Promise<Reply | undefined> {
  const { method } = incoming;
  const model = /^\/v1beta\/models\/([^/:]+):batchGenerateContent$/.exec(url.pathname)?.[1];
  if (model !== undefined && method === 'POST') return create(double, files, decodeURIComponent(model), await readAll(incoming));
  if (url.pathname === '/v1beta/batches' && method === 'GET') return list(double, url.searchParams);
  const [, name, verb] = /^\/v1beta\/(batches\/[^/:]+)(:cancel)?$/.exec(url.pathname) ?? [];
  if (name === undefined) return undefined;
  const batch = double.batches.find((each) => each.name === name);
  if (batch === undefined) return toReply(notFound('Requested entity was not found.'));
  if (verb === ':cancel') return method === 'POST' ? cancel(batch) : undefined;
  if (method !== 'GET') return undefined;
  await goOn(double, files, batch);
  return jsonReply(200, toOperation(batch, double));
}

const created = z.strictObject({
  batch: z.strictObject({
    displayName: z.string().min(1),
    inputConfig: z.strictObject({
      fileName: z.string().optional(),
      requests: z
        .strictObject({ requests: z.array(z.strictObject({ request: z.unknown(), metadata: z.strictObject({ key: z.string() }) })) })
        .optional(),
    }),
  }),
});

async function create(double: BatchDouble, files: FileStore, model: string, body: Buffer): Promise<Reply> {
  if (findModel(model) === undefined) return toReply(modelUnknown(model));
  if (body.length > maxBodyBytes) return toReply(bodyTooLarge(maxBodyBytes));
  const { data } = created.safeParse(JSON.parse(body.toString()));
  if (data === undefined) return toReply(invalid('Invalid JSON payload received.'));
  if (double.batches.filter(({ state }) => state === 'PENDING' || state === 'RUNNING').length >= double.most)
    return toReply(exhausted('Too many batches are under way.'));
  const { displayName, inputConfig } = data.batch;
  const lines =
    inputConfig.fileName === undefined
      ? (inputConfig.requests?.requests ?? []).map(({ request, metadata }) => ({ request, key: metadata.key }))
      : readLines(files, inputConfig.fileName);
  if (!Array.isArray(lines)) return toReply(lines);
  const requests: StoredBatch['requests'] = [];
  for (const { key, request: json } of lines) {
    const { body: read, violations } = readBody(json);
    if (violations.length > 0) return toReply(toProblem(violations));
    const fixed = {
      number: requests.length + 1,
      apiVersion: 'v1beta',
      apiKey: undefined,
      at: 0,
      bytes: 0,
      refused: undefined,
      dropped: false,
    };
    const request: GoogleRequest = { ...fixed, ...summarise(read), model, body: json };
    const problem = await findProblem(request, read, []);
    if (problem) return toReply(problem);
    requests.push({ key, request });
  }
  if (requests.length === 0) return toReply(invalid('The batch has no requests.'));
  if (new Set(requests.map(({ key }) => key)).size < requests.length) return toReply(invalid('Duplicate keys.'));
  const fate = double.decide({ displayName, requests });
  const batch: StoredBatch = {
    name: `batches/${randomBytes(12).toString('hex')}`,
    displayName,
    model,
    requests,
    inputFile: inputConfig.fileName,
    state: 'PENDING',
    looks: 0,
    lists: 0,
    fate,
  };
  double.batches.push(batch);
  return jsonReply(200, toOperation(batch, double));
}

function readLines(files: FileStore, name: string): { key: string; request: unknown }[] | Problem {
  const file = files.files.get(name);
  if (file === undefined) return notFound(`File ${name} not found.`);
  if (!/^application\/jsonl?$|^text\/plain$/.test(file.mimeType)) return invalid('Unsupported MIME type of the input file.');
  const lines = file.bytes
    .toString()
    .split('\n')
    .filter((line) => line !== '');
  const parsed = z.array(z.strictObject({ key: z.string(), request: z.unknown() })).safeParse(lines.map((line) => JSON.parse(line)));
  return parsed.success ? parsed.data : invalid('A line of the input file is no request.');
}

function list(double: BatchDouble, query: URLSearchParams): Reply {
  const [from, size] = [Number(query.get('pageToken') ?? '0'), Math.min(Number(query.get('pageSize') ?? '50'), 100)];
  if (from === 0) for (const batch of double.batches) batch.lists += 1;
  const shown = double.batches.filter(({ lists }) => lists > double.lag).reverse();
  const operations = shown.slice(from, from + size).map((batch) => toOperation(batch, double, false));
  return jsonReply(200, {
    ...(operations.length > 0 && { operations }),
    ...(from + size < shown.length && { nextPageToken: String(from + size) }),
  });
}

function cancel(batch: StoredBatch): Reply {
  if (batch.state !== 'PENDING' && batch.state !== 'RUNNING') return toReply(invalid('The batch is over already.'));
  batch.state = 'CANCELLED';
  return jsonReply(200, {});
}

/** Being asked for is what time is to the double. */
async function goOn(double: BatchDouble, files: FileStore, batch: StoredBatch): Promise<void> {
  if (batch.state !== 'PENDING' && batch.state !== 'RUNNING') return;
  batch.looks += 1;
  batch.state = 'RUNNING';
  if (batch.looks <= (batch.fate.looks ?? 0)) return;
  // Nobody is told that it is over before its results are there.
  const { state } = batch.fate;
  const results = state === 'SUCCEEDED' ? await makeResults(double, batch) : undefined;
  if (batch.state !== 'RUNNING') return;
  batch.state = state;
  if (results === undefined) return;
  for (const { dollars, key } of results.flatMap(({ billed }) => billed)) double.bill.push({ batch: batch.name, key, dollars });
  if (batch.inputFile === undefined) batch.inlined = results.map(({ key, said }) => ({ metadata: { key }, ...said }));
  else {
    const bytes = Buffer.from(results.map(({ key, said }) => `${JSON.stringify({ key, ...said })}\n`).join(''));
    batch.resultsFile = storeFile(files, { displayName: '', mimeType: 'application/jsonl', bytes, source: 'GENERATED' }).name;
  }
}

const good = picture({ signatureBytes: 200 });

const answered = z.object({
  candidates: z
    .array(z.object({ finishReason: z.string().optional(), content: z.object({ parts: z.array(z.unknown()).nullish() }).optional() }))
    .optional(),
  usageMetadata: z
    .object({
      promptTokenCount: z.number().default(0),
      candidatesTokenCount: z.number().optional(),
      thoughtsTokenCount: z.number().default(0),
      candidatesTokensDetails: z.array(z.object({ modality: z.string(), tokenCount: z.number() })).default([]),
    })
    .optional(),
});

async function makeResults(double: BatchDouble, batch: StoredBatch) {
  const results: { key: string; said: object; billed: { key: string; dollars: number }[] }[] = [];
  for (const { key, request } of batch.requests) {
    const fate = batch.fate.item?.(key, request) ?? good;
    if (fate === 'missing') continue;
    if (typeof fate !== 'function') {
      results.push({ key, said: { error: { code: fate.code, message: 'Something went wrong.' } }, billed: [] });
      continue;
    }
    const { body } = await fate(request);
    const response: unknown = JSON.parse(String(body));
    const dollars = toDollars(response, double.prices);
    results.push({ key, said: { response }, billed: dollars > 0 ? [{ key, dollars }] : [] });
  }
  return results;
}

/** Half of what the same answer costs at once; what was blocked costs nothing. */
function toDollars(response: unknown, prices: BatchDouble['prices']): number {
  const { candidates = [], usageMetadata: usage } = answered.parse(response);
  const isBlocked =
    candidates.length === 0 || candidates.some(({ finishReason = '' }) => /SAFETY|PROHIBITED|RECITATION/.test(finishReason));
  // What brought nothing at all has no count.
  if (usage?.candidatesTokenCount === undefined || isBlocked) return 0;
  const image = usage.candidatesTokensDetails.find(({ modality }) => modality === 'IMAGE')?.tokenCount ?? 0;
  const text = usage.candidatesTokenCount - image + usage.thoughtsTokenCount;
  return (usage.promptTokenCount * prices.input + image * prices.image + text * prices.text) / 2_000_000;
}

function toOperation(batch: StoredBatch, { spelling }: BatchDouble, isWhole = true): object {
  const { name, displayName, model, state, resultsFile, inlined, inputFile } = batch;
  const output = {
    ...(resultsFile && { responsesFile: resultsFile }),
    ...(inlined && isWhole && { inlinedResponses: { inlinedResponses: inlined } }),
  };
  const hasOutput = Object.keys(output).length > 0;
  return {
    name,
    metadata: {
      '@type': 'type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch',
      model: `models/${model}`,
      displayName,
      state: `${spelling === 'docs' ? 'BATCH' : 'JOB'}_STATE_${state}`,
      name,
      ...(inputFile && { inputConfig: { fileName: inputFile } }),
      ...(hasOutput && spelling === 'sdk' && { output }),
    },
    ...(state !== 'PENDING' && state !== 'RUNNING' && { done: true }),
    ...(hasOutput && spelling === 'docs' && { response: output }),
  };
}

async function readAll(incoming: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of incoming) pieces.push(piece);
  return Buffer.concat(pieces);
}
