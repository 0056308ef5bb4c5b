import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const src = join(import.meta.dirname, '..', 'src');

/** Rooms from the ground up. A file imports from lower rows and from its own folder; never sideways, never up. */
const rows = [
  [
    'media',
    'errors',
    'text',
    'lettering',
    'lettering-glyphs',
    'hosts',
    'missing-key',
    'version',
    'system-folders',
    'region',
    'redactor',
    'outgoing',
    'options',
    'meta-key',
    'resource-uris',
    'byte-search',
    'allowed-hosts',
    'give-back',
    'signals',
    'asked',
    'fault',
    'backend',
    'remote',
    'survive',
  ],
  ['settings'],
  ['config'],
  ['model', 'image', 'files', 'repair', 'download'],
  ['export'],
  ['decoder'],
  ['setup'],
  ['archive'],
  ['views'],
  ['plan-history', 'plan-shape', 'plan-finish', 'plan-background', 'plan-region'],
  ['plan'],
  ['make-file', 'budget', 'new-record', 'export-files'],
  ['deliver'],
  ['request', 'landing', 'previews'],
  ['generate'],
  ['run', 'run-export'],
  ['late', 'forecast'],
  ['result-words', 'result-facts'],
  ['result'],
  ['result-forecast', 'result-export', 'result-batch'],
  ['asking', 'progress'],
  ['tool'],
  ['open'],
  ['tools'],
  ['perform'],
  ['batch'],
  ['consent'],
  ['call'],
  ['gallery-page'],
  ['gallery'],
  ['resources', 'resource-contents'],
  ['prompts'],
  ['completions'],
  ['server'],
  ['stdio', 'http'],
  ['serve'],
  ['doctor'],
  ['cli'],
  ['main'],
  ['index'],
];
/** Peers of the ground row that may know each other. */
const free = [
  ['media', 'text'],
  ['text', 'media'],
  ['region', 'media'],
  ['region', 'errors'],
  ['region', 'text'],
  ['redactor', 'text'],
  ['redactor', 'byte-search'],
  ['outgoing', 'text'],
  ['outgoing', 'redactor'],
  ['allowed-hosts', 'text'],
  ['allowed-hosts', 'fault'],
  ['lettering', 'lettering-glyphs'],
  ['hosts', 'system-folders'],
  ['missing-key', 'hosts'],
  ['repair'],
  ['resources', 'resource-contents'],
  ['resource-contents', 'resources'],
  ['plan-finish', 'plan-background'],
].map(String);

/** Which room may use an outside thing. */
const doors: Record<string, RegExp> = {
  '@google/genai': /^model\//,
  'google-auth-library': /^model\/(access-token|vertex)\.ts$/,
  'https-proxy-agent': /^model\/proxy-agent\.ts$/,
  sharp: /^(image\/sharp|model\/standin-drawing)\.ts$/,
  '@modelcontextprotocol/server':
    /^((result|result-forecast|result-export|result-batch|asking|consent|progress|call|resources|resource-contents|completions|server)\.ts$|stdio\/|http\/|prompts\/)/,
  '@modelcontextprotocol/server/stdio': /^serve\.ts$/,
  '@modelcontextprotocol/node': /^http\//,
  '@modelcontextprotocol/client': /^cli\//,
  '@modelcontextprotocol/client/stdio': /^cli\//,
  'node:fs': /^files\//,
  'node:fs/promises': /^files\//,
  'node:child_process': /^(decoder\/process|cli\/open-browser)\.ts$/,
  'node:http': /^(download\/|gallery\/|http\/|model\/wire\.ts$)/,
  'node:https': /^(download\/|model\/wire\.ts$)/,
  'node:net': /^(download|decoder)\//,
  'node:dns': /^download\//,
  'node:dns/promises': /^download\//,
  'node:console': /^main\.ts$/,
  'node:os': /^(index|main)\.ts$/,
};

interface Import {
  file: string;
  target: string;
}

async function readSources(): Promise<Map<string, string>> {
  const paths = (await readdir(src, { recursive: true })).filter((path) => path.endsWith('.ts')).map((path) => path.replaceAll('\\', '/'));
  return new Map(await Promise.all(paths.map(async (path): Promise<[string, string]> => [path, await readFile(join(src, path), 'utf8')])));
}

async function readImports(): Promise<Import[]> {
  return [...(await readSources())].flatMap(([file, text]) =>
    [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, target = '']) => ({ file, target })),
  );
}

const roomOf = (file: string) => file.split('/')[0]?.replace(/\.ts$/, '') ?? '';
const rowOf = (room: string) => rows.findIndex((row) => row.includes(room));

test('every file of src belongs to a row', async () => {
  const homeless = [...(await readSources()).keys()].filter((file) => rowOf(roomOf(file)) === -1);
  expect(homeless).toEqual([]);
});

test('imports go down, never sideways or up', async () => {
  const own = (await readImports()).filter(({ target }) => target.startsWith('.'));
  expect(own.length).toBeGreaterThan(50);
  const wrong = own.flatMap(({ file, target }) => {
    const [from, to] = [roomOf(file), roomOf(relative(src, resolve(src, dirname(file), target)))];
    const allowed = from === to || rowOf(to) < rowOf(from) || free.includes(String([from, to]));
    return allowed ? [] : [`${file} imports ${target}`];
  });
  expect(wrong).toEqual([]);
});

test('each outside thing has one door', async () => {
  const wrong = (await readImports()).filter(({ file, target }) => doors[target] !== undefined && !doors[target].test(file));
  expect(wrong).toEqual([]);
});

const imported = /^(?:import|export) (?!type )[^;(]*?'(\.[^']+)'/gm;
const importedLate = /^(?:import|export) (?!type )[^;(]*?'(\.[^']+)'|import\('(\.[^']+)'\)/gm;

/** The files an entry loads, with those it loads later or without. */
function reach(entry: string, sources: ReadonlyMap<string, string>, imports: RegExp): Set<string> {
  const reached = new Set<string>();
  const visit = (file: string) => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const [, target, lazy] of (sources.get(file) ?? '').matchAll(imports)) {
      visit(relative(src, resolve(src, dirname(file), target ?? lazy ?? '')).replaceAll('\\', '/'));
    }
  };
  visit(entry);
  return reached;
}

test('what a host starts loads nothing that only calls need', async () => {
  const started = [...reach('main.ts', await readSources(), imported)];
  expect(started.length).toBeGreaterThan(30);
  expect(
    started.filter((file) =>
      /^(archive|decoder|download|image|cli|call|consent|run|late|plan|generate|result|views|gallery|gallery-page)\b|^export\/(?!wish)|^model\/(?!catalog)|^prompts\/(?!register)|^batch\/(?!tools)/.test(
        file,
      ),
    ),
  ).toEqual([]);
});

test('the server never loads sharp: what decodes pictures is reached from the entry of the child process alone', async () => {
  const sources = await readSources();
  const server = reach('index.ts', sources, importedLate);
  expect(server.size).toBeGreaterThan(100);
  expect([...server].filter((file) => /(from|import\() ?'sharp'/.test((sources.get(file) ?? '').replace(/^import type.*$/gm, '')))).toEqual(
    ['model/standin-drawing.ts'],
  );
  expect([server.has('decoder/process.ts'), server.has('decoder/child.ts'), server.has('image/sharp.ts')]).toEqual([true, false, false]);
  expect(reach('decoder/child.ts', sources, importedLate)).toContain('image/sharp.ts');
});

test('sharp, Google’s libraries and the way through a proxy are loaded on first need, never at start', async () => {
  const eager = [...(await readSources())].filter(([, text]) =>
    /^import (?!type)[^;]*'(sharp|@google\/genai|google-auth-library|\.\/proxy-agent\.ts)'/m.test(text),
  );
  expect(eager.map(([file]) => file)).toEqual([]);
});

test('only index.ts and main.ts know the process’s environment and arguments, and main.ts and serve.ts the streams', async () => {
  const nosy = [...(await readSources())].filter(
    ([file, text]) =>
      !(['index.ts', 'main.ts'].includes(file) || (file === 'serve.ts' && !/\bprocess\.(env|argv)/.test(text))) &&
      /\bprocess\.(env|argv|std\w+|exit)|\bconsole\.\w/.test(text),
  );
  expect(nosy.map(([file]) => file)).toEqual([]);
});

test('signals that end a process are heard in one place, and in the process that has to outlive them', async () => {
  const listening = [...(await readSources())].filter(([, text]) =>
    /'SIG(INT|TERM|HUP)', \(|signal of \['SIG|process\.once\('SIG/.test(text),
  );
  expect(listening.map(([file]) => file).sort()).toEqual(['decoder/child.ts', 'signals.ts']);
});

test('the benchmark knows limner only as it is built, and its floor has no dependency', async () => {
  const bench = join(src, '..', 'bench');
  const files = (await readdir(bench, { recursive: true })).filter((path) => path.endsWith('.ts') && !path.startsWith('dist'));
  const imports = await Promise.all(
    files.map(async (file) => {
      const targets = (await readFile(join(bench, file), 'utf8')).matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g);
      return [...targets].map(([, target = '']) => ({ file, target }));
    }),
  );
  const leaving = imports
    .flat()
    .filter(({ file, target }) => target.startsWith('.') && relative(bench, resolve(bench, dirname(file), target)).startsWith('..'));
  expect(leaving).toEqual([]);
  const ofFloor = imports.flat().filter(({ file }) => file === 'floor.ts');
  expect(ofFloor.length).toBeGreaterThan(0);
  expect(ofFloor.filter(({ target }) => !target.startsWith('node:'))).toEqual([]);
  expect((await readImports()).filter(({ target }) => target.includes('bench/'))).toEqual([]);
});

test('what makes the packages knows of limner its settings alone, and is in none of them', async () => {
  const folder = join(src, '..', 'packaging');
  const files = (await readdir(folder)).filter((path) => path.endsWith('.ts'));
  const imports = await Promise.all(
    files.map(async (file) =>
      [...(await readFile(join(folder, file), 'utf8')).matchAll(/from '(\.\.[^']+)'/g)].map(([, target]) => target),
    ),
  );
  expect(files.length).toBeGreaterThan(0);
  expect(new Set(imports.flat())).toEqual(new Set(['../package.json', '../src/options.ts']));
  expect((await readImports()).filter(({ target }) => target.includes('packaging/'))).toEqual([]);
});

test('the page knows nothing of the server but what it is told', async () => {
  const app = join(src, '..', 'app');
  const files = (await readdir(app)).filter((name) => name.endsWith('.ts'));
  const texts = await Promise.all(files.map((name) => readFile(join(app, name), 'utf8')));
  const targets = texts.flatMap((text) => [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, target = '']) => target));
  expect(targets.length).toBeGreaterThan(20);
  expect(targets.filter((target) => !/^\.\/[a-z-]+\.ts$/.test(target))).toEqual([]);
});
