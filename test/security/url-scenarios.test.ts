import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { z } from 'zod';
import { photo } from '../fixtures.ts';
import { amount, corpora, figure } from './form.ts';
import { fetchPicture, send, test } from './in-network.ts';
import { publicPlace } from './network.ts';
import { makeScenarios, toHost } from './url-scenarios.ts';

/** What was tried and ended as it should, for the lists of others. */
const held: string[] = [];

test('whatever hosts, resolvers and redirects do, nothing private is asked and nothing they say is repeated', async ({
  startIn,
  network,
  google,
  strays,
}) => {
  const sent = { bytes: 0 };
  const scenarios = await makeScenarios(network.privatePort, sent);
  const limner = await startIn();
  for (const { name, serves, names, address, ends, says, requests } of scenarios) {
    await network.resolve({ '*': [[publicPlace.pictures]], ...names });
    network.clear();
    for (const [path, listener] of Object.entries(serves ?? { '/a.png': send(await photo(120, 80)) })) network.serve(path, listener);
    const before = network.requests.length;
    const answer = await fetchPicture(limner, address ?? `https://${toHost(name)}/a.png`);
    expect([name, answer.isError ? answer.code : 'taken', network.requests.length - before], answer.text).toEqual([name, ends, requests]);
    if (says) expect(answer.text).toMatch(says);
    expect(answer.text).not.toMatch(/secret-banner|etc\/passwd|password|127\.0\.0\.1|10\.0\.0\.1|ECONN|ENOTFOUND|CERT|certificate/);
  }
  expect([await strays(), network.trespasses(), google.requests]).toEqual([[], 0, []]);
  // Two endless bodies and one endless header, each left at its limit: 20 MB once, and what lay in buffers.
  expect(sent.bytes).toBeLessThan(60_000_000);
  expect(new Set(scenarios.map(({ name }) => toHost(name))).size).toBe(scenarios.length);
  held.push(...scenarios.map(({ name }) => name));
  figure('downloads gone wrong', `${scenarios.length} of ${scenarios.length} as expected, 0 connections to anything private`);
});

test('nothing of one answer goes along to the next request', async ({ startIn, network }) => {
  network.serve(
    '/in.png',
    (_request, response) => void response.writeHead(302, { location: 'https://other.example/a.png', 'set-cookie': 'session=1' }).end(),
  );
  const { isError, text } = await fetchPicture(await startIn(), 'https://pictures.example/in.png');
  expect(isError, text).toBe(false);
  expect(network.requests.map(({ host }) => host)).toEqual(['pictures.example', 'other.example']);
  for (const { headers } of network.requests) {
    expect(Object.keys(headers).sort()).toEqual(['accept', 'accept-encoding', 'connection', 'host', 'user-agent']);
  }
  held.push('cookies-auth');
});

test('whatever takes its time is left when the time is over, and a port answers alike whether it is closed, filtered or open', async ({
  startIn,
  network,
  strays,
}) => {
  const milliseconds = amount(1500, 10_000);
  const png = await photo(600, 400);
  network.serve('/drip', (_request, response) => {
    response.writeHead(200, { 'content-type': 'image/png' });
    const timer = setInterval(() => response.write(png.subarray(0, 1)), 200);
    response.on('close', () => clearInterval(timer));
  });
  network.serve('/stall', (_request, response) => void response.writeHead(200, { 'content-length': png.length }).flushHeaders());
  network.serve(
    '/upgrade',
    ({ socket }) => void socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n'),
  );
  network.serve('/mute', () => undefined);
  const names = {
    '*': [[publicPlace.pictures]],
    'slow-resolver.pictures.example': ['never'],
    'closed.pictures.example': [[publicPlace.closed]],
    'filtered.pictures.example': [[publicPlace.filtered]],
    'open.pictures.example': [[publicPlace.notTls]],
    'half.pictures.example': [[publicPlace.silent]],
  } as const;
  await network.resolve(names);
  const limner = await startIn({ LIMNER_TIMEOUT_MS: String(milliseconds) });
  const addresses = ['slow-resolver', 'closed', 'filtered', 'open', 'half'].map((host) => `https://${host}.pictures.example/a.png`);
  addresses.push(...['drip', 'stall', 'mute', 'upgrade'].map((path) => `https://pictures.example/${path}`));
  const startedAt = performance.now();
  const answers = await Promise.all(addresses.map((address) => fetchPicture(limner, address)));
  expect(performance.now() - startedAt).toBeLessThan(milliseconds + amount(4000, 2000));
  expect(answers.map(({ code }) => code)).toEqual(addresses.map(() => 'unreachable'));
  expect(new Set(answers.map(({ text }, index) => text.replace(addresses[index] ?? '', 'ADDRESS'))).size).toBe(1);
  expect([await strays(), network.trespasses()]).toEqual([[], 0]);
  held.push('resolver-slow', 'body-drip', 'body-stall', 'port-probe');
  figure(
    'downloads that take their time',
    `${answers.length} of ${addresses.length} left after ${milliseconds / 1000} s, in the same words as a closed port`,
  );
});

test('behind a proxy only hosts that are listed are asked', async ({ startIn, network, google }) => {
  for (const name of ['HTTP_PROXY', 'https_proxy', 'ALL_PROXY']) {
    const limner = await startIn({ [name]: `http://127.0.0.1:${network.privatePort}`, NO_PROXY: '127.0.0.1' });
    expect(limner.client.getInstructions()).not.toContain('https');
    const { code, text } = await fetchPicture(limner, 'https://pictures.example/a.png');
    expect(code).toBe('not_allowed');
    expect(text).toContain(`${name} is set, and behind a proxy it fetches only from hosts the person lists in LIMNER_ALLOW_URLS`);
    expect(text).toContain(`Settings: LIMNER_ALLOW_URLS is on and ${name} is set`);
  }
  expect([network.requests, await network.lookups(), network.trespasses(), google.requests]).toEqual([[], [], 0, []]);
  held.push('proxy-env');
});

const scenarioList = z.object({ scenarios: z.array(z.object({ id: z.string() })) });
const folder = corpora;
if (folder !== undefined) {
  test('every scenario of a list made by others was among them', async () => {
    const { scenarios } = scenarioList.parse(JSON.parse(await readFile(join(folder, 'hostile-urls.json'), 'utf8')));
    const missing = scenarios.filter(({ id }) => !held.some((name) => name === id || name.startsWith(`${id} `)));
    expect(missing).toEqual([]);
    figure('URL scenarios of the corpus', `${scenarios.length - missing.length} of ${scenarios.length} as listed`);
  });
}
