import { googleUrl } from '../model/fetch.ts';
import { quote } from '../text.ts';
import { about, type Finding } from './finding.ts';
import type { Answer, Patient } from './patient.ts';

const { ok, warning } = about('proxy');

/** Whether the proxy of this environment is used on the way to Google: Node passes over it unless it is told. */
export function checkProxy({ config, env, runtime }: Patient, answer: Answer): Finding[] {
  const { protocol, hostname, port } = new URL(config.baseUrl ?? googleUrl);
  const set = findVariable(env, protocol === 'https:' ? 'https_proxy' : 'http_proxy');
  if (set === undefined || config.backend === 'standin') return [];
  const place = toPlace(set.value);
  if (place === undefined)
    return [warning(`${set.name}: the address of the proxy cannot be read`, 'write it as http://proxy.example:3128')];
  const proxy = `proxy ${place} (${set.name})`;
  const spared = findVariable(env, 'no_proxy');
  if (spared && isSpared(hostname, port || defaultPorts[protocol] || '', spared.value))
    return [ok(`${proxy}: passed by for ${hostname}, by ${spared.name}`)];
  if (runtime.usesProxies) return [ok(`${proxy}: used for ${hostname}`)];
  const isReached = answer !== undefined && !('error' in answer);
  if (isReached) return [ok(`${proxy}: not used, since Node was not told to; ${hostname} is reached without it`)];
  return [
    warning(
      `${proxy}: not used, since this Node ${runtime.knowsProxies ? 'was not told to' : `(${runtime.version}) cannot`}`,
      runtime.knowsProxies
        ? 'set NODE_USE_ENV_PROXY=1 in the environment of limner, as well as the proxy'
        : 'run limner with Node 22.21, 24.5 or newer, and set NODE_USE_ENV_PROXY=1 in its environment, as well as the proxy',
    ),
  ];
}

/** As Node reads them: the small letters win. */
function findVariable(env: Patient['env'], name: string): { name: string; value: string } | undefined {
  const found = [name, name.toUpperCase()].find((each) => env[each]?.trim());
  return found === undefined ? undefined : { name: found, value: env[found]?.trim() ?? '' };
}

/** Host and port alone, where they can be read: a proxy's address may hold a password. */
function toPlace(value: string): string | undefined {
  return /^https?:\/\//i.test(value) && URL.canParse(value) ? quote(new URL(value).host) : undefined;
}

const defaultPorts: Record<string, string> = { 'https:': '443', 'http:': '80' };

/** As Node reads `NO_PROXY`: names, with their port or without, and endings such as `.example.com` and `*.example.com`; `*` is everything. */
function isSpared(hostname: string, port: string, list: string): boolean {
  const places = [hostname, `${hostname}:${port}`];
  const entries = list
    .toLowerCase()
    .split(',')
    .map((entry) => entry.trim());
  return entries.some(
    (entry) => entry === '*' || places.includes(entry) || (/^\*?\./.test(entry) && hostname.endsWith(entry.replace(/^\*/, ''))),
  );
}
