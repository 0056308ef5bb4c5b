import type { Visit } from './visit.ts';

/** The log of a server for several: one line of JSON an event. */
export interface Journal {
  event(level: 'info' | 'warn' | 'error', event: string, facts?: Record<string, unknown>): void;
  /** Bugs of ours come with their stack. */
  error(error: unknown): void;
  request(visit: Visit, status: number, seconds: number): void;
}

/** `write` takes a line. Prompts are in it only where they were asked for; tokens and links never are. */
export function createJournal(write: (line: string) => void, withPrompts: boolean): Journal {
  const event: Journal['event'] = (level, name, facts = {}) =>
    write(JSON.stringify({ time: new Date().toISOString(), level, event: name, ...facts }));
  return {
    event,
    error: (error) =>
      event('error', 'bug', { what: (error instanceof Error ? (error.stack ?? error.message) : String(error)).slice(0, 4000) }),
    request({ id, request, route, tenant, tool, told, answered, prompt }, status, seconds) {
      event(status >= 500 ? 'error' : status >= 400 ? 'warn' : 'info', 'request', {
        request: id,
        person: tenant?.person.name,
        route,
        method: request.method,
        status,
        ms: Math.round(seconds * 1000),
        tool,
        ...(told && { outcome: told.outcome, pictures: told.pictures, dollars: told.dollars }),
        call: answered[0]?.call,
        ...(withPrompts && { prompt: prompt?.slice(0, 2000) }),
      });
    },
  };
}
