import { once } from 'node:events';
import type { Server } from 'node:http';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { toSentence } from '../fault.ts';
import { readText } from '../files/read.ts';
import { createGiveBack } from '../give-back.ts';
import { createModel } from '../model/index.ts';
import { openMemory } from '../open.ts';
import { surviveBugs } from '../survive.ts';
import { version } from '../version.ts';
import { createMetricsServer, enterVisit } from './books.ts';
import { toHostnames } from './door.ts';
import { createJournal } from './journal.ts';
import { createRateLimit, createTurnstile } from './limits.ts';
import { createMcpEndpoint } from './mcp.ts';
import { createMetrics } from './metrics.ts';
import { createOpenWork } from './open-work.ts';
import type { TeamOptions } from './options.ts';
import { openDoor, openLinks, requireNarrow, requireRoot, Unservable } from './prerequisites.ts';
import { createTeamServer } from './server.ts';
import { createTenants } from './tenants.ts';

/** What the command has of the process. */
export interface Surroundings {
  config: Config;
  /** Tells machines apart that share a state folder. */
  host: string;
  print(line: string): void;
  printError(line: string): void;
  catchInterrupt(lastWords: () => Promise<unknown>, patience: { graceMs: number; isExpected: boolean }): { signal: AbortSignal };
}

/** Serves MCP over HTTP to several people until it is told to stop, and what was under way has ended. Resolves with the exit code; throws, in a sentence, when it cannot begin. */
export async function runTeam(options: TeamOptions, surroundings: Surroundings): Promise<number> {
  const team = await prepare(options, surroundings);
  const { journal, turnstile, tenants, gone } = team;
  const levels = () => ({ underWay: turnstile.underWay(), waiting: turnstile.waiting() });
  const lastWords = async () => {
    gone.abort();
    journal.event('warn', 'gave up what was under way', levels());
    await tenants.giveUp();
  };
  const { signal } = surroundings.catchInterrupt(lastWords, { graceMs: options.drainSeconds * 1000, isExpected: true });
  const { server, figures } = team;
  team.state.base = await listen(server, options.port, options.host);
  const figuresAt = options.metrics === undefined ? undefined : `${await listen(figures, options.metrics, '127.0.0.1')}/metrics`;
  journal.event('info', 'listening', { version, at: team.state.base, metrics: figuresAt, process: process.pid });
  surroundings.print(`${team.state.base}/mcp`);
  surviveBugs(journal.error, () => process.kill(process.pid, 'SIGTERM'));
  if (!signal.aborted) await once(signal, 'abort');
  journal.event('info', 'draining', levels());
  await drain(team);
  journal.event('info', 'stopped');
  return 0;
}

/** Everything, put together; nothing listens yet. */
async function prepare(options: TeamOptions, { config, host, printError }: Surroundings) {
  requireNarrow(options);
  if (config.problems.length > 0) throw new Unservable(config.problems.map(toSentence).join(' '));
  const model = createModel(config, readText);
  if (model === undefined)
    throw new Unservable(
      'There is no Gemini API key, so nobody could be served. Set GEMINI_API_KEY, LIMNER_BACKEND=vertex for Vertex AI, or LIMNER_BACKEND=standin for labelled drawings.',
    );
  const journal = createJournal(printError, options.logPrompts);
  const state = { base: '', isDraining: false };
  const root = await requireRoot(options.spaces ?? join(config.stateDir, 'people'));
  const people = await openDoor(options, config, journal);
  const links = await openLinks(options, config, () => options.url ?? state.base);
  // What calls leave behind is given back; other requests are many, and leave little.
  const giveBack = createGiveBack(() => turnstile.underWay() === 0);
  const [calls, notes, visits] = [createOpenWork(giveBack.workEnded), createOpenWork(), createOpenWork()];
  const gone = new AbortController();
  const [metrics, turnstile] = [createMetrics(options.metricsNames), createTurnstile(options.calls)];
  const isDraining = () => state.isDraining;
  const tenants = createTenants({
    config,
    model,
    host,
    root,
    makeLink: links?.make,
    gone: gone.signal,
    track: calls.track,
    logError: journal.error,
    openMemory: (own) => openMemory(own, host),
  });
  const callsOf = (allowed: { calls_at_once?: number | undefined }) => allowed.calls_at_once ?? options.callsEach;
  const mcp = createMcpEndpoint({ turnstile, callsOf, isDraining, onError: journal.error });
  const server = createTeamServer({
    hostnames: toHostnames(options.url),
    people,
    readLink: links?.read,
    tenants,
    rate: createRateLimit(() => performance.now()),
    requestsPerMinute: options.requestsPerMinute,
    mcp,
    isDraining,
    onError: journal.error,
    began: visits.track,
    ended: (visit, status, seconds) => notes.track(enterVisit(visit, status, seconds, { journal, metrics })),
  });
  const figures = createMetricsServer(metrics, () => ({
    underWay: turnstile.underWay(),
    waiting: turnstile.waiting(),
    people: tenants.count(),
  }));
  return { journal, state, calls, notes, visits, gone, turnstile, tenants, mcp, server, figures };
}

/** Takes nothing new, finishes what is under way, and lets go of everybody once they have their answers. */
async function drain({ state, server, figures, turnstile, calls, notes, visits, mcp }: Awaited<ReturnType<typeof prepare>>): Promise<void> {
  state.isDraining = true;
  server.close();
  server.closeIdleConnections();
  await turnstile.emptied();
  await calls.settled();
  // Streams that only listen would stay for ever.
  await mcp.close();
  await visits.settled();
  await notes.settled();
  server.closeAllConnections();
  figures.close();
  figures.closeAllConnections();
}

/** Resolves with the address it has. */
async function listen(server: Server, port: number, host: string): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    const fail = ({ message }: Error) =>
      reject(new Unservable(`Port ${port} of ${host} cannot be used (${message}). Leave the port out for any free one.`));
    server.once('error', fail);
    server.listen(port, host, () => {
      server.off('error', fail);
      resolve();
    });
  });
  const address = server.address();
  const own = typeof address === 'object' && address ? address.port : port;
  return `http://${host.includes(':') ? `[${host}]` : host}:${own}`;
}
