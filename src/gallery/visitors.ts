import type { ServerResponse } from 'node:http';

/** A page that is loaded anew is gone for a moment, in milliseconds. */
const graceMs = 3000;

/** Who has the page open: each keeps one answer waiting, which breaks off when the page is closed. */
export interface Visitors {
  welcome(response: ServerResponse): void;
  /** Resolves when the last one has been gone for some seconds. */
  left: Promise<void>;
}

export function createVisitors(): Visitors {
  const present = new Set<ServerResponse>();
  let leaving: NodeJS.Timeout | undefined;
  let leave: () => void = () => undefined;
  const left = new Promise<void>((resolve) => {
    leave = resolve;
  });
  return {
    left,
    welcome(response) {
      clearTimeout(leaving);
      present.add(response);
      response.writeHead(200, { 'content-type': 'text/plain' }).flushHeaders();
      response.once('close', () => {
        present.delete(response);
        if (present.size === 0) leaving = setTimeout(leave, graceMs);
      });
    },
  };
}
