import { HttpsProxyAgent } from 'https-proxy-agent';
import type { WebProxy } from '../settings/proxy.ts';

const agents = new WeakMap<WebProxy, HttpsProxyAgent<string>>();

/**
 * Connections through this proxy, kept for the next request as Node's own are. Name and password are not in the address, which the agent's log shows; they are told to the
 * proxy alone. A proxy that is spoken to in TLS has to have a certificate that is trusted.
 */
export function toAgent(proxy: WebProxy): HttpsProxyAgent<string> {
  const known = agents.get(proxy);
  if (known) return known;
  const { authorization } = proxy;
  const headers = (): Record<string, string> => (authorization ? { 'Proxy-Authorization': authorization.reveal() } : {});
  const agent = new HttpsProxyAgent(proxy.url, { headers, keepAlive: true, scheduling: 'lifo', timeout: 5000, rejectUnauthorized: true });
  agents.set(proxy, agent);
  return agent;
}
