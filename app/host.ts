import { at, isObject, listAt, textAt } from './json.ts';
import { type Picture, readPicture } from './picture.ts';
import { readResult, type Shown, toAddress } from './result.ts';
import { connect, type Host } from './rpc.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * The page in a host that speaks MCP Apps (2026-01-26). Whatever the host does not say it can do is not asked of it. `show` gets results, `say` what becomes of a call that has none.
 */
export async function enterHost(show: (shown: Shown) => void, say: (words: string) => void): Promise<Surroundings> {
  let [args, context]: [unknown, unknown] = [undefined, {}];
  const learn = (news: unknown) => {
    context = Object.assign({}, context, news);
    dress(context);
  };
  const host = connect((name, params) => {
    const method = name.replace('ui/notifications/', '');
    if (method === 'tool-input') {
      args = at(params, 'arguments');
      say(`Making: ${textAt(args, 'prompt') ?? 'a picture'}`);
    }
    if (method === 'tool-result') show(readResult(params, textAt(context, 'toolInfo', 'tool', 'name'), args));
    if (method === 'tool-cancelled') say('The call was cancelled.');
    if (method === 'host-context-changed') learn(params);
  });
  const greeting = await host.request('ui/initialize', {
    appInfo: { name: 'limner-gallery', version: '1' },
    appCapabilities: { availableDisplayModes: ['inline', 'fullscreen'] },
    protocolVersion: '2026-01-26',
  });
  learn(at(greeting, 'hostContext'));
  host.notify('ui/notifications/initialized', {});
  const page = document.documentElement;
  // The host makes the frame as high as the page.
  new ResizeObserver(() => host.notify('ui/notifications/size-changed', { height: page.offsetHeight })).observe(page);
  return toSurroundings(host, at(greeting, 'hostCapabilities'), () => listAt(context, 'availableDisplayModes'));
}

function toSurroundings({ request }: Host, can: unknown, modes: () => readonly unknown[]): Surroundings {
  const content = (text: string) => ({ content: [{ type: 'text', text }] });
  const canRead = isObject(at(can, 'serverResources'));
  const read = async ({ id }: Picture, view: string) =>
    canRead && id ? listAt(await request('resources/read', { uri: `limner://images/${id}/${view}` }), 'contents')[0] : undefined;
  return {
    canRead,
    small: async (picture) => picture.small ?? toAddress(await read(picture, 'preview').catch(() => undefined))[0],
    async full(picture) {
      const [address] = toAddress(await read(picture, 'file'));
      if (address) return address;
      throw new Error();
    },
    async family(picture) {
      const history = await read(picture, 'history').catch(() => undefined);
      return listAt(JSON.parse(textAt(history, 'text') ?? '{}'), 'images').map(readPicture);
    },
    call: at(can, 'serverTools')
      ? async (name, args) => {
          const result = await request('tools/call', { name, arguments: args });
          const shown = readResult(result, name, args);
          if (at(result, 'isError') || !shown.pictures.length) throw new Error(shown.words);
          return shown;
        }
      : undefined,
    ask: at(can, 'message')
      ? async (words) => {
          if (at(await request('ui/message', { role: 'user', ...content(words) }), 'isError')) throw new Error('The host refused.');
        }
      : undefined,
    tell: at(can, 'updateModelContext') ? (words) => request('ui/update-model-context', content(words)) : undefined,
    look(isOpen) {
      document.documentElement.classList.toggle('viewing', isOpen);
      const mode = isOpen ? 'fullscreen' : 'inline';
      // A refusal leaves it as it is, which the page does with.
      if (modes().includes(mode)) request('ui/request-display-mode', { mode }).catch(() => {});
    },
  };
}

/** Light or dark, and colours, as the host has them. */
function dress(context: unknown): void {
  const { dataset, style } = document.documentElement;
  dataset.theme = textAt(context, 'theme') ?? '';
  for (const [name, value] of Object.entries(at(context, 'styles', 'variables') ?? {})) {
    if (name.startsWith('--')) style.setProperty(name, String(value));
  }
}
