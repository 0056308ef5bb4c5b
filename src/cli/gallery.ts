import { parseArgs } from 'node:util';
import { createRespond } from '../gallery/archive-pages.ts';
import { serveGallery } from '../gallery/server.ts';
import { readGallery } from '../gallery-page.ts';
import { type Parsed, refuseArguments, tryParse } from './arguments.ts';
import type { CliContext } from './context.ts';
import { toOneLine } from './layout.ts';
import { openBrowser } from './open-browser.ts';

const usage = `Usage: limner gallery [--no-open] [--port NUMBER]

Shows the pictures limner made in your browser, newest first: full size, beside
what they were made from, with their history. The page is served on this computer
alone, to whoever has its address, and changes nothing. It ends when the page
is closed, or with Ctrl-C.

  --no-open       only print the address
  --port NUMBER   any free one unless told`;

interface GalleryArguments {
  isOpened: boolean;
  port: number;
  help: boolean;
}

/** `limner gallery`: the archive in a browser. Resolves with the exit code when the page has been closed. */
export async function galleryCommand(args: string[], context: CliContext): Promise<number> {
  const parsed = parseGallery(args);
  if ('wrong' in parsed) return refuseArguments(parsed.wrong, usage, context);
  if (parsed.help) {
    context.print(usage);
    return 0;
  }
  return showGallery(parsed, context);
}

function parseGallery(args: string[]): Parsed<GalleryArguments> {
  return tryParse(() => {
    const { values } = parseArgs({
      args,
      options: { 'no-open': { type: 'boolean' }, port: { type: 'string' }, help: { short: 'h', type: 'boolean' } },
    });
    const { port = '0', help = false } = values;
    if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
      return { wrong: `--port is "${toOneLine(port)}"; it must be a whole number up to 65535, such as 8123.` };
    return { isOpened: values['no-open'] !== true, port: Number(port), help };
  });
}

async function showGallery(
  { isOpened, port }: GalleryArguments,
  { config, archive, ledger, print, printError }: CliContext,
): Promise<number> {
  const sources = { config: { ...config, isPerson: true }, archive, ledger };
  const gallery = await serveGallery(await readGallery(), createRespond(sources), port).catch((error: unknown) => {
    throw new Error(`Port ${port} cannot be used (${error instanceof Error ? error.message : error}). Leave out --port for any free one.`);
  });
  print(gallery.url);
  printError('Only this computer can open it. It ends when the page is closed, or with Ctrl-C.');
  if (isOpened && !(await openBrowser(gallery.onceUrl, config.platform)))
    printError('No browser could be started: open the address yourself.');
  await gallery.left;
  gallery.close();
  printError('The page was closed.');
  return 0;
}
