// Preloaded into a server under test: a resolver and a dialler of our own below everything the program does, at the place where Node itself asks the system.
// What is public to the program ends at a local server, nothing leaves this computer, and each name and each connection asked for is written down.
import dns from 'node:dns';
import dnsPromises from 'node:dns/promises';
import { appendFileSync, readFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { isIP } from 'node:net';

const folder = process.env.TEST_NETWORK;
const asked = new Map();

/** How the internet is at this moment: what each name resolves to, and which local port stands for which address. */
const readPlan = () => JSON.parse(readFileSync(`${folder}/plan.json`, 'utf8'));
const note = (file, line) => appendFileSync(`${folder}/${file}`, `${line}\n`);

/** The answers of a name come in turn, the last one again and again. */
function resolve(host) {
  note('lookups', host);
  const { names } = readPlan();
  const answers = names[host] ?? names['*'] ?? [];
  const turn = asked.get(host) ?? 0;
  asked.set(host, turn + 1);
  return answers[Math.min(turn, answers.length - 1)] ?? [];
}

dnsPromises.lookup = async (host, options) => {
  const answer = resolve(host);
  if (answer === 'never') return new Promise(() => {});
  if (answer.length === 0) throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' });
  const found = answer.map((address) => ({ address, family: isIP(address.replace(/%.*/, '')) }));
  return options?.all ? found : found[0];
};
dns.lookup = (host, options, callback) => {
  const answer = typeof options === 'function' ? options : callback;
  const all = typeof options === 'object' && options.all;
  dnsPromises.lookup(host, { all }).then(
    (found) => (all ? answer(null, found) : answer(null, found.address, found.family)),
    (error) => answer(error),
  );
};
syncBuiltinESMExports();

const { TCP } = process.binding('tcp_wrap');
const { connect, getpeername } = TCP.prototype;
const peers = new WeakMap();
const unreachable = -101;

for (const method of ['connect', 'connect6']) {
  TCP.prototype[method] = function dial(request, address, port) {
    note('dials', `${address} ${port}`);
    if (address.startsWith('127.')) return connect.call(this, request, address, port);
    const place = readPlan().places[address];
    if (place === 'never') return 0;
    if (place === undefined) return unreachable;
    peers.set(this, { address: place.peer ?? address, family: address.includes(':') ? 'IPv6' : 'IPv4', port });
    return connect.call(this, request, '127.0.0.1', place.port);
  };
}
TCP.prototype.getpeername = function name(out) {
  const code = getpeername.call(this, out);
  return Object.assign(out, peers.get(this)) && code;
};
