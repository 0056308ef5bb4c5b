import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Computer, type Limner, makeComputer, photo, startLimner, withKey } from './fixtures.ts';
import { type Answer, answers, type Google, startGoogle, testKey } from './google/index.ts';
import { startCompany } from './google/network.ts';
import { startVertex } from './google/vertex.ts';
import { vertexAnswers } from './google/vertex-errors.ts';
import { small } from './raw.ts';

/** What an upstream can be brought to. */
type Provocation = 'refused' | 'no_image' | 'quota' | 'billing' | 'overloaded' | 'endless' | 'slow';

/** Who makes the pictures, and how the same is brought about with each. */
interface Upstream {
  backend: string;
  env: Record<string, string>;
  /** Makes calls end in that way until all is well again; resolves with the words a prompt needs for it. */
  provoke(what: Provocation): string;
  calm(): void;
  /** Resolves once a request of the provoked call is on its way. */
  underWay(): Promise<void>;
  /** Pictures and turns of the last request; undefined where nothing is sent. */
  lastRequest(): { images: number; turns: number } | undefined;
  /** Requests an upstream that is paid has got. */
  requests(): number;
  close(): Promise<void>;
}

type Server = Pick<Google, 'requests' | 'always'>;

/** What is the same of all that are asked over HTTP. */
function overHttp(server: Server, own: Pick<Record<Provocation, Answer>, 'quota' | 'billing'>) {
  const good = answers.picture(small);
  const provocations: Record<Provocation, Answer> = {
    refused: answers.refusal('IMAGE_SAFETY'),
    no_image: answers.refusal('NO_IMAGE'),
    overloaded: answers.overloaded(),
    endless: answers.hang(),
    slow: answers.slow(300, good),
    ...own,
  };
  let before = 0;
  server.always(good);
  return {
    provoke(what: Provocation) {
      before = server.requests.length;
      server.always(provocations[what]);
      return '';
    },
    calm: () => server.always(good),
    underWay: () => vi.waitFor(() => expect(server.requests.length).toBeGreaterThan(before), { timeout: 10_000 }),
    lastRequest() {
      const request = server.requests.at(-1);
      const contents: unknown = typeof request?.body === 'object' && request.body !== null ? Reflect.get(request.body, 'contents') : [];
      return { images: request?.images.length ?? 0, turns: Array.isArray(contents) ? contents.length : 0 };
    },
    requests: () => server.requests.length,
  };
}

const ofGemini = { quota: answers.rateLimited(34), billing: answers.quotaZero() };

async function startGeminiUpstream(): Promise<Upstream> {
  const google = await startGoogle();
  return { ...overHttp(google, ofGemini), backend: 'gemini', env: withKey(google), close: () => google.close() };
}

/** Its own name, https, and a proxy with a password that opens the connection; nothing is reached past it. */
async function startProxiedUpstream(): Promise<Upstream> {
  const google = await startGoogle();
  const user = { name: 'ada', password: 'proxy-p@ssw0rd!' };
  const company = await startCompany({ hosts: { 'generativelanguage.googleapis.com': google.url }, user });
  return {
    ...overHttp(google, ofGemini),
    backend: 'gemini',
    env: { ...company.env, GEMINI_API_KEY: testKey },
    async close() {
      expect(new Set(company.connects)).toEqual(new Set(['generativelanguage.googleapis.com:443']));
      await Promise.all([company.close(), google.close()]);
    },
  };
}

async function startVertexUpstream(): Promise<Upstream> {
  const vertex = await startVertex();
  const own = { quota: vertexAnswers.rateLimited(), billing: vertexAnswers.billingDisabled() };
  return { ...overHttp(vertex, own), backend: 'vertex', env: vertex.env, close: () => vertex.close() };
}

async function startStandinUpstream(): Promise<Upstream> {
  const words: Record<Provocation, string> = {
    refused: 'standin:blocked',
    no_image: 'standin:no-image',
    quota: 'standin:quota',
    billing: 'standin:billing',
    overloaded: 'standin:overloaded',
    endless: 'standin:slow=600',
    slow: 'standin:slow=0.3',
  };
  return {
    backend: 'standin',
    env: { LIMNER_BACKEND: 'standin' },
    provoke: (what) => ` ${words[what]}`,
    calm: () => undefined,
    underWay: async () => undefined,
    lastRequest: () => undefined,
    requests: () => 0,
    close: async () => undefined,
  };
}

const upstreams = [
  ['Gemini', startGeminiUpstream],
  ['Gemini through a proxy with a certificate authority of its own', startProxiedUpstream],
  ['Vertex AI', startVertexUpstream],
  ['the stand-in', startStandinUpstream],
] as const;

const isPaid = ({ backend }: Upstream) => backend !== 'standin';

/** Decodes every pixel of a file; throws for what is no whole picture. */
async function decode(path: string | undefined) {
  const { info } = await sharp(await readFile(path ?? ''), { failOn: 'truncated' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return info;
}

/** What every tool promises, whoever makes the pictures: through a real client, over stdio. One server for all of it, as hosts have it. */
describe.for(upstreams)('the tools on %s', ([, startUpstream]) => {
  let upstream: Upstream;
  let computer: Computer;
  let limner: Limner;
  beforeAll(async () => {
    [upstream, computer] = await Promise.all([startUpstream(), makeComputer()]);
    limner = await startLimner(computer, { env: { ...upstream.env, LIMNER_TIMEOUT_MS: '20000' } });
  });
  afterAll(async () => {
    await limner.close();
    await upstream.close();
  });

  test('generate, edit with its conversation, compose: files, facts and costs', async () => {
    const made = await limner.call('generate_image', { prompt: 'A red fox', aspect_ratio: '4:3', output: 'fox.jpg' });
    expect(made.isError, made.text).toBe(false);
    expect(made.facts).toMatchObject({ backend: upstream.backend, images: [{ path: join(computer.project, 'fox.jpg') }] });
    expect(made.previews.length).toBeGreaterThan(0);
    await decode(made.facts?.images[0]?.path);
    const dollars = made.facts?.cost.dollars ?? -1;
    expect(isPaid(upstream) ? dollars > 0.03 && dollars < 0.05 : dollars === 0).toBe(true);

    const edited = await limner.call('edit_image', { prompt: 'Make it blue', image: 'fox.jpg', output: 'blue.png' });
    expect(edited.isError, edited.text).toBe(false);
    expect((await decode(edited.facts?.images[0]?.path)).width).toBeGreaterThan(0);
    if (isPaid(upstream)) expect(upstream.lastRequest()).toEqual({ images: 0, turns: 3 });

    await computer.write('hat.png', await photo(300, 200));
    const composed = await limner.call('compose_images', {
      prompt: 'The fox of image 1 in the hat of image 2',
      images: ['fox.jpg', 'hat.png'],
      count: 2,
    });
    expect(composed.isError, composed.text).toBe(false);
    expect(composed.facts?.images).toHaveLength(2);
    if (isPaid(upstream)) expect(upstream.lastRequest()).toEqual({ images: 2, turns: 1 });
  });

  test('exact files, and an edit of one region', async () => {
    const exact = await limner.call('generate_image', { prompt: 'A banner', width: 200, height: 100, format: 'webp', max_kb: 40 });
    expect(exact.isError, exact.text).toBe(false);
    expect(await decode(exact.facts?.images[0]?.path)).toMatchObject({ width: 200, height: 100 });
    await computer.write('photo.png', await photo(320, 240));
    const region = await limner.call('edit_image', { prompt: 'A hat here', image: 'photo.png', region: 'top left' });
    expect(region.isError, region.text).toBe(false);
    await decode(region.facts?.images[0]?.path);
  });

  test.for([
    ['refused', undefined],
    ['no_image', undefined],
    ['quota', 34],
    ['billing', undefined],
    ['overloaded', 60],
  ] as const)('%s is an error that explains itself, and no file', async ([code, retryAfterSeconds]) => {
    const words = upstream.provoke(code);
    const failed = await limner.call('generate_image', { prompt: `A fox for ${code}${words}`, output: `${code}.jpg` });
    upstream.calm();
    expect([failed.isError, failed.code]).toEqual([true, code]);
    expect(failed.text.length).toBeGreaterThan(60);
    if (retryAfterSeconds !== undefined) expect(failed.text).toMatch(new RegExp(`${retryAfterSeconds} s|in a minute`));
  });

  test('what cannot work is refused before anything is sent', async () => {
    const before = upstream.requests();
    for (const args of [{ prompt: '' }, { prompt: 'A fox', resolution: '9K' }, { prompt: 'A fox', model: 'lite', web_search: true }])
      expect((await limner.call('generate_image', args)).isError).toBe(true);
    const planned = await limner.call('generate_image', { prompt: 'A fox', dry_run: true });
    expect([planned.isError, upstream.requests()]).toEqual([false, before]);
  });

  test('a call that was cancelled leaves its picture to the same call again', async () => {
    const args = { prompt: `A fox that is late${upstream.provoke('slow')}`, output: 'late.jpg' };
    const cancel = new AbortController();
    const asked = limner.call('generate_image', args, { signal: cancel.signal, onprogress: () => undefined });
    await upstream.underWay();
    if (isPaid(upstream)) cancel.abort();
    await asked.catch(() => undefined);
    upstream.calm();
    const count = upstream.requests();
    const again = await limner.call('generate_image', { ...args, ...(isPaid(upstream) ? {} : { overwrite: true }) });
    expect(again.isError, again.text).toBe(false);
    await decode(again.facts?.images[0]?.path);
    // Nothing was asked for twice.
    expect(upstream.requests()).toBe(count);
  });

  test('a call ends when its time is over, and says so', async () => {
    const limner = await startLimner(computer, { env: { ...upstream.env, LIMNER_TIMEOUT_MS: '1500' } });
    const late = await limner.call('generate_image', { prompt: `A fox without end${upstream.provoke('endless')}` });
    upstream.calm();
    expect([late.code, late.text]).toEqual([
      'timeout',
      expect.stringMatching(/not ready in time|not done when the time for the call was over/),
    ]);
    await limner.close();
  });
});
