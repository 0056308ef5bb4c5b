import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { type ClientRequest, get, type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import sharp from 'sharp';
import { describe, expect, vi } from 'vitest';
import { z } from 'zod';
import { built, type Computer, type Limner, photo } from './fixtures.ts';
import { answers } from './google/index.ts';
import { test as base, runCli, small } from './raw.ts';

const page = join(built, '..', 'gallery.html');

interface Gallery {
  /** The address that was printed: it ends in the token and `/`. */
  url: string;
  /** Everything that was printed. */
  printed(): { stdout: string; stderr: string };
  exit: Promise<unknown>;
  kill(): void;
}

async function startGallery(
  computer: Computer,
  args: readonly string[] = ['--no-open'],
  env: Record<string, string> = {},
): Promise<Gallery> {
  const child = spawn(process.execPath, [built, 'gallery', ...args], { cwd: computer.project, env: { ...computer.env, ...env } });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => {
    stdout += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk);
  });
  const exit = once(child, 'exit').then(([code]: unknown[]) => code);
  await vi.waitFor(() => expect(stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{32}\/\n$/), { timeout: 10_000 });
  return { url: stdout.trim(), printed: () => ({ stdout, stderr }), exit, kill: () => void child.kill('SIGINT') };
}

const test = base.extend<{ gallery: (args?: readonly string[], env?: Record<string, string>) => Promise<Gallery> }>({
  gallery: async ({ computer }, use) => {
    const started: Gallery[] = [];
    await use(async (args, env) => {
      const gallery = await startGallery(computer, args, env);
      started.push(gallery);
      return gallery;
    });
    for (const gallery of started) gallery.kill();
    await Promise.all(started.map(({ exit }) => exit));
  },
});

interface Answer {
  status: number | undefined;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

/** A request as it is, without a client that tidies its path. */
async function ask(url: string, path: string, options: { method?: string; headers?: Record<string, string> } = {}): Promise<Answer> {
  const { hostname, port } = new URL(url);
  const asking: ClientRequest = request({ hostname, port, path, ...options }).end();
  const [answer]: IncomingMessage[] = await once(asking, 'response');
  if (answer === undefined) throw new Error('no answer');
  return { status: answer.statusCode, headers: answer.headers, body: await buffer(answer) };
}

const below = (url: string, path: string) => ask(url, new URL(url).pathname + path);

const listing = z.object({ images: z.array(z.looseObject({ id: z.string(), prompt: z.string(), parents: z.array(z.string()) })) });
const readList = async (url: string, path: string) => listing.parse(JSON.parse((await below(url, path)).body.toString())).images;

/** Keeps the page open as a browser does, until what is returned is called. */
async function visit(url: string): Promise<() => void> {
  const staying = get(`${url}open`);
  await once(staying, 'response');
  return () => staying.destroy();
}

test('the page is one file below 20 kB that loads nothing and holds nothing that runs by itself', async () => {
  const html = await readFile(page, 'utf8');
  expect(Buffer.byteLength(html)).toBeLessThan(20_000);
  expect(html).not.toMatch(
    /\bsrc="|<link(?! rel="icon" href="data:,")|@import|url\(|\son\w+=|https?:\/\/|\beval\(|new Function|localStorage|sessionStorage|indexedDB|innerHTML|document\.cookie/,
  );
  expect([html.match(/<script>/g), html.match(/<style>/g), html.match(/<\/script>/g)].map((found) => found?.length)).toEqual([1, 1, 1]);
});

test('the paid tools name the page, which is served with what hosts ask for', async ({ limner }) => {
  const { tools } = await limner.client.listTools();
  const uri = 'ui://limner/gallery.html';
  expect(tools.map(({ name, _meta }) => [name, _meta?.ui])).toEqual([
    ['generate_image', { resourceUri: uri }],
    ['edit_image', { resourceUri: uri }],
    ['compose_images', { resourceUri: uri }],
    ['export_image', undefined],
  ]);
  const { contents } = await limner.client.readResource({ uri });
  expect(contents).toEqual([
    {
      uri,
      mimeType: 'text/html;profile=mcp-app',
      text: await readFile(page, 'utf8'),
      _meta: { ui: { prefersBorder: true, permissions: { clipboardWrite: {} } } },
    },
  ]);
});

async function readView({ client }: Limner, id: string, view: string) {
  const [content] = (await client.readResource({ uri: `limner://images/${id}/${view}` })).contents;
  if (content === undefined) throw new Error('no content');
  return 'blob' in content
    ? { mimeType: content.mimeType, bytes: Buffer.from(content.blob, 'base64') }
    : { mimeType: content.mimeType, text: content.text };
}

describe('views of a picture', () => {
  test('the file as it was delivered, the original where that is gone, and a small picture of either', async ({ limner, google }) => {
    google.always(answers.picture({ width: 1408, height: 768, signatureBytes: 0 }));
    const { file } = await limner.call('generate_image', { prompt: 'A fox', output: 'fox.webp', width: 640, height: 640 });
    const delivered = await readView(limner, file.id, 'file');
    expect(delivered).toEqual({ mimeType: 'image/webp', bytes: await readFile(file.path) });
    const preview = await readView(limner, file.id, 'preview');
    expect(await sharp(preview.bytes).metadata()).toMatchObject({ format: 'jpeg', width: 512, height: 512 });
    expect(preview.bytes?.length).toBeLessThan(90_000);

    await writeFile(file.path, await photo(640, 640, 'webp'));
    expect((await readView(limner, file.id, 'file')).mimeType).toBe('image/jpeg');
    expect(await sharp((await readView(limner, file.id, 'preview')).bytes).metadata()).toMatchObject({ width: 512, height: 279 });
    await rm(file.path);
    expect(await sharp((await readView(limner, file.id, 'file')).bytes).metadata()).toMatchObject({ width: 1408, height: 768 });
  });

  test('a history goes back to the first picture, and tells every branch', async ({ limner, google }) => {
    google.always(answers.picture(small));
    const edit = async (prompt: string, image: string) => (await limner.call('edit_image', { prompt, image })).file.id;
    const first = (await limner.call('generate_image', { prompt: 'A fox' })).file.id;
    await limner.call('generate_image', { prompt: 'Something else' });
    const [winter, autumn] = [await edit('Winter', first), await edit('Autumn', first)];
    const cabin = await edit('A cabin', winter);
    for (const id of [first, winter, autumn, cabin]) {
      const history = listing.parse(JSON.parse((await readView(limner, id, 'history')).text ?? '')).images;
      expect(history.map((each) => [each.id, each.prompt, each.after])).toEqual([
        [first, 'A fox', null],
        [winter, 'Winter', first],
        [autumn, 'Autumn', first],
        [cabin, 'A cabin', winter],
      ]);
    }
  });

  test('what is no picture or no view of one is refused in words', async ({ limner, google, computer }) => {
    google.always(answers.picture(small));
    const { file } = await limner.call('generate_image', { prompt: 'A fox' });
    await expect(readView(limner, file.id, 'secrets')).rejects.toThrow('A picture has preview, file, history, not "secrets".');
    for (const view of ['preview', 'file', 'history']) {
      await expect(readView(limner, 'img_aaaaaaaaaaaaaaaa', view), view).rejects.toThrow('limner knows no picture');
      await expect(readView(limner, '..%2f..%2fetc', view), view).rejects.toMatchObject({ code: -32602 });
    }
    await rm(file.path);
    await rm(join(computer.state, 'images', `${file.id}.jpg`));
    for (const view of ['preview', 'file'])
      await expect(readView(limner, file.id, view), view).rejects.toThrow(/is gone too; make it again/);
  });
});

describe('limner gallery', () => {
  test('serves the archive, newest first, with each picture small, whole and in its history', async ({ limner, google, gallery }) => {
    google.always(answers.picture(small));
    const fox = (await limner.call('generate_image', { prompt: 'A fox', output: 'fox.webp' })).file;
    const winter = (await limner.call('edit_image', { prompt: 'Winter', image: fox.id })).file;
    const { url } = await gallery();
    const html = await below(url, '');
    expect([html.status, html.headers['content-type'], html.body.equals(await readFile(page))]).toEqual([
      200,
      'text/html; charset=utf-8',
      true,
    ]);
    expect((await readList(url, 'images?from=0')).map(({ id, prompt }) => [id, prompt])).toEqual([
      [winter.id, 'Winter'],
      [fox.id, 'A fox'],
    ]);
    expect((await readList(url, `images/${winter.id}/history`)).map(({ id, after }) => [id, after])).toEqual([
      [fox.id, null],
      [winter.id, fox.id],
    ]);
    const whole = await below(url, `images/${fox.id}/file`);
    expect([whole.headers['content-type'], whole.body.equals(await readFile(fox.path))]).toEqual(['image/webp', true]);
    expect(await sharp((await below(url, `images/${fox.id}/preview`)).body).metadata()).toMatchObject({
      format: 'jpeg',
      ...{ width: 256, height: 192 },
    });
  });

  test('lets nobody in who does not know the token, by this computer’s own name', async ({ gallery }) => {
    const { url } = await gallery();
    const { pathname, host, port } = new URL(url);
    const token = pathname.slice(1, -1);
    for (const path of [
      '/',
      '/x',
      `/${token.slice(1)}/`,
      `/${token}x/`,
      `/${'0'.repeat(32)}/`,
      `/${token.toUpperCase()}0/`,
      '/images?from=0',
      `//${token}/`,
      `/?${token}`,
      '/favicon.ico',
    ])
      expect((await ask(url, path)).status, path).toBe(403);
    for (const name of [
      'evil.example',
      `evil.example:${port}`,
      '127.0.0.1',
      `127.0.0.1.evil.example:${port}`,
      `[::1]:${port}`,
      `127.0.0.1:${Number(port) + 1}`,
    ])
      expect((await ask(url, pathname, { headers: { host: name } })).status, name).toBe(403);
    expect((await ask(url, pathname, { headers: { host: `localhost:${port}` } })).status).toBe(200);
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH']) {
      const answer = await ask(url, pathname, { method });
      expect([answer.status, answer.headers.allow], method).toEqual([405, 'GET']);
    }
    const { headers } = await ask(url, pathname, { headers: { host, origin: 'https://evil.example' } });
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    expect(headers).toMatchObject({
      'content-security-policy': expect.stringMatching(
        /^default-src 'none'; script-src 'sha256-[\w+/]{43}='; style-src 'sha256-[\w+/]{43}='; .*frame-ancestors 'none'$/,
      ),
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'cross-origin-resource-policy': 'same-origin',
    });
    await expect(ask(url.replace('127.0.0.1', '127.0.0.2'), pathname)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('gives pictures of the archive and nothing else, whatever the path', async ({ limner, google, gallery, computer }) => {
    google.always(answers.picture(small));
    const { id } = (await limner.call('generate_image', { prompt: 'A fox' })).file;
    await computer.write('secret.txt', 'secret');
    const { url } = await gallery();
    const token = new URL(url).pathname;
    for (const path of [
      'images/img_aaaaaaaaaaaaaaaa/file',
      `images/${id}`,
      `images/${id}/`,
      `images/${id}/json`,
      `images/${id}.json/file`,
      `images/../${id}/file/x`,
      'images/..%2f..%2fsecret.txt/file',
      `images/${id}%00/file`,
      `images/${encodeURIComponent(join(computer.project, 'secret.txt'))}/file`,
      'index.js',
      'gallery.html',
      'images/',
      'open/x',
    ]) {
      const { status, body } = await ask(url, token + path);
      expect([status, body.toString()], path).toEqual([404, 'There is no such picture, or its files are gone.\n']);
    }
    for (const path of [
      '/../../../../etc/passwd',
      '/..%2f..%2fetc%2fpasswd',
      `${token}../../etc/passwd`,
      `${token}%2e%2e/%2e%2e/etc/passwd`,
    ])
      expect((await ask(url, path)).status, path).toBe(403);
    for (const from of ['-1', 'x', '1e99', '0.5', '']) expect(await readList(url, `images?from=${from}`), from).toMatchObject([{ id }]);
    expect(await readList(url, 'images?from=1')).toEqual([]);
  });

  test('ends some seconds after the last page is closed, not when one is loaded anew, and says what happened', async ({ gallery }) => {
    const { url, exit, printed } = await gallery();
    const [one, other] = [await visit(url), await visit(url)];
    one();
    const again = await visit(url);
    other();
    again();
    const reloaded = await visit(url);
    expect((await below(url, '')).status).toBe(200);
    const closed = performance.now();
    reloaded();
    expect(await exit).toBe(0);
    expect(performance.now() - closed).toBeGreaterThan(2000);
    expect(printed().stderr).toMatch(/Only this computer can open it\..*\nThe page was closed\.\n$/);
    await expect(below(url, '')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('opens a browser at an address that works once, and that is not the one with the token', async ({ gallery, computer }) => {
    const bin = join(computer.home, 'bin');
    const asked = await computer.write('../bin/asked', '');
    const opener = await computer.write('../bin/xdg-open', `#!/bin/sh\necho "$@" > ${asked}\n`);
    await import('node:fs/promises').then(({ chmod }) => chmod(opener, 0o755));
    const { url, printed } = await gallery([], { PATH: `${bin}:${process.env.PATH ?? ''}` });
    const once = await vi.waitFor(async () => {
      const text = (await readFile(asked, 'utf8')).trim();
      expect(text).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{32}$/);
      return text;
    });
    expect(url).not.toContain(once);
    const path = new URL(once).pathname;
    expect(await ask(url, path)).toMatchObject({ status: 303, headers: { location: new URL(url).pathname } });
    expect((await ask(url, path)).status).toBe(403);
    expect(printed().stderr).not.toMatch(/No browser/);
  });

  test('says what to do where no browser can be started', async ({ gallery }) => {
    const { printed } = await gallery([], { PATH: '/nowhere' });
    await vi.waitFor(() => expect(printed().stderr).toMatch(/No browser could be started: open the address yourself\./));
  });

  test('refuses arguments it does not know, and a port that is taken, in words', async ({ gallery, computer }) => {
    const { url } = await gallery();
    const { port } = new URL(url);
    expect(await runCli(computer, ['gallery', '--no-open', '--port', port])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining(`Port ${port} cannot be used`),
    });
    for (const [args, words] of [
      [['--port', 'x'], '--port is "x"; it must be a whole number up to 65535'],
      [['--port', '70000'], '--port is "70000"'],
      [['--public'], "Unknown option '--public'"],
      [['x'], 'Unexpected argument'],
    ] as const)
      expect(await runCli(computer, ['gallery', ...args]), args.join(' ')).toMatchObject({
        code: 2,
        stdout: '',
        stderr: expect.stringContaining(words),
      });
    expect(await runCli(computer, ['gallery', '--help'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Usage: limner gallery/),
    });
  });

  test('ten thousand pictures are there within a second, some at a time', async ({ limner, google, gallery, computer }) => {
    google.always(answers.picture(small));
    const { id } = (await limner.call('generate_image', { prompt: 'A fox' })).file;
    await fillArchive(computer, id, 10_000);
    // What the archive finds pictures by is made anew with the first look, as after a restore; the process after it has it.
    await readList((await gallery()).url, 'images?from=0');
    const { url } = await gallery();
    const started = performance.now();
    const [html, first] = [await below(url, ''), await readList(url, 'images?from=0')];
    expect(performance.now() - started).toBeLessThan(1000);
    expect([html.status, first.length]).toEqual([200, 60]);
    const seen = new Set(first.map((each) => each.id));
    for (let from = 60; from < 600; from += 60) for (const each of await readList(url, `images?from=${from}`)) seen.add(each.id);
    expect(seen.size).toBe(600);
  });
});

/** Copies a picture of the archive under other ids, at earlier times. */
async function fillArchive({ state }: Computer, id: string, count: number): Promise<void> {
  const folder = join(state, 'images');
  const record = await readFile(join(folder, `${id}.json`), 'utf8');
  const at = Date.parse(z.object({ at: z.string() }).parse(JSON.parse(record)).at);
  const letters = 'abcdefghijklmnopqrstuvwxyz234567';
  const toLetters = (number: number) => [1024 * 32, 1024, 32, 1].map((place) => letters[Math.floor(number / place) % 32]).join('');
  for (let start = 1; start < count; start += 500) {
    const numbers = Array.from({ length: Math.min(500, count - start) }, (_, index) => start + index);
    await Promise.all(
      numbers.map(async (number) => {
        const other = `${id.slice(0, -4)}${toLetters(number)}`;
        const copy = record.replaceAll(id, other).replace(/"at": "[^"]+"/, `"at": "${new Date(at - number * 60_000).toISOString()}"`);
        await writeFile(join(folder, `${other}.json`), copy);
        if (number < 3) await copyFile(join(folder, `${id}.jpg`), join(folder, `${other}.jpg`));
      }),
    );
  }
}
