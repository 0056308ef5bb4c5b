import type { IncomingMessage } from 'node:http';
import type { Reply } from './reply.ts';

/** What befalls a request: an answer instead of what was asked, its answer getting lost after it was done, or the connection breaking after so many bytes of it. */
type Disturbance = Reply | 'answer-lost' | { cutAfter: number };

/** Asked before each request; undefined lets it through. */
export type Disturb = (request: { method: string; path: string; headers: IncomingMessage['headers'] }) => Disturbance | undefined;

/** `answer`, unless something befalls the request. */
export async function disturbed(disturb: Disturb | undefined, incoming: IncomingMessage, answer: () => Promise<Reply>): Promise<Reply> {
  const { method = '', url: path = '', headers } = incoming;
  const disturbance = disturb?.({ method, path, headers });
  if (disturbance === undefined) return answer();
  if (disturbance === 'answer-lost') return { ...(await answer()), delivery: 'reset' };
  if (!('cutAfter' in disturbance)) return disturbance;
  let arrived = 0;
  incoming.on('data', (piece: Buffer) => {
    arrived += piece.length;
    if (arrived >= disturbance.cutAfter) incoming.socket.destroy();
  });
  return answer();
}
