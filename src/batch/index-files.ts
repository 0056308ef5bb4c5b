import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isInside } from '../files/paths.ts';
import { publish } from '../files/publish.ts';
import { measure } from '../files/read.ts';
import { toContactSheet } from './contact-sheet.ts';
import { toKey } from './ids.ts';
import type { BatchStore } from './store.ts';
import type { Worker } from './work.ts';

/** What the index says of one picture. */
export interface IndexEntry {
  line: number;
  variation: number;
  tool: string;
  prompt: string;
  model: string;
  /** `waiting`: not asked for, or not yet. */
  state: 'saved' | 'failed' | 'sent' | 'waiting';
  id?: string;
  /** Absolute. */
  path?: string;
  /** From the index to the file: relative where the file lies beside it. */
  link?: string;
  alt?: string;
  /** What differs from what was asked, or why there is none. */
  message?: string;
  /** US dollars. */
  dollars: number;
}

/** What became of every line, as JSON for programs and as a page for people, in the batch's folder. Its own index is replaced, never another file. */
export async function writeIndex(store: BatchStore, { config }: Worker): Promise<void> {
  const { head, state } = store;
  const entries: IndexEntry[] = [];
  for await (const { line, tool, model, variations, input } of store.jobs())
    for (let variation = 1; variation <= variations; variation += 1) {
      const unit = state.units.get(toKey({ line, variation }));
      if (unit === undefined) continue;
      const { path, image, message, dollars } = unit;
      entries.push({
        line,
        variation,
        tool,
        prompt: typeof input.prompt === 'string' ? input.prompt : '',
        model,
        state: unit.state,
        ...(image !== undefined && { id: image }),
        ...(path !== undefined && { path, link: toLink(head.folder, path) }),
        ...(typeof input.alt === 'string' && { alt: input.alt }),
        ...(message !== undefined && { message }),
        dollars: Math.round(dollars * 1e6) / 1e6,
      });
    }
  const facts = {
    batch: head.id,
    source: head.source,
    dollars: Math.round([...state.units.values()].reduce((sum, { dollars }) => sum + dollars, 0) * 1e6) / 1e6,
    pictures: entries,
  };
  const options = { places: { ...config, outputDir: head.folder } };
  const put = async (name: string, text: string, before: string | undefined) => {
    const isThere = before !== undefined && (await measure(before)) !== undefined;
    return publish(isThere ? before : join(head.folder, name), Buffer.from(text), isThere ? 'replace' : 'number', options);
  };
  const json = await put('index.json', `${JSON.stringify(facts, undefined, 1)}\n`, state.index?.json);
  const html = await put('index.html', toContactSheet(head, entries), state.index?.html);
  if (json !== state.index?.json || html !== state.index.html) await store.enter({ event: 'index', json, html });
}

function toLink(folder: string, path: string): string {
  if (!isInside(folder, path)) return pathToFileURL(path).href;
  return relative(folder, path).split(/[/\\]/).map(encodeURIComponent).join('/');
}
