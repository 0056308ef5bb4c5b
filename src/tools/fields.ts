import { z } from 'zod';
import { formats, resolutions } from '../media.ts';

/** The longest prompt, in characters. */
const maxPrompt = 16_000;

const path = (meaning: string) => z.string().min(1).max(4096).describe(meaning);

/** A picture argument: a path, an id or `last`. */
export const picture = (meaning: string) => path(`${meaning}: path, id (img_…) or "last".`);

export const prompt = (meaning: string) => z.string().trim().min(1).max(maxPrompt).describe(`${meaning} Up to 16,000 characters.`);

/** Longest edge of a file, in pixels; no format but JPEG and PNG takes more. */
const maxEdge = 16_383;

/** One edge of an exact size. */
export const edge = z.int().min(1).max(maxEdge).optional();

export const maxKb = z.int().min(1).max(100_000).optional().describe('Largest file in kB; lowers quality.');

export const output = (meaning: string) => path(meaning).optional();

export const overwrite = (meaning: string) => z.boolean().optional().describe(meaning);

/** The longest alternative text, in characters: what XMP keeps of it in every format. */
const maxAlt = 2000;

/** What a picture shows, for those who do not see it. */
export const alt = (meaning: string) => z.string().max(maxAlt).optional().describe(meaning);

/** The arguments every paid tool has beside its prompt and pictures. */
export const common = (shape: string, size: string) => ({
  count: z.int().min(1).max(8).optional().describe('Variations, 1 to 8; default 1. Each is paid.'),
  aspect_ratio: z
    .string()
    .regex(/^\d{1,5}(\.\d{1,3})?:\d{1,5}(\.\d{1,3})?$/)
    .optional()
    .describe(`Shape as W:H, such as 16:9; any is possible. ${shape}`),
  resolution: z.enum(resolutions).optional().describe(size),
  width: edge.describe('Exact pixels of the file; one alone keeps the shape.'),
  height: edge.describe('Exact height; with width, overhang is cropped around the subject.'),
  format: z
    .enum(['auto', ...formats])
    .optional()
    .describe("File type; auto (default): output's extension, else as the model made it."),
  background: z
    .enum(['auto', 'transparent'])
    .optional()
    .describe('transparent: real alpha (png, webp, avif); glass, smoke, glow or shadow take two paid requests. Default auto.'),
  max_kb: maxKb,
  alt: alt('Alt text to keep with the picture, up to 2,000 characters; default none.'),
  output: output(
    'File (.jpg .png .webp .avif) or folder ending in /. Relative paths start at the project folder. Default: a name after the prompt, in the output folder.',
  ),
  overwrite: overwrite('Replace the picture at output; default false.'),
  model: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .describe(
      'flash (default); pro: best lettering and detail, 2-4 times the price; lite: fastest, 1K only, no search, same price as flash; or a model id.',
    ),
  web_search: z.boolean().optional().describe('Look up current facts first (weather, news, real places); default false.'),
  dry_run: z.boolean().optional().describe('Only tell price, plan and warnings; nothing is sent or paid. Default false.'),
});

export const singleResolution = '1K (default), 2K or 4K, about 1024, 2048 or 4096 pixels a side.';
