import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import { ToolError } from '../errors.ts';
import type { ImageModel, ImageRequest, ImageResponse, ModelCall, RequestImage } from './image-model.ts';
import { drawStandin } from './standin-drawing.ts';

const defaultSlowSeconds = 20;
const maxSlowSeconds = 600;
const quotaRetrySeconds = 34;

/** The words that command the stand-in, written `standin:WORD` anywhere in a prompt, and what each does. */
export const standinWords = {
  alpha: 'a PNG with a transparent ground instead of a JPEG',
  slow: `waits ${defaultSlowSeconds} seconds first; \`standin:slow=3\` waits 3, at most ${maxSlowSeconds}`,
  half: 'refuses every second variation, as a partly failed call',
  blocked: 'refuses, as for a prompt Google finds unsafe',
  'no-image': 'answers without an image',
  quota: `fails as with too many requests, to be tried again after ${quotaRetrySeconds} seconds`,
  billing: 'fails as without billing',
  overloaded: 'fails as when Google is overloaded',
} as const satisfies Readonly<Record<string, string>>;

type Word = keyof typeof standinWords;

/** What a prompt says: the words to letter, the commands among them, and how long `slow` is to wait. */
interface Command {
  words: string;
  commands: ReadonlySet<Word>;
  slowSeconds: number;
}

/**
 * The offline stand-in: an upstream that needs no key and no network, and draws clearly labelled pictures instead of having any made.
 * The same request gives the same bytes. Words in the prompt make it fail or wait like the real thing: see `standinWords`.
 */
export function createStandin(): ImageModel {
  return { backend: 'standin', generate };
}

let lastDrawing: Promise<unknown> = Promise.resolve();

/** One drawing after another: side by side, eight at 4K would take a gigabyte. */
function inTurn<T>(draw: () => Promise<T>): Promise<T> {
  const drawing = lastDrawing.then(draw);
  lastDrawing = drawing.catch(() => undefined);
  return drawing;
}

async function generate(request: ImageRequest, call: ModelCall): Promise<ImageResponse> {
  if (call.cancelled.aborted) throw new ToolError('cancelled', 'Cancelled before the stand-in drew anything.');
  const sent = await call.beforeSending();
  const asked = toFirstShot(request);
  const image = await draw(asked, call).catch(async (error) => {
    await sent.failed(false);
    throw error;
  });
  return {
    images: [image],
    text: 'Stand-in drawing: no image model was called.',
    sources: request.webSearch ? [{ title: 'Stand-in source', url: 'https://example.com/' }] : [],
    searches: request.webSearch ? 1 : 0,
    usage: { input: 0, image: 0, text: 0 },
    exchange: {
      sent: { role: 'user', parts: [{ text: request.prompt }, ...(asked.ground === undefined ? [] : asked.images.flatMap(toDrawnPart))] },
      received: { role: 'model', parts: [{ inlineData: { data: image } }] },
    },
    warnings: [],
  };
}

const labelled = z.object({ text: z.string() });
const shown = z.object({ inlineData: z.object({ mimeType: z.string(), data: z.string() }) });

function toDrawnPart({ label, bytes, mediaType }: RequestImage) {
  return [{ text: label }, { inlineData: { mimeType: mediaType, data: Buffer.from(bytes).toString('base64') } }];
}

/** The second shot of a picture is the first one's drawing on another ground: what was sent for that is drawn again. */
function toFirstShot(request: ImageRequest): ImageRequest {
  const images = [...lastPicture(request), ...request.images];
  const { history: _conversation, ...rest } = request;
  const [first] = request.ground === secondGround ? (request.history?.turns ?? []) : [];
  if (first === undefined) return { ...rest, images };
  const [prompt, ...parts] = first.parts.map((part) => labelled.safeParse(part).data?.text ?? shown.safeParse(part).data?.inlineData);
  const drawn = parts.flatMap((part, index): RequestImage[] => {
    const label = parts[index - 1];
    if (typeof part !== 'object' || typeof label !== 'string') return [];
    return [{ label, bytes: Buffer.from(part.data, 'base64'), mediaType: part.mimeType }];
  });
  return { ...rest, prompt: typeof prompt === 'string' ? prompt : request.prompt, images: drawn };
}

/** What limner asks the second of two shots to be painted on. */
const secondGround = '#000000';

async function draw(request: ImageRequest, call: ModelCall): Promise<Uint8Array> {
  const { words, commands, slowSeconds } = readCommands(request.prompt);
  if (commands.has('slow')) await waitOnPurpose(slowSeconds, call);
  if (call.deadline.aborted) throw createTimeout();
  failOnPurpose(commands, request.variation);
  const image = await inTurn(() => drawStandin(request, words, commands.has('alpha')));
  if (call.deadline.aborted) throw createTimeout();
  return image;
}

const drawnTurn = z.object({ parts: z.tuple([z.object({ inlineData: z.object({ data: z.string() }) })]) });

/** Of a conversation the stand-in knows only the picture it ended with. */
function lastPicture({ history }: ImageRequest): RequestImage[] {
  const last = drawnTurn.safeParse(history?.turns.at(-1)).data;
  if (history === undefined || last === undefined) return [];
  return [{ label: history.label, bytes: Buffer.from(last.parts[0].inlineData.data, 'base64'), mediaType: 'image/jpeg' }];
}

/** Throws `invalid_argument` for a `standin:` word that is none, so that a typo never passes as a successful test. */
function readCommands(prompt: string): Command {
  const commands = new Set<Word>();
  let slowSeconds = defaultSlowSeconds;
  const words = prompt.replace(/\bstandin:([\w-]+)(?:=([\w.-]+))?/gi, (_, name: string, value: string | undefined) => {
    const word = toWord(name);
    commands.add(word);
    if (value !== undefined) slowSeconds = toSeconds(word, value);
    return '';
  });
  return { words: words.replace(/\s+/g, ' ').trim(), commands, slowSeconds };
}

function toWord(name: string): Word {
  const word = listWords().find((known) => known === name.toLowerCase());
  if (word) return word;
  const known = listWords().map((each) => `standin:${each}`);
  throw new ToolError(
    'invalid_argument',
    `The stand-in does not know standin:${name.slice(0, 40)}. It knows ${known.join(', ')}; leave the word out for a plain drawing.`,
  );
}

function listWords(): Word[] {
  // Object.keys forgets the names of the keys, which `in` brings back.
  return Object.keys(standinWords).filter((name): name is Word => name in standinWords);
}

function toSeconds(word: Word, value: string): number {
  const seconds = Number(value.replace(/\.$/, ''));
  if (word === 'slow' && seconds >= 0) return Math.min(seconds, maxSlowSeconds);
  throw new ToolError(
    'invalid_argument',
    `standin:${word}=${value.slice(0, 40)} makes no sense to the stand-in: only slow takes a value, in seconds, as in standin:slow=3.`,
  );
}

async function waitOnPurpose(seconds: number, call: ModelCall): Promise<void> {
  call.onWait('stand-in is slow on purpose');
  // Not stopped by `cancelled`: a request that was sent is left to finish.
  await setTimeout(seconds * 1000, undefined, { signal: call.deadline }).catch((cause: unknown) => {
    throw createTimeout(cause);
  });
}

function createTimeout(cause?: unknown): ToolError {
  const message =
    'The stand-in was not done when the time for the call was over. Allow more time, or remove standin:slow if the prompt says so.';
  return new ToolError('timeout', message, { cause });
}

function failOnPurpose(commands: ReadonlySet<Word>, variation: number): void {
  const because = (word: Word, meaning: string) => `The stand-in does this because the prompt says standin:${word}. ${meaning}`;
  if (commands.has('blocked')) {
    throw new ToolError(
      'refused',
      because('blocked', 'From Google it would mean that the prompt or the picture was found unsafe: reword it. Here: remove the word.'),
    );
  }
  if (commands.has('half') && variation % 2 === 0) {
    throw new ToolError(
      'refused',
      because(
        'half',
        `It refuses even variations, this one being number ${variation}. From Google it would mean that only this one was found unsafe: use the others, or reword. Here: remove the word.`,
      ),
    );
  }
  if (commands.has('no-image')) {
    throw new ToolError(
      'no_image',
      because('no-image', 'From Google it would mean an answer in words only: ask plainly for a picture. Here: remove the word.'),
    );
  }
  if (commands.has('quota')) {
    const message = because(
      'quota',
      `From Google it would mean too many requests: try again after ${quotaRetrySeconds} seconds. Here: remove the word, waiting does not help.`,
    );
    throw new ToolError('quota', message, { retryAfterSeconds: quotaRetrySeconds });
  }
  if (commands.has('billing')) {
    throw new ToolError(
      'billing',
      because(
        'billing',
        "From Google it would mean that the key's project has no billing, which only its owner can switch on. Here: remove the word.",
      ),
    );
  }
  if (commands.has('overloaded')) {
    throw new ToolError(
      'overloaded',
      because('overloaded', 'From Google it would mean that the service is busy: try again in a minute or two. Here: remove the word.'),
    );
  }
}
