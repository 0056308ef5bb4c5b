import type { CallToolResult } from '@modelcontextprotocol/server';
import { maxTextLength, toNotes } from './result.ts';
import { cleanText } from './text.ts';

/** Key of the machine-readable copy of how a batch stands. */
const batchKey = 'limner/batch';

/** How a batch stands, or what it would be. */
export interface BatchOutcome {
  /** In words, a line each. */
  lines: readonly string[];
  /** The same for programs; plain JSON. */
  batch: object;
  /** It cannot go on unless somebody mends something. */
  isError: boolean;
}

/** How a batch stands: as text and as JSON, without pictures, of which there may be thousands. */
export function toBatchResult({ lines, batch, isError }: BatchOutcome, notices: readonly string[]): CallToolResult {
  return {
    ...(isError && { isError }),
    content: [{ type: 'text', text: `${cleanText([...lines, ...toNotes(notices)].join('\n'), maxTextLength)}\n` }],
    _meta: { [batchKey]: batch },
  };
}
