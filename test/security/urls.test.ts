import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, test as unit } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { photo } from '../fixtures.ts';
import { arrived, held } from '../raw.ts';
import { fetchPicture, inTurns, redirect, send, test } from './in-network.ts';
import { publicPlace } from './network.ts';

const address = 'https://pictures.example/a.png?signature=s3cret-token#f';

/** Everything written below a folder, as one text. */
async function readAll(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => readFile(join(entry.parentPath, entry.name), 'latin1'));
  return (await Promise.all(files)).join('\n');
}

describe('addresses that nobody allowed', () => {
  test('are refused with what to do instead, and nobody is asked', async ({ startIn, network, google }) => {
    const limner = await startIn({ LIMNER_ALLOW_URLS: '' });
    const { text, code } = await limner.call('edit_image', { prompt: 'Brighter', image: address });
    expect(code).toBe('invalid_argument');
    expect(text).toMatch(/is an address; limner takes paths\. Download the picture and pass its path; .*LIMNER_ALLOW_URLS/);
    expect(text).not.toContain('s3cret');
    expect(limner.client.getInstructions()).not.toContain('https');
    expect([await network.lookups(), await network.dials(), google.requests]).toEqual([[], [], []]);
  });

  test('a wrong setting allows nothing, and the first answer says what was expected', async ({ startIn, network }) => {
    const limner = await startIn({ LIMNER_ALLOW_URLS: '*' });
    const { isError, text } = await fetchPicture(limner, 'https://pictures.example/a.png');
    expect(isError).toBe(true);
    expect(text).toMatch(/LIMNER_ALLOW_URLS holds "\*", which was left out: it must be off, on, or host names .*\n.*allows no address/);
    expect(await network.dials()).toEqual([]);
  });

  for (const [value, hosts, leftOut] of [
    ['off', 'none', 0],
    ['No', 'none', 0],
    ['on', 'any', 0],
    [' TRUE ', 'any', 0],
    ['onn', 'none', 1],
    ['*', 'none', 1],
    ['*.example', 'none', 1],
    ['https://pictures.example', 'none', 1],
    ['pictures.example/a', 'none', 1],
    ['pictures.example:8443', 'none', 1],
    ['user@pictures.example', 'none', 1],
    ['pict*.example.com', 'none', 1],
    ['93.184.216.34 0x7f.1 [2600::1]', 'none', 3],
    ['localhost, printer.local, metadata.google.internal', 'none', 3],
    ['on, pictures.example', ['pictures.example'], 1],
    ['A.example;B\u00fccher.example,*.C.example.', ['a.example', 'xn--bcher-kva.example', '*.c.example'], 0],
    [['a.example', '*.b.example'], ['a.example', '*.b.example'], 0],
  ] as const) {
    unit(`a setting of ${JSON.stringify(value)} never allows more than it says`, () => {
      const userFile = JSON.stringify({ LIMNER_ALLOW_URLS: value });
      const { urls, warnings } = loadConfig({ env: {}, userFile, cwd: '/srv/a', cwdWritable: true, home: '/home/ada', platform: 'linux' });
      expect(urls).toEqual({ hosts });
      expect(warnings.filter(({ says }) => says.includes('left out'))).toHaveLength(leftOut);
    });
  }
});

describe('an address that is allowed', () => {
  test('is a picture like any other, and its query is kept nowhere', async ({ startIn, computer, google, network }) => {
    const limner = await startIn();
    expect(limner.client.getInstructions()).toContain('A picture may also be given by its https address.');
    const { text, facts } = await limner.call('edit_image', { prompt: 'Brighter', image: address });
    expect(facts.parents).toEqual([{ id: null, path: 'https://pictures.example/a.png' }]);
    expect(facts.images[0]?.path).toContain(join(computer.project, 'generated-images'));
    expect(JSON.stringify(google.requests[0]?.body)).toContain('Image 1 (pictures.example/a.png)');
    expect(text + JSON.stringify(facts) + limner.log() + JSON.stringify(google.requests) + (await readAll(computer.state))).not.toContain(
      's3cret',
    );
    expect(network.requests[0]?.path).toBe('/a.png?signature=s3cret-token');
  });

  test('is asked for without anything that says who asks', async ({ startIn, network }) => {
    await fetchPicture(await startIn(), 'https://pictures.example/a.png');
    expect(network.requests).toHaveLength(1);
    expect(network.requests[0]?.headers).toEqual({
      host: 'pictures.example',
      accept: 'image/*',
      'accept-encoding': 'identity',
      'user-agent': expect.stringMatching(/^limner\/[\d.]+$/),
      connection: 'close',
    });
  });

  test('may stand wherever a picture may, and writes nothing where it came from', async ({ startIn, computer, google, network }) => {
    const half = await photo(320, 240, 'png', '#ffffff');
    network.serve('/mask.png', send(half));
    network.serve('/cats/Ginger%20cat.png', send(await photo(60, 40)));
    const limner = await startIn();
    const picture = 'https://pictures.example/a.png';
    const composed = await limner.call('compose_images', { prompt: 'Both', images: [picture, 'https://93.184.216.34/a.png'] });
    expect(composed.facts.parents.map(({ path }) => path)).toEqual([picture, 'https://93.184.216.34/a.png']);
    const masked = await limner.call('edit_image', { prompt: 'A hat', image: picture, mask: 'https://pictures.example/mask.png' });
    expect(masked.isError, masked.text).toBe(false);
    const { exported } = await limner.call('export_image', { images: ['https://pictures.example/cats/Ginger%20cat.png'], format: 'webp' });
    expect(exported.sources).toEqual([{ path: 'https://pictures.example/cats/Ginger%20cat.png' }]);
    expect(exported.files.map(({ path }) => path)).toEqual([join(computer.project, 'ginger-cat.webp')]);
    const forecast = await limner.call('edit_image', { prompt: 'Brighter', image: picture, dry_run: true });
    expect(forecast.plan.inputs).toEqual([{ label: 'Image 1 (pictures.example/a.png)', path: picture, id: null }]);
    expect(google.requests).toHaveLength(2);
  });

  test('that names a picture limner made is that picture', async ({ startIn, network }) => {
    const limner = await startIn();
    const { file } = await limner.call('generate_image', { prompt: 'A fox' });
    network.serve('/fox', send(await readFile(file.path)));
    const { facts } = await limner.call('edit_image', { prompt: 'A hat', image: 'https://pictures.example/fox' });
    expect(facts.parents).toEqual([{ id: file.id, path: 'https://pictures.example/fox' }]);
  });

  test('asked again after its answer got lost is answered with what that brought', async ({ startIn, google }) => {
    const limner = await startIn();
    const { answer, release } = held();
    google.next(answer);
    const cancel = new AbortController();
    const image = 'https://pictures.example/a.png?signature=';
    const lost = limner.call('edit_image', { prompt: 'Brighter', image: `${image}1` }, { signal: cancel.signal });
    await arrived(google, 1);
    cancel.abort();
    await expect(lost).rejects.toThrow();
    release();
    const again = await limner.call('edit_image', { prompt: 'Brighter', image: `${image}2` });
    expect(again.facts.late).not.toBeNull();
    expect(google.requests).toHaveLength(1);
  });

  test('names its files safely, whatever it is called', async ({ startIn, computer, network }) => {
    const names = ['/%2e%2e%2fevil.png', '/con.png', '/%1b%5b31mred%e2%80%ae.png', '/..%5c..%5cx', '/%ff.png', '/'];
    for (const name of names) network.serve(name, send(await photo(40, 40)));
    const limner = await startIn();
    for (const name of names) {
      const { exported, text } = await limner.call('export_image', { images: [`https://pictures.example${name}`] });
      expect(exported.folder).toBe(computer.project);
      expect(exported.files.map(({ path }) => basename(path))).toEqual([expect.stringMatching(/^[a-z0-9-]+\.png$/)]);
      for (const steering of ['\u001b', '\u202e']) expect(text).not.toContain(steering);
    }
  });

  test('may be limited to hosts, which redirects do not leave', async ({ startIn, network, google }) => {
    network.serve('/away', redirect('https://elsewhere.example/a.png'));
    network.serve('/on', redirect('https://cdn.pictures.example/a.png'));
    const limner = await startIn({ LIMNER_ALLOW_URLS: 'Other.Example *.PICTURES.example.' });
    expect(limner.client.getInstructions()).toContain('by its https address of other.example, *.pictures.example.');
    const codes = async (...hosts: string[]) => {
      const answers = await inTurns(hosts, (host) => fetchPicture(limner, `https://${host}`), 1);
      return answers.map((answer) => (answer.isError ? answer.code : 'taken'));
    };
    expect(await codes('other.example/a.png', 'img.pictures.example/a.png', 'img.pictures.example/on')).toEqual([
      'taken',
      'taken',
      'taken',
    ]);
    const others = ['pictures.example/a.png', 'notpictures.example/a.png', 'img.other.example/a.png', 'other.example.evil.example/a.png'];
    const refused = await codes(...others, 'xother.example/a.png', '93.184.216.34/a.png', 'img.pictures.example/away');
    expect(refused).toEqual(Array.from({ length: 7 }, () => 'not_allowed'));
    expect(new Set(network.requests.map(({ host }) => host))).toEqual(
      new Set(['other.example', 'img.pictures.example', 'cdn.pictures.example']),
    );
    expect(google.requests).toEqual([]);
  });

  test('is not fetched for a call that was cancelled', async ({ startIn, network }) => {
    const cancel = new AbortController();
    network.serve('/slow', (request) => {
      cancel.abort();
      request.socket.once('close', () => closed());
    });
    let closed = () => {};
    const left = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const limner = await startIn();
    const args = { prompt: 'Brighter', image: 'https://pictures.example/slow' };
    await expect(limner.call('edit_image', args, { signal: cancel.signal })).rejects.toThrow();
    await left;
  });

  test('is verified and asked directly whatever the environment says', async ({ startIn, network }) => {
    const env = { NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_USE_ENV_PROXY: '1', LIMNER_ALLOW_URLS: 'pictures.example expired.example' };
    await network.resolve({ 'pictures.example': [[publicPlace.pictures]], 'expired.example': [[publicPlace.selfSigned]] });
    const limner = await startIn({ ...env, HTTPS_PROXY: `http://127.0.0.1:${network.privatePort}`, NO_PROXY: '127.0.0.1' });
    expect((await fetchPicture(limner, 'https://pictures.example/a.png')).isError).toBe(false);
    const { code, text } = await fetchPicture(limner, 'https://expired.example/a.png');
    expect([code, network.trespasses()]).toEqual(['unreachable', 0]);
    expect(text).toContain('not through the proxy of HTTPS_PROXY');
  });
});
