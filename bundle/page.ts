import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'rolldown';

const app = join(import.meta.dirname, '..', 'app');

/** Makes one file of HTML of a script and what is beside it: hosts take a page as a text, and let it load nothing else. */
export const page: Plugin = {
  name: 'page',
  generateBundle(_options, bundle) {
    for (const [name, file] of Object.entries(bundle)) {
      if (file.type !== 'chunk') continue;
      delete bundle[name];
      const style = shrink(readFileSync(join(app, `${file.name}.css`), 'utf8'));
      const script = file.code.trim().replaceAll('</script', '<\\/script').replaceAll('/* @__PURE__ */ ', '');
      const html = readFileSync(join(app, `${file.name}.html`), 'utf8');
      const source = html.replace('<style>', (tag) => tag + style).replace('<script>', (tag) => tag + script);
      this.emitFile({ type: 'asset', fileName: `${file.name}.html`, source });
    }
  },
};

/** Without comments and the space that only people need. */
function shrink(css: string): string {
  return (
    css
      .replace(/\/\*.*?\*\//gs, '')
      .replace(/\s+/g, ' ')
      .replace(/ ?([{};,>/]) ?/g, '$1')
      .replace(/: /g, ':')
      .replace(/\b0(\.\d)/g, '$1')
      // Nested rules need no sign but where they are about the element itself.
      .replace(/(?<=[{};,])& ?(?=[a-z>])/g, '')
      .replaceAll(';}', '}')
      .replace(/="(\w+)"/g, '=$1')
      .trim()
  );
}
