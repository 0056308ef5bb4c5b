import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import dockerignore from '@balena/dockerignore';
import { describe, expect, test as unit } from 'vitest';
import { z } from 'zod';
import { readStages, toPairs } from './packages/dockerfile.ts';

const root = join(import.meta.dirname, '..');
const readText = (path: string) => readFile(join(root, path), 'utf8');

const limnerEntry = z.object({ command: z.literal('docker'), args: z.array(z.string()), env: z.record(z.string(), z.string()) });
const dockerEntry = z.object({ mcpServers: z.object({ limner: limnerEntry }) });

describe('the image', () => {
  unit('runs as nobody special, starts what is in the package, and holds no key', async () => {
    const image = (await readStages(root)).at(-1);
    const last = (keyword: string) => image?.instructions.findLast((instruction) => instruction.keyword === keyword)?.args;
    expect(last('USER')).toEqual(['node']);
    expect(last('ENTRYPOINT')).toEqual(['node', '/app/dist/index.js']);
    expect(last('CMD')).toBeUndefined();
    expect(await readText('Dockerfile')).not.toMatch(/^(ENV|ARG) .*(KEY|TOKEN|SECRET)/m);
  });

  unit('is started by the README’s entry with its state in a volume and the project under its own name', async () => {
    const entry = [...(await readText('README.md')).matchAll(/```json\n([\s\S]*?)```/g)]
      .map(([, text = '']) => text)
      .find((text) => text.includes('docker'));
    const { args, env } = dockerEntry.parse(JSON.parse(entry ?? '')).mcpServers.limner;
    const valuesOf = (flag: string) => args.flatMap((word, at) => (args[at - 1] === flag ? [word] : []));
    const [state = '', project = ''] = valuesOf('-v').map((mount) => mount.split(':'));
    const image = (await readStages(root)).at(-1);
    expect(state[1]).toBe(toPairs(image?.instructions ?? [], 'ENV').LIMNER_STATE_DIR);
    expect(project).toEqual([valuesOf('-w')[0], valuesOf('-w')[0]]);
    expect(valuesOf('-e')).toEqual(Object.keys(env));
    expect([args[0], args.includes('-i'), args.at(-1)]).toEqual(['run', true, 'limner']);
  });

  unit('is built from what the build needs: no history, no key, nothing that was built here', async () => {
    const context = dockerignore.default().add(await readText('.dockerignore'));
    const bundled = [...(await readText('rolldown.config.ts')).matchAll(/input: \{ \w+: '([^']+)' \}/g)].map(([, path = '']) => path);
    expect(bundled.length).toBeGreaterThan(2);
    const needed = [
      ...bundled.filter((path) => !path.startsWith('build/')),
      'package.json',
      'package-lock.json',
      'src/index.ts',
      'bundle/build.js',
      'rolldown.config.ts',
      'tsconfig.build.json',
      'LICENSE',
    ];
    const unwanted = [
      '.git/config',
      '.env',
      'limner.env',
      'node_modules/sharp/package.json',
      'dist/index.js',
      'generated-images/a.png',
      'test/raw.ts',
    ];
    expect(context.filter([...needed, ...unwanted])).toEqual(needed);
  });
});
