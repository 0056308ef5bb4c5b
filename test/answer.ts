import { z } from 'zod';

const file = z.object({
  id: z.string(),
  path: z.string(),
  width: z.number(),
  height: z.number(),
  format: z.string(),
  mediaType: z.string(),
  bytes: z.number(),
  sha256: z.string(),
  alt: z.string().nullable(),
  original: z.string().nullable(),
  differences: z.array(z.string()),
  background: z.enum(['auto', 'transparent']),
  alpha: z
    .looseObject({
      method: z.string(),
      ground: z.string(),
      coverage: z.number(),
      soft: z.number(),
      disagreement: z.number(),
      fringe: z.number(),
    })
    .optional(),
  region: z.looseObject({ shift: z.number(), scale: z.number(), taken: z.number() }).optional(),
  // Of a caller on another computer.
  uri: z.string().optional(),
  url: z.string().nullable().optional(),
});

export const facts = z.object({
  call: z.string(),
  tool: z.string(),
  asked: z.object({
    aspectRatio: z.string().nullable(),
    resolution: z.string(),
    format: z.string().nullable(),
    width: z.number().nullable(),
    height: z.number().nullable(),
    background: z.enum(['auto', 'transparent']),
    maxKb: z.number().nullable(),
    region: z.string().nullable(),
  }),
  backend: z.string(),
  model: z.string(),
  images: z.array(file),
  parents: z.array(z.object({ id: z.string().nullable(), path: z.string() })),
  cost: z.object({ dollars: z.number().nullable(), estimated: z.boolean(), today: z.number() }),
  late: z.object({ sentAt: z.string(), paidThen: z.number().nullable() }).nullable(),
  history: z.object({ after: z.string(), turns: z.number(), length: z.number(), pictures: z.number() }).nullable(),
  unclaimed: z.array(z.object({ call: z.string(), paths: z.array(z.string()) })),
  failures: z.array(z.object({ variation: z.number(), message: z.string() })),
  warnings: z.array(z.string()),
  text: z.string(),
  sources: z.array(z.object({ title: z.string(), url: z.string() })),
  searches: z.number(),
});

export const forecast = z.object({
  tool: z.string(),
  backend: z.string(),
  model: z.string(),
  requests: z.number(),
  aspectRatio: z.string(),
  cropTo: z.string().nullable(),
  alt: z.string().nullable(),
  resolution: z.string(),
  webSearch: z.boolean(),
  inputs: z.array(z.object({ label: z.string(), path: z.string(), id: z.string().nullable() })),
  history: facts.shape.history,
  output: z.looseObject({ folder: z.string(), stem: z.string() }),
  cost: z.object({ dollars: z.number().nullable(), atMost: z.number().nullable() }),
  today: z.looseObject({ dollars: z.number(), unknown: z.number() }),
  overBudget: z.string().nullable(),
  warnings: z.array(z.string()),
});

const exported = z.object({
  folder: z.string(),
  files: z.array(
    z.object({
      path: z.string(),
      bytes: z.number(),
      width: z.number().nullable(),
      height: z.number().nullable(),
      format: z.string().nullable(),
      mediaType: z.string(),
      alt: z.string().nullable(),
      differences: z.array(z.string()),
      replaced: z.string().nullable(),
    }),
  ),
  sources: z.array(z.object({ path: z.string(), id: z.string().optional() })),
  markup: z.array(z.object({ language: z.string(), text: z.string() })),
  notes: z.array(z.string()),
  warnings: z.array(z.string()),
  cost: z.object({ dollars: z.literal(0) }),
});

const failure = z.object({ error: z.object({ code: z.string(), retryAfterSeconds: z.number().optional() }) });

const block = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({ type: z.literal('image'), data: z.string(), mimeType: z.string() }),
  z.object({
    type: z.literal('resource_link'),
    uri: z.string(),
    name: z.string(),
    annotations: z.object({ audience: z.array(z.string()) }),
  }),
]);

const result = z.object({
  isError: z.boolean().optional(),
  content: z.array(block),
  _meta: z.union([
    z.looseObject({ 'limner/result': z.union([facts, failure]) }),
    z.looseObject({ 'limner/plan': forecast }),
    z.looseObject({ 'limner/export': exported }),
  ]),
  structuredContent: z.never().optional(),
});

type Forecast = z.infer<typeof forecast>;
type Facts = z.infer<typeof facts>;
type SavedFile = z.infer<typeof file>;

/** A tool's result as a test reads it. */
export interface Answer {
  isError: boolean;
  text: string;
  blocks: readonly string[];
  previews: readonly { bytes: Buffer; mimeType: string }[];
  links: readonly { uri: string; audience: readonly string[] }[];
  /** Of a success; throws for an error, with its text. */
  readonly facts: Facts;
  /** Of a dry run; throws for anything else, with its text. */
  readonly plan: Forecast;
  /** Of an export; throws for anything else, with its text. */
  readonly exported: z.infer<typeof exported>;
  /** The first file; throws for an error. */
  readonly file: SavedFile;
  /** Of an error; throws for a success. */
  readonly code: string;
  retryAfterSeconds: number | undefined;
  /** Length of the whole result as JSON. */
  length: number;
}

/** Checks a result's form, strictly, and makes it readable. */
export function toAnswer(raw: unknown): Answer {
  const { content, isError = false, _meta } = result.parse(raw);
  const meta = 'limner/result' in _meta ? result.shape._meta.options[0].parse(_meta)['limner/result'] : undefined;
  const text = content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('');
  const error = meta && 'error' in meta ? meta.error : undefined;
  const success = () => {
    if (meta === undefined) throw new Error(`the call made no picture: ${text}`);
    if ('error' in meta) throw new Error(`the call failed: ${text}`);
    return meta;
  };
  return {
    isError,
    text,
    blocks: content.map((part) => part.type),
    previews: content.flatMap((part) =>
      part.type === 'image' ? [{ bytes: Buffer.from(part.data, 'base64'), mimeType: part.mimeType }] : [],
    ),
    links: content.flatMap((part) => (part.type === 'resource_link' ? [{ uri: part.uri, audience: part.annotations.audience }] : [])),
    get facts() {
      return success();
    },
    get plan() {
      if (!('limner/plan' in _meta)) throw new Error(`the call was no dry run: ${text}`);
      return forecast.parse(_meta['limner/plan']);
    },
    get exported() {
      if (!('limner/export' in _meta)) throw new Error(`the call was no export: ${text}`);
      return exported.parse(_meta['limner/export']);
    },
    get file() {
      const [first] = success().images;
      if (first === undefined) throw new Error('the result names no file');
      return first;
    },
    get code() {
      if (error === undefined) throw new Error(`the call succeeded: ${text}`);
      return error.code;
    },
    retryAfterSeconds: error?.retryAfterSeconds,
    length: JSON.stringify(raw).length,
  };
}
