import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { expect } from 'vitest';
import { z } from 'zod';
import { isPublicName } from '../../src/allowed-hosts.ts';
import { isPublicAddress } from '../../src/download/address.ts';
import type { Limner } from '../fixtures.ts';
import { corpora, figure } from './form.ts';
import { hostileAddresses, publicAddresses } from './hostile-addresses.ts';
import { inTurns, test } from './in-network.ts';

/** The code of each refusal; `taken` for what was not refused. */
async function codesOf(limner: Limner, addresses: readonly string[]): Promise<string[]> {
  return inTurns(addresses, async (image) => {
    const answer = await limner.call('edit_image', { prompt: 'Brighter', image });
    return answer.isError ? answer.code : 'taken';
  });
}

test('hostile addresses are refused before anything is asked of them', async ({ startIn, network, google }) => {
  await network.resolve({ '*': [['10.0.0.1']] });
  const codes = await codesOf(await startIn(), hostileAddresses);
  const passed = hostileAddresses.filter(
    (_, index) => codes[index] === 'taken' || codes[index] === 'internal' || codes[index] === 'unreachable',
  );
  expect(passed).toEqual([]);
  expect([await network.lookups(), await network.dials(), google.requests]).toEqual([[], [], []]);
  figure('hostile addresses of our own', `${codes.length - passed.length} of ${codes.length} refused, 0 looked up, 0 connections`);
});

test('public addresses next to them are asked', async ({ startIn, network, strays }) => {
  const limner = await startIn();
  const codes = await codesOf(limner, publicAddresses);
  expect(publicAddresses.filter((_, index) => codes[index] === 'not_allowed' || codes[index] === 'invalid_argument')).toEqual([]);
  const dials = (await network.dials()).filter((dial) => dial.endsWith(' 443'));
  expect(dials).toHaveLength(publicAddresses.length);
  // Addresses nobody serves here are dialled as they are, and end there.
  expect((await strays()).filter((dial) => !dial.endsWith(' 443'))).toEqual([]);
  figure('public addresses of our own', `${dials.length} of ${publicAddresses.length} asked`);
});

const list = z.object({
  entries: z.array(z.object({ url: z.string(), expect: z.enum(['refuse', 'safe-as-parsed']), resolver: z.unknown().optional() })),
  control: z.array(z.string()),
});

const readList = async (folder: string) => list.parse(JSON.parse(await readFile(join(folder, 'hostile-urls.json'), 'utf8')));

function isPublic(url: string): boolean {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  return isIP(host) === 0 ? isPublicName(host) : isPublicAddress(host);
}

const folder = corpora;
if (folder !== undefined) {
  test('a list of hostile addresses made by others is answered as it expects', async ({ startIn, network, google }) => {
    const { entries } = await readList(folder);
    for (const answer of ['10.0.0.1', '127.0.0.1', '169.254.169.254']) {
      await network.resolve({ '*': [[answer]] });
      const codes = await codesOf(
        await startIn(),
        entries.map(({ url }) => url),
      );
      const refused = codes.filter((code) => code !== 'taken' && code !== 'internal' && code !== 'unreachable');
      expect(refused).toHaveLength(entries.length);
      expect([(await network.dials()).length, google.requests.length]).toEqual([0, 0]);
    }
    const hostile = entries.filter(({ expect: expected }) => expected === 'refuse').length;
    const dials = await network.dials();
    figure(
      'hostile URLs of the corpus',
      `${hostile} of ${hostile} refused, ${entries.length - hostile} of ${entries.length - hostile} safe, ${dials.length} connections`,
    );
  });

  test('its controls are not refused for their address', async ({ startIn, network }) => {
    const { control } = await readList(folder);
    expect(control.filter((url) => !isPublic(url))).toEqual([]);
    const secure = control.filter((url) => url.startsWith('https:'));
    await codesOf(await startIn(), secure);
    const dials = await network.dials();
    expect(dials.filter((dial) => dial.endsWith(' 443')).length).toBeGreaterThanOrEqual(secure.length);
    figure(
      'controls of the corpus',
      `${control.filter(isPublic).length} of ${control.length} public by the rule, ${secure.length} of ${secure.length} with https asked`,
    );
  });
}
