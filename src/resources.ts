import { type McpServer, ResourceTemplate } from '@modelcontextprotocol/server';
import { catalogued, galleryUri, imagesUri, imageTemplate } from './resource-uris.ts';
import type { Deps } from './tool.ts';

/**
 * Registers what a host can browse: `limner://images`, the recent pictures as JSON, `limner://images/{id}`, the bytes of one as the model returned
 * them, and views of it. Everything is read from disk anew for each request, so pictures of other servers on the same state folder are among them.
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

  const template = new ResourceTemplate(imageTemplate, {
    async list() {
      const { listOriginals, sources } = await open();
      return { resources: await listOriginals(sources) };
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
  const views = {
    title: 'Views of a picture',
    description:
      'preview: a small JPEG. file: the picture as it was delivered. history: what it was made from and what came of that, as JSON.',
  };
  server.registerResource(
    'view',
    new ResourceTemplate(`${imageTemplate}/{view}`, { list: undefined }),
    views,
    async (uri, { id, view }) => {
      const { readView, sources } = await open();
      return readView(uri.href, String(id), String(view), sources);
    },
  );
  registerGallery(server);
}

/** The page that hosts with MCP Apps show results with. It asks for no network; what it shows comes with the result, or from the resources above. */
function registerGallery(server: McpServer): void {
  const mimeType = 'text/html;profile=mcp-app';
  const gallery = { title: 'Gallery', description: 'The page that shows what a tool made, for hosts with MCP Apps.', mimeType };
  server.registerResource('gallery', galleryUri, gallery, async () => {
    const { readGallery } = await import('./gallery-page.ts');
    const _meta = { ui: { prefersBorder: true, permissions: { clipboardWrite: {} } } };
    return { contents: [{ uri: galleryUri, mimeType, text: await readGallery(), _meta }] };
  });
}
