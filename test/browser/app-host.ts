import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import type { McpUiHostCapabilities, McpUiHostContext } from '@modelcontextprotocol/ext-apps';
import axe from 'axe-core';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Frame, type Page } from 'playwright-core';
import { rolldown } from 'rolldown';
import { expect, vi } from 'vitest';
import { z } from 'zod';
import { test as base, type Limner } from '../fixtures.ts';
import { launch, requireChromium } from './browser.ts';

const galleryUri = 'ui://limner/gallery.html';

/** As Claude has it: no network, pictures by their bytes alone. */
const strict =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'";

/** All that the specification names. */
const everything: McpUiHostCapabilities = {
  serverTools: {},
  serverResources: {},
  message: { text: {} },
  updateModelContext: { text: {} },
};

export interface HostOptions {
  limner: Limner;
  tool: string;
  args: Record<string, unknown>;
  capabilities?: McpUiHostCapabilities;
  context?: McpUiHostContext;
  browser?: BrowserContextOptions;
  /** What the host makes of the result before it hands it on. */
  bend?: (result: Record<string, unknown>) => unknown;
  /** The tool's arguments are not told. */
  isSilent?: boolean;
}

/** A conversation in a host that shows apps, at a call's result. */
export interface AppHost {
  page: Page;
  app: Frame;
  /** What the page asked or told, in order. */
  heard: { what: string; params: unknown }[];
  calls: { name: string; arguments?: Record<string, unknown> }[];
  /** Addresses the page asked for over any network. */
  requests: string[];
  errors: string[];
}

const callParams = z.object({ name: z.string(), arguments: z.record(z.string(), z.unknown()).optional() });
const readParams = z.object({ uri: z.string() });

async function bundleHostPage(): Promise<string> {
  const build = await rolldown({ input: join(import.meta.dirname, 'page', 'host-page.ts'), platform: 'browser', logLevel: 'silent' });
  const { output } = await build.generate({ format: 'iife' });
  return output[0].code;
}

/** Two origins on this computer: the host's, and that of pages it does not trust. */
async function startOrigins(): Promise<{ host: string; sandbox: string; stop(): void }> {
  const [script, sandboxPage] = await Promise.all([bundleHostPage(), readFile(join(import.meta.dirname, 'page', 'sandbox.html'))]);
  const serve = async (html: string | Buffer, policy?: string) => {
    const server = createServer((_request, response) => {
      if (policy) response.setHeader('content-security-policy', policy);
      response.setHeader('content-type', 'text/html; charset=utf-8').end(html);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('The origin has no port.');
    return { server, url: `http://127.0.0.1:${address.port}/` };
  };
  const hostHtml = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Host</title><body style="margin:0"><script>${script.replaceAll('</script', '<\\/script')}</script>`;
  const [host, sandbox] = [await serve(hostHtml), await serve(sandboxPage, strict)];
  const stop = () => {
    for (const { server } of [host, sandbox]) {
      server.closeAllConnections();
      server.close();
    }
  };
  return { host: host.url, sandbox: sandbox.url, stop };
}

interface Fixtures {
  /** One for a file's tests: starting it takes longer than most of them. */
  stage: { browser: Browser; origins: Awaited<ReturnType<typeof startOrigins>> };
  /** Calls a tool and shows the result as a host does. */
  show(options: HostOptions): Promise<AppHost>;
}

export const test = base.extend<Fixtures>({
  stage: [
    // biome-ignore lint/correctness/noEmptyPattern: vitest reads the pattern
    async ({}, use) => {
      await requireChromium();
      const [browser, origins] = await Promise.all([chromium.launch(launch), startOrigins()]);
      await use({ browser, origins });
      await browser.close();
      origins.stop();
    },
    { scope: 'file' },
  ],
  show: async ({ stage: { browser, origins } }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async (options) => {
      const context = await browser.newContext({ viewport: { width: 800, height: 900 }, ...options.browser });
      contexts.push(context);
      return openHost(await context.newPage(), origins, options);
    });
    for (const context of contexts) await context.close();
  },
});

async function openHost(page: Page, origins: { host: string; sandbox: string }, options: HostOptions): Promise<AppHost> {
  const { limner, tool, args, capabilities = everything, context = {}, bend = (result) => result } = options;
  const { client } = limner;
  const host: AppHost = { page, app: page.mainFrame(), heard: [], calls: [], requests: [], errors: [] };
  page.on('request', (request) => {
    if (!request.url().startsWith('data:')) host.requests.push(request.url());
  });
  page.on('pageerror', (error) => host.errors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') host.errors.push(message.text());
  });
  await page.exposeFunction('hear', (what: string, params: unknown) => void host.heard.push({ what, params }));
  await page.exposeFunction('callTool', (params: unknown) => {
    const { name, arguments: given = {} } = callParams.parse(params);
    host.calls.push({ name, arguments: given });
    return client.callTool({ name, arguments: given }, { timeout: 60_000 });
  });
  await page.exposeFunction('readResource', (params: unknown) => client.readResource(readParams.parse(params)));
  const { _meta, ...content } = await client.callTool({ name: tool, arguments: args }, { timeout: 60_000 });
  const result = bend({ ...content, _meta });
  const [gallery] = (await client.readResource({ uri: galleryUri })).contents;
  const listed = (await client.listTools()).tools.find(({ name }) => name === tool);
  const shown = {
    sandbox: origins.sandbox,
    html: gallery && 'text' in gallery ? gallery.text : '',
    capabilities,
    context: { toolInfo: { tool: listed }, ...context },
    args: options.isSilent ? undefined : args,
    result,
  };
  await page.goto(origins.host);
  await page.evaluate(`startHost(${JSON.stringify(shown)})`);
  host.app = await vi.waitFor(() => {
    const frame = page.frames().find((each) => each.url() === 'about:srcdoc');
    if (frame === undefined) throw new Error('The page is not there yet.');
    return frame;
  });
  return host;
}

const violations = z.array(
  z.object({ id: z.string(), nodes: z.array(z.object({ html: z.string(), failureSummary: z.string().optional() })) }),
);

/** Fails with what axe finds wrong with the page as it is now. */
export async function expectAccessible(frame: Frame | Page): Promise<void> {
  await frame.evaluate(axe.source);
  const found = await frame.evaluate("axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations)");
  expect(violations.parse(found)).toEqual([]);
}

/** What the page has asked the host for, by kind. */
export const heardOf = ({ heard }: AppHost, what: string) => heard.filter((each) => each.what === what).map(({ params }) => params);
