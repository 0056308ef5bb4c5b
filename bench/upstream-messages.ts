import { z } from 'zod';

/** What the parent says. */
export const order = z.object({
  picture: z.object({ path: z.string(), mediaType: z.string() }),
  /** Milliseconds from the whole request to the first byte of the answer. */
  latency: z.number(),
  /** Characters of thought signature beside the picture, as Gemini 3 sends a million or more of them; 0 for none. */
  signature: z.number(),
});

export type Order = z.infer<typeof order>;

/** What the parent hears: the port once; that an order is carried out; how long a request waited, in milliseconds. */
export const news = z.union([z.object({ port: z.number() }), z.object({ ready: z.literal(true) }), z.object({ waited: z.number() })]);

export type News = z.infer<typeof news>;
