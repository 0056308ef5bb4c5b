import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { drawFox, exportOne } from './pictures.ts';

const run = promisify(execFile);
const built = pathToFileURL(join(import.meta.dirname, '..', '..', 'build')).href;

/** Exports in a process of its own and prints a digest for each file. */
const script = `
  import { createHash } from 'node:crypto';
  import { readFile } from 'node:fs/promises';
  import { exportOne } from '${built}/export/make.js';
  import { inspect } from '${built}/image/inspect.js';
  const bytes = await readFile(process.env.PICTURE);
  const source = { name: 'fox.png', stem: 'fox', bytes, facts: await inspect(bytes, 'fox.png'), sourceType: 'trainedAlgorithmicMedia' };
  for (const preset of ['favicon', 'pwa', 'ios', 'android']) {
    const { files } = await exportOne(source, { preset }, true);
    for (const { name, bytes } of files) console.log(name, createHash('sha256').update(bytes).digest('hex'));
  }
`;

test('icons are the same to the byte on a machine without fonts', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'limner-fonts-'));
  try {
    const fox = await drawFox();
    await writeFile(join(folder, 'fox.png'), fox);
    await writeFile(join(folder, 'fonts.conf'), `<?xml version="1.0"?><fontconfig><cachedir>${folder}</cachedir></fontconfig>`);
    const env = { ...process.env, PICTURE: join(folder, 'fox.png'), FONTCONFIG_FILE: join(folder, 'fonts.conf') };
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { env });
    const here: string[] = [];
    for (const preset of ['favicon', 'pwa', 'ios', 'android'] as const) {
      const { files } = await exportOne('fox.png', fox, { preset });
      here.push(...files.map(({ name, bytes }) => `${name} ${createHash('sha256').update(bytes).digest('hex')}`));
    }
    expect(stdout.trim().split('\n')).toEqual(here);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
