import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { photo } from '../fixtures.ts';
import { openGround } from './ground.ts';
import { report } from './report.ts';

test('a server speaks to Google and to nobody else', async () => {
  const ground = await openGround();
  const computer = await ground.makeComputer();
  await computer.write('photo.png', await photo(320, 240));
  const log = join(computer.home, 'connects');
  const strace = ['strace', '-f', '-qq', '-o', log, '-e', 'trace=connect,bind,sendto'];
  const prey = await ground.start(computer, { wrap: strace, env: { LIMNER_PREVIEW: '512' } });
  const calls = [
    ['generate_image', { prompt: 'A red fox' }],
    ['edit_image', { prompt: 'At night', image: 'photo.png' }],
    ['export_image', { images: ['photo.png'], width: 64, output: 'small.png' }],
  ] as const;
  for (const [tool, args] of calls) {
    const answer = await prey.call(tool, args);
    expect(answer?.isError, answer?.text ?? prey.log()).toBe(false);
  }
  await prey.close();
  const lines = (await readFile(log, 'utf8')).split('\n').filter((line) => /AF_INET|AF_PACKET|AF_NETLINK/.test(line));
  const google = `sin_port=htons(${new URL(ground.google.url).port}), sin_addr=inet_addr("127.0.0.1")`;
  const others = lines.filter((line) => !line.includes(google));
  report(`network: ${lines.length} connections, ${others.length} of them not to Google's address`);
  expect(lines.length).toBeGreaterThan(0);
  expect(others).toEqual([]);
  await ground.close();
});
