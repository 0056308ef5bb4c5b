import { createServer, type Server } from 'node:http';
import { refuseStrangers, toHostnames } from './door.ts';
import type { Journal } from './journal.ts';
import type { Levels, Metrics } from './metrics.ts';
import type { Visit } from './visit.ts';

/** Where what happens is entered. */
export interface Books {
  journal: Journal;
  metrics: Metrics;
}

/** A caller who has gone, as figures have it. */
export const goneStatus = 499;

/** Enters a visit that is over. An answer is one when it is out: then its calls are answered, else they stay unclaimed. */
export async function enterVisit(visit: Visit, status: number, seconds: number, { journal, metrics }: Books): Promise<void> {
  const { tenant, route, tool, told, answered } = visit;
  metrics.request(route, status);
  const isCall = tenant !== undefined && tool !== undefined && (status < 400 || status === goneStatus);
  if (isCall)
    metrics.call({ ...(status === goneStatus ? lost : (told ?? lost)), tool: toKnown(tool), seconds, person: tenant.person.name });
  // A balancer asks every few seconds.
  if (route !== 'health' || status !== 200) journal.request(visit, status, seconds);
  const ledger = tenant?.memory.ledger;
  const isOut = status !== goneStatus;
  await Promise.all(answered.map(({ call, told: others }) => (isOut ? ledger?.answer(call, others) : ledger?.abandon(call)))).catch(
    journal.error,
  );
}

const lost = { outcome: 'gone', pictures: 0, dollars: 0 } as const;
const tools = ['generate_image', 'edit_image', 'compose_images', 'export_image'];

/** What callers make up does not become a row of the figures. */
function toKnown(tool: string): string {
  return tools.includes(tool) ? tool : 'unknown';
}

/** Serves the figures, which are for this computer: whoever gathers them runs on it, or has a way into it. */
export function createMetricsServer(metrics: Metrics, levels: () => Levels): Server {
  return createServer((request, response) => {
    const isAsked = refuseStrangers(request.headers, toHostnames(undefined)) === undefined && request.url === '/metrics';
    if (isAsked) response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(metrics.toText(levels()));
    else response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('There is /metrics.\n');
  });
}
