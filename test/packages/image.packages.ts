import { mkdir, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { expect, test } from 'vitest';
import { toAnswer } from '../answer.ts';
import { buildImage, type Image } from './image.ts';
import { inFolder, root } from './tools.ts';

/**
 * Starts an image with bubblewrap as `docker run -i --rm --read-only --cap-drop ALL --network none --tmpfs /tmp -e … -v project:project -w project` does: its files under
 * their own names, nothing to write to but the volumes, nothing of this machine's environment, and a user that is nobody.
 */
function toContainer(image: Image, project: string, state: string, env: Record<string, string>) {
  const all = { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: '/home/node', ...image.env, ...env };
  const [node, ...args] = image.entrypoint;
  const mounts = ['/usr', '/bin', '/lib', '/lib64'].flatMap((path) => ['--ro-bind-try', path, path]);
  return {
    command: 'bwrap',
    args: [
      ...['--unshare-all', '--die-with-parent', '--cap-drop', 'ALL', '--uid', '1000', '--gid', '1000', '--clearenv'],
      ...Object.entries(all).flatMap(([name, value]) => ['--setenv', name, value]),
      ...mounts,
      ...['--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp', '--dir', '/home/node'],
      // The Node of the image stands first in its PATH.
      ...['--tmpfs', '/opt', '--ro-bind', process.execPath, '/opt/node', '--setenv', 'PATH', `/opt:${all.PATH}`],
      ...['--ro-bind', join(image.files, 'app'), '/app', '--bind', state, '/state', '--bind', project, project],
      ...['--remount-ro', '/', '--chdir', project, node ?? '', ...args],
    ],
  };
}

test('the Dockerfile builds an image that starts as nobody, with nothing to write to but its volumes, and makes a picture', async () => {
  await inFolder('image', async (scratch) => {
    const image = await buildImage(root, scratch);
    expect(image).toMatchObject({
      user: 'node',
      workdir: '/pictures',
      entrypoint: ['node', '/app/dist/index.js'],
      volumes: ['/state', '/pictures'],
    });
    expect((await readdir(join(image.files, 'app'))).sort()).toEqual(['LICENSE', 'dist', 'node_modules', 'package.json']);
    expect((await readdir(join(image.files, 'app', 'node_modules'))).filter((name) => !name.startsWith('.')).sort()).toEqual([
      '@img',
      'detect-libc',
      'semver',
      'sharp',
    ]);

    const [project, state] = [join(scratch, 'site'), join(scratch, 'state')];
    for (const folder of [project, state]) await mkdir(folder);
    const client = new Client({ name: 'packages-test', version: '1' });
    const transport = new StdioClientTransport({ ...toContainer(image, project, state, { LIMNER_BACKEND: 'standin' }), stderr: 'pipe' });
    let log = '';
    transport.stderr?.on('data', (chunk) => {
      log += String(chunk);
    });
    await client.connect(transport);
    const made = toAnswer(await client.callTool({ name: 'generate_image', arguments: { prompt: 'A fox', output: 'fox.png', width: 300 } }));
    expect({ isError: made.isError, log }).toEqual({ isError: false, log: '' });
    // Mounted under its own name, a file is on the host where the answer says.
    expect(made.file.path).toBe(join(project, 'fox.png'));
    expect(await readFile(made.file.path)).toHaveLength(made.file.bytes);
    expect(await readdir(join(state, 'images'))).toHaveLength(2);
    const outside = toAnswer(
      await client.callTool({ name: 'export_image', arguments: { images: [made.file.path], output: `${dirname(project)}/x.png` } }),
    );
    expect(outside.code).toBe('not_allowed');
    await client.close();
  });
});
