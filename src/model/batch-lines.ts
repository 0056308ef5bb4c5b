import { z } from 'zod';
import { ToolError } from '../errors.ts';
import type { Redactor } from '../redactor.ts';
import { type Answer, toEmptyAnswer, toResponse } from './gemini-answer.ts';
import { keyInRequest, toGeminiRequest, toWords } from './gemini-request.ts';
import type { ImageRequest, ImageResponse, Turn } from './image-model.ts';
import { scanForPictures } from './picture-scan.ts';
import { redactAnswer } from './redact-answer.ts';
import { toRefusal } from './refusals.ts';
import { fail, type RequestFailure } from './request-failure.ts';
import { createSetAside, type SetAside } from './set-aside.ts';

/** One request as a line of the file a batch is made from, without a line break. Throws `invalid_argument` when it holds the key. */
export function toBatchLine(key: string, request: ImageRequest, nudge: boolean, redactor: Redactor): string {
  const { contents, config } = toGeminiRequest(request, nudge);
  if (redactor.finds(toWords(contents))) throw new ToolError('invalid_argument', keyInRequest);
  const { responseModalities, imageConfig, tools } = config;
  return JSON.stringify({ key, request: { contents, generationConfig: { responseModalities, imageConfig }, ...(tools && { tools }) } });
}

const sentLine = z.object({
  request: z.object({ contents: z.array(z.object({ parts: z.array(z.looseObject({})) })) }),
});
const withData = z.looseObject({ inlineData: z.looseObject({ data: z.string() }) });

/** The last turn of such a line, as it is kept: pictures as bytes. */
export function toSentTurn(line: string): Turn {
  const { contents } = sentLine.parse(JSON.parse(line)).request;
  const parts = (contents.at(-1)?.parts ?? []).map((part) => {
    const { data } = withData.safeParse(part);
    return data ? { ...part, inlineData: { ...data.inlineData, data: new Uint8Array(Buffer.from(data.inlineData.data, 'base64')) } } : part;
  });
  return { role: 'user', parts };
}

/** What became of one request of a batch. */
export interface BatchResult {
  key: string;
  outcome: { read(sent: Turn): ImageResponse } | { failure: RequestFailure };
}

/** Longest line that is read, in bytes: a 4K picture with its signatures takes about 40 MB. */
const maxLineBytes = 150_000_000;

const newline = 0x0a;

/**
 * Reads the results of a batch line by line while they arrive; one line is held at a time, its pictures as bytes, and only of what `isWanted`. Lines that are none are
 * passed over: whatever has no result is asked for again.
 */
export async function* readBatchResults(
  body: AsyncIterable<Uint8Array>,
  redactor: Redactor,
  isWanted: (key: string) => boolean,
): AsyncGenerator<BatchResult> {
  let line = startLine(redactor);
  for await (const piece of body) {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    for (let at = 0; at < bytes.length; ) {
      const end = bytes.indexOf(newline, at);
      line.push(bytes.subarray(at, end < 0 ? bytes.length : end));
      at = end < 0 ? bytes.length : end + 1;
      if (end < 0) continue;
      const result = await line.end(isWanted);
      if (result) yield result;
      line = startLine(redactor);
    }
  }
  const last = await line.end(isWanted);
  if (last) yield last;
}

function startLine(redactor: Redactor) {
  const pictures = createSetAside(redactor);
  const rest: Uint8Array[] = [];
  const scan = scanForPictures(pictures, (bytes) => rest.push(bytes), 'line');
  let length = 0;
  return {
    push(bytes: Buffer): void {
      length += bytes.length;
      // What was handed on may be a view of what the stream uses again.
      if (length <= maxLineBytes) scan.push(Buffer.from(bytes));
    },
    async end(isWanted: (key: string) => boolean): Promise<BatchResult | undefined> {
      scan.end();
      const text = length > maxLineBytes ? '' : Buffer.concat(rest).toString('utf8').trim();
      return text === '' ? undefined : readLine(text, pictures, redactor, isWanted);
    },
  };
}

const isObject = (value: unknown) => typeof value === 'object' && value !== null;
const keyed = z.object({ key: z.string() });
const keyedBeside = z.object({ metadata: keyed });
const resultLine = z.object({
  response: z.custom<Answer>(isObject).optional(),
  error: z.looseObject({ code: z.number().default(13), message: z.string().default(''), status: z.string().optional() }).optional(),
});

async function readLine(
  text: string,
  pictures: SetAside,
  redactor: Redactor,
  isWanted: (key: string) => boolean,
): Promise<BatchResult | undefined> {
  const json = parse(text);
  const key = keyed.safeParse(json).data?.key ?? keyedBeside.safeParse(json).data?.metadata.key;
  if (key === undefined || !isWanted(key)) return undefined;
  const { response, error } = resultLine.safeParse(json).data ?? {};
  if (error) return { key, outcome: { failure: toItemFailure(error.code) } };
  if (response === undefined) return { key, outcome: { failure: toItemFailure(13) } };
  await redactAnswer(response, redactor);
  const read = toResponse(response, { role: 'user', parts: [] }, pictures);
  if (read.images.length > 0)
    return { key, outcome: { read: (sent) => ({ ...read, exchange: { sent, received: read.exchange.received } }) } };
  const failure = toRefusal(toEmptyAnswer(response, read.text, toBody(response)));
  return { key, outcome: { failure: failure.error.code === 'refused' || !read.usage ? failure : { ...failure, usage: read.usage } } };
}

/** Without a picture an answer is short: Google's own words are read from it. */
function toBody(response: Answer): string {
  return JSON.stringify({ candidates: response.candidates });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What Google says of a single request, by the numbers of its statuses (google.rpc.Code). It bills none of these. */
function toItemFailure(code: number): RequestFailure {
  if (code === 3 || code === 9 || code === 5 || code === 400 || code === 404)
    return fail('upstream_fault', 'Google refused this request as invalid; nothing was billed. A picture it cannot read can be the cause.');
  if (code === 7 || code === 16 || code === 403) return fail('permission', 'Google does not let this key make this request.');
  return fail('overloaded', `Google did not get to this request (${toCodeName(code)}); nothing was billed.`, { maxRequests: 3 });
}

const codeNames: Record<number, string> = {
  1: 'cancelled',
  2: 'unknown error',
  4: 'too late',
  8: 'quota',
  10: 'aborted',
  13: 'internal error',
  14: 'overloaded',
};

function toCodeName(code: number): string {
  return codeNames[code] ?? String(code);
}

/** What became of a request Google's results say nothing of: its batch failed, expired, was cancelled, or passed over it. */
export function toMissingFailure(why: string): RequestFailure {
  return fail('overloaded', `${why}; nothing was billed.`, { maxRequests: 3 });
}
