import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { expect } from 'vitest';
import { z } from 'zod';
import { toAnswer } from '../answer.ts';
import { test } from '../fixtures.ts';
import { startRegistry } from './registry.ts';
import { inFolder, root } from './tools.ts';

const servers = z.object({ mcpServers: z.object({ limner: z.object({ command: z.string(), args: z.array(z.string()) }) }) });

for (const manifest of ['.claude-plugin/plugin.json', 'gemini-extension.json']) {
  test(`what ${manifest} starts is the package from npm, and makes a picture`, async ({ computer }) => {
    const { limner } = servers.parse(JSON.parse(await readFile(join(root, manifest), 'utf8'))).mcpServers;
    await inFolder('npx', async (folder) => {
      const registry = await startRegistry(root, folder);
      const env = {
        ...computer.env,
        LIMNER_BACKEND: 'standin',
        npm_config_registry: registry.url,
        npm_config_cache: join(folder, 'cache'),
      };
      const client = new Client({ name: 'packages-test', version: '1' });
      await client.connect(new StdioClientTransport({ ...limner, cwd: computer.project, env }), { timeout: 120_000 });
      const made = toAnswer(await client.callTool({ name: 'generate_image', arguments: { prompt: 'A fox' } }));
      expect(made.isError).toBe(false);
      expect(await readFile(made.file.path)).toHaveLength(made.file.bytes);
      await client.close();
      await registry.close();
      expect(registry.asked).toContain('limner');
    });
  });
}
