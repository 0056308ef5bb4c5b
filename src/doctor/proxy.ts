import type { Config } from '../config.ts';
import { googleUrl } from '../model/fetch.ts';
import { toVertexUrl } from '../model/vertex.ts';
import { isSpared } from '../settings/proxy.ts';
import { quote } from '../text.ts';
import { about, type Finding } from './finding.ts';
import type { Answer } from './patient.ts';

const { ok } = about('proxy');

/** Whether there is a proxy on the way to Google. One that does not let limner through is what the check of Google finds. */
export function checkProxy(config: Config, answer: Answer): Finding[] {
  const { proxy, backend, vertex, baseUrl } = config;
  if (proxy === undefined || backend === 'standin') return [];
  const url = new URL(backend === 'vertex' ? toVertexUrl(vertex) : (baseUrl ?? googleUrl));
  const name = `proxy ${quote(new URL(proxy.url).host)} (${proxy.name})`;
  if (url.protocol === 'http:') return [ok(`${name}: passed by for ${url.hostname}, which is this computer`)];
  if (isSpared(url, proxy)) return [ok(`${name}: passed by for ${url.hostname}, by ${proxy.sparedBy}`)];
  if (answer !== undefined && 'error' in answer && answer.error.code === 'unreachable') return [];
  return [ok(`${name}: used for ${url.hostname}${proxy.authorization ? ', with a name and a password' : ''}`)];
}
