import { formatDollars, withoutHidden } from '../text.ts';
import type { IndexEntry } from './index-files.ts';
import type { BatchHead } from './store.ts';

/** A page that shows what a batch brought: by itself, from the disk, without scripts and without a network. */
export function toContactSheet({ id, source }: BatchHead, entries: readonly IndexEntry[]): string {
  const count = (state: IndexEntry['state']) => entries.filter((entry) => entry.state === state).length;
  const [saved, failed, open] = [count('saved'), count('failed'), count('sent') + count('waiting')];
  const spent = entries.reduce((sum, { dollars }) => sum + dollars, 0);
  const sums = [`${saved} saved`, failed > 0 && `${failed} failed`, open > 0 && `${open} not there yet`, formatDollars(spent)];
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src 'self' file: data:; style-src 'unsafe-inline'">
<title>${toHtml(source)} · ${saved} pictures</title>
<style>${style}</style>
<header>
<h1>${toHtml(source)}</h1>
<p>${sums.filter((text) => text !== false).join(' · ')} <span class="id">${toHtml(id)}</span></p>
</header>
<main>
${entries.map(toFigure).join('\n')}
</main>
</html>
`;
}

const waiting = { sent: 'with Google', waiting: 'waiting', failed: 'failed', saved: '' } as const;

function toFigure({ line, variation, prompt, state, link, alt, message, id }: IndexEntry): string {
  const number = `<b>${line}${variation > 1 ? `.${variation}` : ''}</b>`;
  const picture =
    state === 'saved' && link !== undefined
      ? `<a href="${toHtml(link)}"><img src="${toHtml(link)}" alt="${toHtml(alt ?? prompt)}" loading="lazy" decoding="async"></a>`
      : `<div class="none">${waiting[state]}</div>`;
  const note = message === undefined || (state !== 'failed' && state !== 'saved') ? '' : `<p class="note">${toHtml(message)}</p>`;
  return `<figure class="${state}">${picture}<figcaption>${number} ${toHtml(prompt)}${note}${id ? `<p class="id">${toHtml(id)}</p>` : ''}</figcaption></figure>`;
}

/** What others wrote, as text and nothing else. */
function toHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return withoutHidden(text).replace(/[&<>"']/g, (character) => entities[character] ?? '');
}

const style = `
:root{color-scheme:light dark;--ground:#f7f7f5;--card:#fff;--ink:#1c1c1a;--faint:#6a6a64;--line:#deded8;--wrong:#a3261c}
@media (prefers-color-scheme:dark){:root{--ground:#161615;--card:#212120;--ink:#ecece8;--faint:#a0a098;--line:#383835;--wrong:#ff9388}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.45 system-ui,sans-serif}
header{padding:24px 24px 8px}
h1{margin:0;font-size:20px;overflow-wrap:anywhere}
header p{margin:4px 0 0;color:var(--faint)}
main{display:grid;grid-template-columns:repeat(auto-fill,minmax(220px,1fr));gap:16px;padding:16px 24px 40px}
figure{margin:0;background:var(--card);border:1px solid var(--line);border-radius:8px;overflow:hidden;content-visibility:auto;contain-intrinsic-size:auto 300px}
img,.none{display:block;width:100%;height:200px;object-fit:contain}
img{background:repeating-conic-gradient(#8882 0 25%,#0000 0 50%) 0 0/16px 16px}
.none{display:grid;place-items:center;color:var(--faint);border-bottom:1px solid var(--line)}
.failed .none{color:var(--wrong)}
figcaption{padding:10px 12px 12px;overflow-wrap:anywhere}
.note,.id{margin:6px 0 0;color:var(--faint);font-size:12px}
.failed .note{color:var(--wrong)}
header .id{margin-left:8px}
a:focus-visible{outline:3px solid #2f7fe0;outline-offset:-3px}
`;
