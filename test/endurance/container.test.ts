import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { expect, vi } from 'vitest';
import { z } from 'zod';
import { toAnswer } from '../answer.ts';
import { built, test } from '../fixtures.ts';

const script = join(dirname(built), '..', 'docs', 'container.sh');

const seen = z.object({
  written: z.record(z.string(), z.string()),
  home: z.array(z.string()),
  variables: z.array(z.string()),
  processes: z.number(),
});

/** Runs inside, before the server: tries to write, and tells what is there. */
const probe = `
import { readdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
const write = (path) => { try { writeFileSync(path, 'probe'); return 'written'; } catch ({ code }) { return code; } };
const places = { home: homedir() + '/probe', code: process.argv[1] + '.probe', system: '/usr/probe', project: 'probe', allowed: homedir() + '/artwork/probe' };
const written = Object.fromEntries(Object.entries(places).map(([name, path]) => [name, write(path)]));
const variables = Object.keys(process.env).filter((name) => /SECRET|SOCK/.test(name));
const processes = readdirSync('/proc').filter((name) => /^\\d+$/.test(name)).length;
process.stderr.write(JSON.stringify({ written, home: readdirSync(homedir()), variables, processes }) + '\\n');
`;

test('the container script runs the server with a home that is empty and read-only, and pictures arrive in the project', async ({
  computer,
}) => {
  const allowed = join(computer.home, 'artwork');
  for (const folder of ['.ssh', 'artwork']) await mkdir(join(computer.home, folder));
  await writeFile(join(computer.home, '.ssh', 'id_rsa'), 'a private key');
  await computer.write('probe.mjs', probe);
  const env = {
    ...computer.env,
    LIMNER_BACKEND: 'standin',
    LIMNER_ALLOWED_DIRS: '~/artwork:~/',
    NODE_OPTIONS: '--import ./probe.mjs',
    AWS_SECRET: 'x',
    SSH_AUTH_SOCK: '/x',
  };
  const transport = new StdioClientTransport({ command: script, cwd: computer.project, env, stderr: 'pipe' });
  let log = '';
  transport.stderr?.on('data', (chunk) => {
    log += String(chunk);
  });
  const client = new Client({ name: 'container-test', version: '1' });
  await client.connect(transport);
  const call = async (name: string, args: Record<string, unknown>) => toAnswer(await client.callTool({ name, arguments: args }));

  const made = await call('generate_image', { prompt: 'A red fox', output: 'fox.png' });
  expect(made.file.path).toBe(join(computer.project, 'fox.png'));
  expect(await readFile(made.file.path)).toHaveLength(made.file.bytes);
  expect((await call('edit_image', { prompt: 'Now in winter', image: 'fox.png' })).isError).toBe(false);
  expect((await call('edit_image', { prompt: 'Frame it', image: join(computer.home, '.ssh', 'id_rsa') })).code).toBe('not_allowed');
  expect((await call('export_image', { image: 'fox.png', output: join(allowed, 'small.webp'), width: 64 })).isError).toBe(false);
  await client.close();

  const line = await vi.waitFor(() => z.string().parse(log.split('\n').find((text) => text.startsWith('{"written"'))));
  const { written, home, variables, processes } = seen.parse(JSON.parse(line));
  expect(written).toEqual({ home: 'EROFS', code: 'EROFS', system: 'EROFS', project: 'written', allowed: 'written' });
  expect(home.sort()).toEqual(['artwork', 'project']);
  expect(variables).toEqual([]);
  expect(processes).toBeLessThanOrEqual(2);
  expect(await readdir(computer.home)).not.toContain('probe');
});
