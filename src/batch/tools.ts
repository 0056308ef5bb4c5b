import { z } from 'zod';
import { defineTool } from '../tool.ts';
import { output } from '../tools/fields.ts';

/** Loaded with the server, so that it can list them; what does the work is loaded with the first call. */
export const startBatchTool = defineTool({
  name: 'start_batch',
  title: 'Start batch',
  description: 'Make many pictures at half price within 24 hours: checks and prices all, sends, returns an id for collect_batch.',
  isRare: true,
  inputSchema: () =>
    z.object({
      file: z.string().min(1).max(4096).optional().describe('.jsonl or .csv, a job a line; or give jobs.'),
      jobs: z.array(z.string()).min(1).optional().describe('Each a prompt, or JSON of a paid tool\'s arguments and "tool".'),
      output: output('Folder; default: output folder.'),
      dry_run: z.boolean().optional().describe('Only price; default false.'),
    }),
  handler: async (input, call) => (await import('./answer.ts')).startBatch(input, call),
});

export const collectBatchTool = defineTool({
  name: 'collect_batch',
  title: 'Collect batch',
  description: 'Save what a batch has made so far, send what waits.',
  isRare: true,
  inputSchema: () =>
    z.object({
      batch: z.string().min(1).max(100).optional().describe('Its id; default: the newest.'),
    }),
  handler: async (input, call) => (await import('./answer.ts')).collectBatch(input, call),
});
