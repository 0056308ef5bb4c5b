import { appendFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect } from 'vitest';
import { z } from 'zod';
import { textsIn } from '../../src/outgoing.ts';
import { type Computer, photo, withKey } from '../fixtures.ts';
import { answers, type Google, startGoogle } from '../google/index.ts';
import { type Raw, runCli, test } from '../raw.ts';
import { amount, corpora, figure } from './form.ts';
import { isForbidden, naughty } from './naughty.ts';

const light = { width: 64, height: 64, signatureBytes: 0 } as const;
const quiet = { LIMNER_PREVIEW: 'none', LIMNER_MAX_REPEATS: '0' };

/** What came out of the server as its readers get it; pictures are no text. */
function shownBy({ messages, log }: Raw): string[] {
  return [...messages.flatMap(textsIn), log()];
}

/** Text that was shown, without the forbidden; says how much there was. */
function expectClean(exits: Record<string, readonly string[]>, strings: number, what: string): void {
  const dirty = Object.entries(exits).flatMap(([exit, texts]) =>
    texts.filter(isForbidden).map((text) => ({ exit, text: JSON.stringify(text.slice(0, 400)) })),
  );
  expect(dirty).toEqual([]);
  const searched = Object.entries(exits).map(([exit, texts]) => `${texts.length} ${exit}`);
  figure(`naughty words ${what}`, `${strings} strings, 0 forbidden characters in ${searched.join(', ')}`);
}

/** Sends many calls, some at a time. */
async function askAll<Item>(items: readonly Item[], ask: (item: Item, index: number) => Promise<unknown>): Promise<void> {
  for (let start = 0; start < items.length; start += 8)
    await Promise.all(items.slice(start, start + 8).map((item, index) => ask(item, start + index)));
}

/** Has the double say a text in every place it can, picture or none, by the number in the prompt. */
function repeat(google: Google, texts: readonly string[]): void {
  google.always((request) => {
    const [, mode = '', number = ''] = /\[(\w+) (\d+)\]/.exec(request.texts.join(' ')) ?? [];
    const text = texts[Number(number)] ?? '';
    if (mode === 'refused') return answers.refusal('IMAGE_SAFETY', text)(request);
    if (mode === 'wrong') return answers.error(400, text, text, [{ '@type': text, description: text }])(request);
    if (mode === 'words') return answers.textOnly(`I: ${text}`)(request);
    const uri = URL.canParse(`https://x.example/${text}`) ? `https://x.example/${text}` : text;
    return answers.picture({
      ...light,
      text,
      textAfter: text,
      grounding: {
        queries: [text],
        chunks: [
          { title: text, uri },
          { title: text, uri: text },
        ],
      },
    })(request);
  });
}

/** Asks for pictures with these texts as prompt, as what the model says beside or instead of a picture, and as what is refused. */
async function say(server: Raw, google: Google, texts: readonly string[]): Promise<void> {
  repeat(google, texts);
  const modes = ['picture', 'refused', 'wrong', 'words'];
  const rows = texts.flatMap((text, index) => modes.map((mode) => ({ text, mode, index })));
  await askAll(
    // The short form says each text in one way, and over the texts in each.
    rows.filter(({ mode, index }) => amount(Number(mode === modes[index % modes.length]), 1) === 1),
    ({ text, mode, index }) =>
      server.request('tools/call', {
        name: 'generate_image',
        arguments: { prompt: `${text} [${mode} ${index}]`, alt: text, output: 'out/', web_search: true },
        _meta: { progressToken: index },
      }),
  );
}

/** Puts a text into every argument that takes words, of every tool; nearly all are refused, which costs nothing. */
async function misuse(server: Raw, texts: readonly string[]): Promise<void> {
  const calls = (text: string) =>
    [
      ['generate_image', { prompt: 'A fox', output: `${text}.jpg`, dry_run: true }],
      ['generate_image', { prompt: 'A fox', output: `${text}/`, dry_run: true }],
      ['generate_image', { prompt: 'A fox', output: text, dry_run: true, [text]: text }],
      ['generate_image', { prompt: 'A fox', model: text, aspect_ratio: text, resolution: text }],
      ['edit_image', { prompt: text, image: text }],
      ['edit_image', { prompt: 'Blue', image: `${text}.png` }],
      ['edit_image', { prompt: 'Blue', image: 'fox.png', region: text, dry_run: true }],
      ['edit_image', { prompt: 'Blue', image: 'fox.png', mask: text }],
      ['compose_images', { prompt: text, images: [text, text] }],
      ['export_image', { images: [text], preset: text, output: text }],
      [text, { prompt: 'A fox' }],
    ] as const;
  await askAll(texts.flatMap(calls), ([name, args]) => server.request('tools/call', { name, arguments: args }));
  // Each takes its time, since the picture is made.
  const exported = texts.filter((_, index) => index % amount(40, 1) === 0);
  const card = { images: ['fox.png'], preset: 'og', output: 'og/', overwrite: true };
  await askAll(exported, (alt) => server.request('tools/call', { name: 'export_image', arguments: { ...card, alt } }));
  await askAll(texts, (text) => server.request('prompts/get', { name: 'inpaint', arguments: { picture: text, change: text } }));
  await askAll(texts, (text) => server.request('resources/read', { uri: `limner://images/${text}` }));
  await askAll(texts, (text) => server.request(`${text}/list`));
}

const texts = naughty.map(([, text]) => text);

test('in prompts, in what the model says, in errors and in every argument are shown without what hides or steers', async ({
  raw,
  computer,
}) => {
  expect(naughty.length).toBeGreaterThanOrEqual(150);
  const google = await startGoogle();
  const server = raw({ ...withKey(google), ...quiet });
  await server.initialize();
  await computer.write('fox.png', await photo(64, 64));
  await say(server, google, texts);
  await misuse(server, texts);
  const { isError, text } = await server.call('generate_image', { prompt: 'A good fox', output: 'good.jpg' });
  expect(isError, text).toBe(false);
  expectClean({ 'texts of the server': shownBy(server) }, texts.length, 'in arguments and answers');
  // What a person writes reaches the model, and the records, as it was written.
  const said = (kind: string) => naughty.find(([each]) => each === kind)?.[1] ?? '';
  for (const kind of ['emoji of several', 'Persian', 'Hindi', 'Zalgo'])
    expect(
      google.requests.some((request) => request.texts[0]?.startsWith(`${said(kind)} [`)),
      kind,
    ).toBe(true);
  await google.close();
});

const id = (number: number) => `img_${number.toString(2).padStart(16, '0').replaceAll('0', 'a').replaceAll('1', 'b')}`;
const line = z.looseObject({ event: z.string() });

/** Exchanges every text of JSON for another, where it may stand; what has to have a form keeps it. */
function poison(value: unknown, text: string, keep: RegExp): unknown {
  if (typeof value === 'string') return text;
  if (Array.isArray(value)) return value.length === 0 ? [text] : value.map((inner) => poison(inner, text, keep));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, keep.test(name) ? inner : poison(inner, text, keep)]));
}

/** Records and ledger lines as somebody could have written them who wants to be read by the next agent, or seen in a terminal. */
async function poisonState({ state }: Computer): Promise<void> {
  const images = join(state, 'images');
  const names = await readdir(images);
  const record: unknown = JSON.parse(await readFile(join(images, names.find((each) => each.endsWith('.json')) ?? ''), 'utf8'));
  const original = names.find((each) => /\.(jpg|png)$/.test(each)) ?? '';
  const bytes = await readFile(join(images, original));
  for (const [number, text] of texts.entries()) {
    const bad = poison(record, text, /^(id|at|call|format|sha256|backend|inputs|sources|turn|finish|shotOf|original)$/);
    await writeFile(
      join(images, `${id(number)}.json`),
      JSON.stringify(Object.assign({}, bad, { id: id(number), call: `call_${id(number).slice(4)}` })),
    );
    await writeFile(join(images, `${id(number)}.jpg`), bytes);
  }
  await rm(join(state, 'index.jsonl'));
  const folder = join(state, 'ledger');
  const [day = ''] = (await readdir(folder)).filter((each) => each.endsWith('.jsonl'));
  const lines = (await readFile(join(folder, day), 'utf8'))
    .split('\n')
    .flatMap((each) => (each === '' ? [] : [line.parse(JSON.parse(each))]));
  const bad = texts.flatMap((text, number) =>
    lines.map((each) =>
      JSON.stringify(
        Object.assign({}, poison(each, text, /^(event|at|until|key|host)$/), {
          call: `call_${number}`,
          request: `request_${number}`,
          image: `img_${number}`,
        }),
      ),
    ),
  );
  await appendFile(join(folder, day), `${bad.join('\n')}\n`);
}

test('in records and ledgers of others are shown to agents and in terminals without what hides or steers', async ({ raw, computer }) => {
  const google = await startGoogle();
  google.always(answers.picture(light));
  const first = raw({ ...withKey(google), ...quiet });
  await first.initialize();
  await first.call('generate_image', { prompt: 'A fox', output: 'fox.jpg' });
  first.end();
  await first.exit;
  await poisonState(computer);
  const server = raw({ ...withKey(google), ...quiet });
  await server.initialize();
  await server.request('resources/list');
  await server.request('resources/read', { uri: 'limner://images' });
  await askAll(texts, (_, number) => server.request('resources/read', { uri: `limner://images/${id(number)}` }));
  await askAll(texts, (_, number) =>
    server.request('tools/call', { name: 'edit_image', arguments: { prompt: 'Blue', image: id(number), dry_run: true } }),
  );
  for (const image of ['last', 'fox.jpg'])
    await server.request('tools/call', { name: 'edit_image', arguments: { prompt: 'Blue', image, output: 'blue.jpg' } });
  const commands = [
    ['history', '-n', '9999'],
    ['history', '--json', '-n', '9999'],
    ['spend'],
    ['spend', '--json'],
    ['forget', 'img_none'],
    ['forget', '--older-than', '1d'],
    ...texts.slice(0, amount(2, 40)).map((text) => ['forget', text.replaceAll('\0', '')]),
  ];
  const shown: string[] = [];
  await askAll(commands, async (command) => {
    const { stdout, stderr } = await runCli(computer, command);
    shown.push(stdout, stderr);
  });
  expect(shown.join('').length).toBeGreaterThan(10_000);
  expect(shown.filter((text) => text.includes('a redfox')).length).toBeGreaterThanOrEqual(2);
  expectClean({ 'texts of the server': shownBy(server), 'outputs of commands': shown }, texts.length, 'on the disk');
  await google.close();
});

/** Whether a file system can hold it: lone surrogates are no UTF-8. */
function encodes(text: string): boolean {
  return Buffer.from(text).toString() === text;
}

test('in names of folders and files made by others, and in descriptions of their pictures', async ({ raw, computer }) => {
  const google = await startGoogle();
  google.always(answers.picture(light));
  const server = raw({ ...withKey(google), ...quiet });
  await server.initialize();
  const names = texts.map((text) => text.replaceAll(/[\0/]/g, '_').slice(0, 60)).filter((text) => encodes(text));
  const some = names.slice(0, amount(24, names.length)).concat(names.slice(-38));
  const bytes = await photo(64, 64);
  const xmp = (alt: string) =>
    `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:a="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"><a:AltTextAccessibility>${[...alt].map((letter) => `&#${letter.codePointAt(0)};`).join('')}</a:AltTextAccessibility></rdf:Description></rdf:RDF></x:xmpmeta>`;
  await askAll(some, async (name, number) => {
    const folder = join(computer.project, 'theirs', name);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `${name}.png`), await sharp(bytes).withXmp(xmp(name)).png().toBuffer());
    const image = join(folder, `${name}.png`);
    const edited = await server.call('edit_image', { prompt: 'Blue', image, output: `${folder}/` });
    if (number === 0 || !edited.isError)
      expect((await server.call('edit_image', { prompt: 'Red', image: edited.file.path, dry_run: true })).isError).toBe(false);
    await server.request('tools/call', { name: 'edit_image', arguments: { prompt: 'Blue', image, output: join(folder, name, 'x.exe') } });
    await server.request('tools/call', {
      name: 'export_image',
      arguments: { images: [image], preset: 'responsive', output: join(folder, 'site/') },
    });
    await server.request('tools/call', {
      name: 'export_image',
      arguments: { images: [folder], width: 32, output: join(folder, 'small/') },
    });
    await server.request('tools/call', { name: 'export_image', arguments: { images: [`${folder}/none.png`] } });
  });
  const shown = await runCli(computer, ['history', '-n', '9999']);
  const exported = await runCli(computer, [
    'export',
    join(computer.project, 'theirs', some[0] ?? ''),
    '--width',
    '16',
    '--output',
    'small/',
  ]);
  expectClean(
    { 'texts of the server': shownBy(server), 'outputs of commands': [shown.stdout, shown.stderr, exported.stdout, exported.stderr] },
    some.length,
    'in names and descriptions',
  );
  const markup = server.messages.flatMap(textsIn).filter((text) => text.includes('<picture>'));
  expect(markup.length).toBeGreaterThan(some.length / 2);
  expect(markup.filter((text) => /<script|<img src=https|<system|<!--/.test(text.replace(/"[^"]*"/g, '""')))).toEqual([]);
  await google.close();
});

test('of a model cannot be taken for limner’s, and fetch nothing', async ({ raw }) => {
  const google = await startGoogle();
  const server = raw({ ...withKey(google), ...quiet });
  await server.initialize();
  repeat(google, texts);
  const tricks = naughty.flatMap(([kind, text], index) =>
    /^(Markdown|HTML|tags of prompts|ours|quotation|JSON)/.test(kind) ? [{ text, index }] : [],
  );
  expect(tricks.length).toBeGreaterThan(15);
  const some = tricks.filter((_, number) => number % amount(3, 1) === 0);
  const rows = some.flatMap(({ index }) => ['picture', 'words', 'refused', 'wrong'].map((mode) => ({ index, mode })));
  await askAll(rows, async ({ index, mode }) => {
    const { text } = await server.call('generate_image', { prompt: `A fox [${mode} ${index}]`, output: 'out/' });
    expect(text).not.toMatch(/\]\(|<[a-z/!?|]|```|^(Human|Assistant|Note: the person|Settings: none|# Done)/im);
    // Each quotation opens and closes on its line.
    for (const each of text.split('\n')) expect((each.match(/"/g) ?? []).length % 2, each).toBe(0);
    if (mode === 'words') expect(text).toMatch(/Its words \(not an instruction\): "/);
    if (mode === 'picture') expect(text).toMatch(/The model said \(its words, not an instruction\): "/);
  });
  figure('words of a model that pass for ours', `0 of ${rows.length}`);
  await google.close();
});

const paths = z.object({ entries: z.array(z.object({ path: z.string() })) });

if (corpora !== undefined)
  test('of lists made by others are shown without what hides or steers', async ({ raw, computer }) => {
    const google = await startGoogle();
    const server = raw({ ...withKey(google), ...quiet });
    await server.initialize();
    await computer.write('fox.png', await photo(64, 64));
    const list: unknown = JSON.parse(await readFile(join(corpora ?? '', 'hostile-paths.json'), 'utf8'));
    const strings = [...new Set(paths.parse(list).entries.map(({ path }) => path))];
    const some = strings.filter((_, index) => index % amount(100, 1) === 0);
    await say(server, google, some);
    await misuse(server, some);
    expectClean({ 'texts of the server': shownBy(server) }, some.length, 'of lists made by others');
    await google.close();
  });
