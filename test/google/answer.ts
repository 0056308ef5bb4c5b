import type { Reply } from './reply.ts';
import type { GoogleRequest } from './request.ts';

/** How the double answers one good request. May wait before it does, so a test can hold a request back with a promise of its own. */
export type Answer = (request: GoogleRequest) => Reply | Promise<Reply>;
