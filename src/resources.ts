import { type McpServer, ResourceTemplate } from '@modelcontextprotocol/server';
import type { Deps } from './tool.ts';

export const imagesUri = 'limner://images';

/** Pictures in the catalogue. */
export const catalogued = 50;

/**
 * Registers what a host can browse: `limner://images`, the recent pictures as JSON, and `limner://images/{id}`, the bytes of one as the model returned
 * them. Everything is read from disk anew for each request, so pictures of other servers on the same state folder are among them.
 */
export function registerResources(server: McpServer, deps: Pick<Deps, 'config' | 'open'>): void {
  const catalogue = {
    title: 'Recent pictures',
    description: `The ${catalogued} newest pictures limner made, newest first: id, prompt, alt text, model, cost, path of the file, and the uri of the original.`,
    mimeType: 'application/json',
  };
  const open = async () => ({ ...(await import('./resource-contents.ts')), sources: { config: deps.config, ...(await deps.open()) } });
  server.registerResource('images', imagesUri, catalogue, async () => {
    const { readCatalogue, sources } = await open();
    return { contents: [{ uri: imagesUri, mimeType: catalogue.mimeType, text: await readCatalogue(sources) }] };
  });

  const template = new ResourceTemplate(`${imagesUri}/{id}`, {
    async list() {
      const { listOriginals, sources } = await open();
      return { resources: await listOriginals(sources) };
    },
    complete: {
      async id(typed) {
        const { completeId, sources } = await open();
        return completeId(typed, sources);
      },
    },
  });
  const original = {
    title: 'Original of a picture',
    description: 'The bytes of a picture as the model returned them, before anything was done with them.',
  };
  server.registerResource('image', template, original, async (uri, { id }) => {
    const { readOriginal, sources } = await open();
    return readOriginal(uri.href, String(id), sources);
  });
}
