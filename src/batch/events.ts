import { z } from 'zod';

const chunk = z.int().positive();
const key = z.string().regex(/^\d+-\d+$/);
const stamp = { at: z.iso.datetime() };

/** What happens to a batch, a line of its journal each. What is missing tells what was cut off. */
const batchEvent = z.discriminatedUnion('event', [
  /** These units make up a chunk; written before any of them is entered in the ledger. */
  z.object({ ...stamp, event: z.literal('planned'), chunk, model: z.string(), day: z.string(), units: z.array(key) }),
  /** The chunk is about to be sent, now. */
  z.object({ ...stamp, event: z.literal('sending'), chunk }),
  /** Google has it, under this name. */
  z.object({ ...stamp, event: z.literal('created'), chunk, name: z.string() }),
  /** It was not sent and will not be: its units wait again. */
  z.object({ ...stamp, event: z.literal('dropped'), chunk, why: z.string() }),
  /** What became of one unit of a chunk. */
  z.object({
    ...stamp,
    event: z.literal('unit'),
    chunk,
    key,
    state: z.enum(['saved', 'failed', 'again']),
    image: z.string().optional(),
    path: z.string().optional(),
    message: z.string().optional(),
    dollars: z.number().optional(),
    nudge: z.literal(true).optional(),
  }),
  /** All units of the chunk are told of. */
  z.object({ ...stamp, event: z.literal('collected'), chunk }),
  /** A unit that cannot be asked for. */
  z.object({ ...stamp, event: z.literal('unsendable'), key, message: z.string() }),
  /** Nothing more is to be sent. */
  z.object({ ...stamp, event: z.literal('cancelled') }),
  /** Where the index is. */
  z.object({ ...stamp, event: z.literal('index'), json: z.string(), html: z.string() }),
]);

export type BatchEvent = z.infer<typeof batchEvent>;
type Without<T> = T extends unknown ? Omit<T, 'at'> : never;
export type NewEvent = Without<BatchEvent>;

/** The event of a line, or undefined for one that is damaged. */
export function parseEvent(text: string): BatchEvent | undefined {
  try {
    return batchEvent.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** One request of a batch, and what it stands at. */
interface UnitState {
  /** `waiting` until it is part of a chunk, `sent` until its chunk is collected. */
  state: 'waiting' | 'sent' | 'saved' | 'failed';
  /** Answers it had that were none. */
  attempts: number;
  nudge: boolean;
  /** The chunk it was last a part of. */
  chunk: number;
  image?: string;
  path?: string;
  message?: string;
  dollars: number;
}

export interface ChunkState {
  chunk: number;
  model: string;
  day: string;
  units: readonly string[];
  /** `planned` until Google has it; `unclear` while nobody knows whether it has. */
  state: 'planned' | 'unclear' | 'created' | 'collected' | 'dropped';
  name?: string;
  /** When it was last about to be sent, milliseconds since 1970. */
  sendingAt: number;
}

/** All of a batch. */
export interface BatchState {
  units: Map<string, UnitState>;
  chunks: Map<number, ChunkState>;
  isCancelled: boolean;
  index?: { json: string; html: string };
}

export function startState(keys: Iterable<string>): BatchState {
  const units = [...keys].map((each) => [each, { state: 'waiting', attempts: 0, nudge: false, chunk: 0, dollars: 0 }] as const);
  return { units: new Map(units), chunks: new Map(), isCancelled: false };
}

/** Goes on with an event; told twice, it is as told once. */
export function enterEvent(state: BatchState, event: BatchEvent): void {
  if (event.event === 'cancelled') state.isCancelled = true;
  else if (event.event === 'index') state.index = { json: event.json, html: event.html };
  else if (event.event === 'unsendable') change(state, event.key, { state: 'failed', message: event.message });
  else if (event.event === 'planned') {
    const { model, day, units } = event;
    state.chunks.set(event.chunk, { chunk: event.chunk, model, day, units, state: 'planned', sendingAt: 0 });
    for (const each of units) change(state, each, { state: 'sent', chunk: event.chunk });
  } else enterChunkEvent(state, event);
}

function enterChunkEvent(state: BatchState, event: Extract<BatchEvent, { chunk: number }>): void {
  const known = state.chunks.get(event.chunk);
  if (known === undefined) return;
  if (event.event === 'sending') state.chunks.set(event.chunk, { ...known, state: 'unclear', sendingAt: Date.parse(event.at) });
  if (event.event === 'created') state.chunks.set(event.chunk, { ...known, state: 'created', name: event.name });
  if (event.event === 'collected') state.chunks.set(event.chunk, { ...known, state: 'collected' });
  if (event.event === 'dropped') {
    state.chunks.set(event.chunk, { ...known, state: 'dropped' });
    for (const each of known.units) if (isIn(state, each, event.chunk)) change(state, each, { state: 'waiting' });
  }
  if (event.event === 'unit') enterUnit(state, event);
}

function enterUnit(state: BatchState, event: Extract<BatchEvent, { event: 'unit' }>): void {
  const { key: each, image, path, message, dollars = 0, nudge } = event;
  const before = state.units.get(each);
  if (before === undefined || !isIn(state, each, event.chunk)) return;
  if (event.state === 'again') {
    change(state, each, {
      state: 'waiting',
      attempts: before.attempts + 1,
      nudge: before.nudge || nudge === true,
      dollars: before.dollars + dollars,
      ...(message !== undefined && { message }),
    });
  } else {
    const told = { ...(image !== undefined && { image }), ...(path !== undefined && { path }), ...(message !== undefined && { message }) };
    change(state, each, { state: event.state, dollars: before.dollars + dollars, ...told });
  }
}

/** Whether it is this chunk that says what becomes of a unit. */
export function isIn(state: BatchState, each: string, chunkNumber: number): boolean {
  const unit = state.units.get(each);
  return unit?.state === 'sent' && unit.chunk === chunkNumber;
}

function change(state: BatchState, each: string, changes: Partial<UnitState>): void {
  const before = state.units.get(each);
  if (before) state.units.set(each, { ...before, ...changes });
}
