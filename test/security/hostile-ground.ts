import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, lstat, mkdir, readdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join, relative } from 'node:path';
import sharp from 'sharp';
import { type Computer, photo } from '../fixtures.ts';

/** In everything private; must never be met again. */
export const canary = 'CANARY-7f3a91c5';

/** A person's computer with secrets, and a project somebody has filled with links and odd files. */
export interface HostileGround {
  project: string;
  /** Beside the project and not allowed, as is its twin by the first letters. */
  outside: string;
  twin: string;
  home: string;
  close(): Promise<void>;
}

/** A picture whose pixels and whose text are private. */
async function privatePicture(): Promise<Buffer> {
  const picture = sharp({ create: { width: 61, height: 47, channels: 3, background: '#c0ffee' } });
  return picture
    .withExif({ IFD0: { ImageDescription: canary } })
    .png()
    .toBuffer();
}

async function put(path: string, bytes: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
}

const secrets = ['.ssh/id_rsa', '.ssh/id_ed25519', '.aws/credentials', '.env', '.bashrc', '.gitconfig', '.netrc', '.npmrc', 'notes.txt'];

export async function makeHostileGround({ project, home }: Computer): Promise<HostileGround> {
  const [outside, twin] = [join(home, 'outside'), `${project}-evil`];
  const secret = await privatePicture();
  for (const name of secrets) await put(join(home, name), `${canary} of ${name}\n`);
  for (const folder of [outside, twin, join(outside, 'deeper'), join(home, 'Pictures')]) await put(join(folder, 'private.png'), secret);
  const links = {
    'link-file.png': join(outside, 'private.png'),
    'link-chain.png': join(project, 'link-file.png'),
    'link-rel-up.png': '../outside/private.png',
    'link-live.png': join(outside, 'private.png'),
    'link-dangling.png': join(outside, 'not-there.png'),
    'link-loop.png': join(project, 'link-loop.png'),
    'link-proc.png': '/proc/self/environ',
    'link-dir': outside,
    'link-dangling-dir': join(outside, 'no-such-folder'),
    'link-abs-etc': '/etc',
    'link-home': home,
    'link-root': '/',
  };
  for (const [name, target] of Object.entries(links)) await symlink(target, join(project, name));
  const plain = await photo(64, 48);
  await put(join(project, 'existing.png'), plain);
  await put(join(project, 'sub', 'inside.png'), plain);
  await put(join(project, 'notes.txt'), `${canary} of a text\n`);
  await put(join(project, '.env'), `${canary} of the project\n`);
  await put(join(project, 'id_rsa.png'), `-----BEGIN OPENSSH PRIVATE KEY-----\n${canary}\n`);
  await put(join(project, 'passwd.jpg'), `root:x:0:0:${canary}\n`);
  await put(join(project, 'growing.png'), `${canary}\n`.repeat(1000));
  await put(join(project, 'png-head-then-secrets.png'), Buffer.concat([plain.subarray(0, 16), Buffer.from(canary.repeat(20))]));
  await put(join(project, 'file-as-dir.png'), plain);
  await put(join(project, 'polyglot-tail.png'), Buffer.concat([plain, Buffer.from(`\n${canary}\n`)]));
  const located = sharp(plain).withExif({
    IFD0: { ImageDescription: canary },
    IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 0/1' },
  });
  await put(join(project, 'exif-gps.jpg'), await located.jpeg().toBuffer());
  await put(join(project, 'sparse-20g.png'), '');
  await truncate(join(project, 'sparse-20g.png'), 20e9);
  for (const folder of ['dir.png', 'existing-dir.png', 'readonly-dir', '.git/hooks', '.ssh'])
    await mkdir(join(project, folder), { recursive: true });
  // Root may read everything, so what it is refused here is a file that is no picture.
  await put(join(project, 'no-permission.png'), process.getuid?.() === 0 ? canary : plain);
  await chmod(join(project, 'no-permission.png'), 0);
  await chmod(join(project, 'readonly-dir'), 0o555);
  execFileSync('mkfifo', [join(project, 'fifo.png')]);
  const socket = createServer().listen(join(project, 'socket.png'));
  await once(socket, 'listening');
  return {
    ...{ project, outside, twin, home },
    async close() {
      socket.close();
      await once(socket, 'close');
    },
  };
}

/** Every entry below a folder, with all that a write would change. Links are not followed. */
export async function snapshot(folder: string, leaveOut: readonly string[] = []): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (leaveOut.includes(path)) continue;
    const { mode, size, mtimeMs, ino } = await lstat(path);
    // Sockets and pipes have nothing in them, and a folder changes with what is in it, which is listed.
    found.set(path, entry.isDirectory() ? `folder ${mode}` : `${mode} ${size} ${mtimeMs} ${ino}`);
    if (entry.isDirectory()) for (const [below, facts] of await snapshot(path, leaveOut)) found.set(below, facts);
  }
  return found;
}

/** What is there now and was not, or is not what it was, as paths from `start`. */
export function changesBetween(start: string, before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path)).map((path) => relative(start, path));
}

/** True when any file below a folder holds the canary. */
export async function holdsCanary(folder: string): Promise<boolean> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])) {
    if (entry.isFile() && (await readFile(join(entry.parentPath, entry.name))).includes(canary)) return true;
  }
  return false;
}
