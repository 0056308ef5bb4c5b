import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { toAnswer } from '../answer.ts';
import { buildImage, type Image } from './image.ts';
import { makeFolder, root } from './tools.ts';

/** Who a container runs as, and the home Docker gives that user. */
interface User {
  id: string;
  home: string;
}

/**
 * How bubblewrap starts what `docker run -i --rm --read-only --tmpfs /tmp --cap-drop ALL --network none --user … -v project:project -w project` does: the files of the
 * image under their own names, nothing to write to but the volumes, and nothing of this machine's environment.
 */
function toContainer(image: Image, user: User, project: string, state: string) {
  // The Node of the image stands first in its PATH.
  const env = { PATH: '/opt:/usr/bin:/bin', HOME: user.home, ...image.env, LIMNER_BACKEND: 'standin' };
  const [node = '', ...args] = image.entrypoint;
  return {
    command: 'bwrap',
    args: [
      ...['--unshare-all', '--die-with-parent', '--cap-drop', 'ALL', '--uid', user.id, '--gid', user.id, '--clearenv'],
      ...Object.entries(env).flatMap(([name, value]) => ['--setenv', name, value]),
      ...['/usr', '/bin', '/lib', '/lib64'].flatMap((path) => ['--ro-bind-try', path, path]),
      ...['--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp', '--dir', '/home/node', '--ro-bind', process.execPath, '/opt/node'],
      ...['--ro-bind', join(image.files, 'app'), '/app', '--bind', state, '/state', '--bind', project, project],
      ...['--remount-ro', '/', '--chdir', project, node, ...args],
    ],
  };
}

let folder: Awaited<ReturnType<typeof makeFolder>>;
let image: Image;
beforeAll(async () => {
  folder = await makeFolder('image');
  image = await buildImage(root, folder.path);
});
afterAll(() => folder.remove());

test('the Dockerfile puts what was built and what it needs into the image, and nothing else', async () => {
  const start = { user: 'node', workdir: '/pictures', entrypoint: ['node', '/app/dist/index.js'], volumes: ['/state', '/pictures'] };
  expect(image).toMatchObject(start);
  expect((await readdir(join(image.files, 'app'))).sort()).toEqual(['LICENSE', 'dist', 'node_modules', 'package.json']);
  const modules = (await readdir(join(image.files, 'app', 'node_modules'))).filter((name) => !name.startsWith('.'));
  expect(modules.sort()).toEqual(['@img', 'detect-libc', 'semver', 'sharp']);
});

for (const [name, user] of [
  ['the user of the image', { id: '1000', home: '/home/node' }],
  ['a user the image does not know', { id: '4321', home: '/' }],
] as const) {
  test(`as ${name} it starts with nothing to write to but its volumes, and makes a picture`, async () => {
    const [project, state] = [join(folder.path, `site-${user.id}`), join(folder.path, `state-${user.id}`)];
    for (const volume of [project, state]) await mkdir(volume);
    const client = new Client({ name: 'packages-test', version: '1' });
    const transport = new StdioClientTransport({ ...toContainer(image, user, project, state), stderr: 'pipe' });
    let log = '';
    transport.stderr?.on('data', (chunk) => {
      log += String(chunk);
    });
    await client.connect(transport);
    const call = async (tool: string, args: Record<string, unknown>) => toAnswer(await client.callTool({ name: tool, arguments: args }));
    const made = await call('generate_image', { prompt: 'A fox', output: 'fox.png', width: 300 });
    expect({ isError: made.isError, log }).toEqual({ isError: false, log: '' });
    // Mounted under its own name, a file is on the host where the answer says.
    expect(made.file.path).toBe(join(project, 'fox.png'));
    expect(await readFile(made.file.path)).toHaveLength(made.file.bytes);
    expect((await readdir(state)).sort()).toEqual(expect.arrayContaining(['images', 'ledger']));
    expect((await call('export_image', { images: [made.file.path], output: join(folder.path, 'outside.png') })).code).toBe('not_allowed');
    await client.close();
  });
}
