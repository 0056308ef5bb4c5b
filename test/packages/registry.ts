import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { z } from 'zod';
import { npm } from '../../packaging/npm.ts';

/** A registry on this computer that has this limner; everything else is asked of the one npm is set up with. */
export interface Registry {
  url: string;
  /** Which packages were asked for. */
  asked: string[];
  close(): Promise<void>;
}

const packed = z.tuple([z.object({ filename: z.string(), version: z.string() })]);
const manifest = z.looseObject({ name: z.string(), version: z.string() });

/** Packs the project as it would be published and serves that; `folder` is where the package is put. */
export async function startRegistry(root: string, folder: string): Promise<Registry> {
  const [{ filename, version }] = packed.parse(
    JSON.parse(await npm(['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root)),
  );
  const tarball = await readFile(join(folder, filename));
  const about = manifest.parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')));
  const upstream = (await npm(['config', 'get', 'registry'], root)).trim();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    asked.push(decodeURIComponent(path.slice(1)));
    if (path === `/${about.name}`) return answerJson(response, toPackument());
    if (path.endsWith(`/${filename}`)) return void response.end(tarball);
    void passOn(new URL(path, upstream), response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = z.object({ port: z.number() }).parse(server.address());
  const url = `http://127.0.0.1:${address.port}/`;

  function toPackument() {
    const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
    const dist = { tarball: `${url}${about.name}/-/${filename}`, integrity };
    return { name: about.name, 'dist-tags': { latest: version }, versions: { [version]: { ...about, dist } } };
  }
  return { url, asked, close: () => new Promise((resolve) => server.close(() => resolve())) };
}

function answerJson(response: ServerResponse, body: object): void {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(body));
}

async function passOn(address: URL, response: ServerResponse): Promise<void> {
  const answer = await fetch(address);
  response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'application/octet-stream' });
  response.end(Buffer.from(await answer.arrayBuffer()));
}
