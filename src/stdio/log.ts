import { cleanText } from '../text.ts';

/** The log of a stdio server: stderr. */
export interface Log {
  /** One line about what others did. */
  line(text: string): void;
  /** Bugs of ours, with their stack. */
  error(error: unknown): void;
}

/** The one way to the log. `mask` takes out what nobody may read. */
export function createLog(write: (text: string) => void, mask: (text: string) => string = (text) => text): Log {
  const put = (text: string) => write(`limner: ${cleanText(mask(text), 4000)}\n`);
  return {
    line: (text) => put(text.replace(/\s+/g, ' ')),
    error: (error) => put(error instanceof Error ? (error.stack ?? error.message) : String(error)),
  };
}
