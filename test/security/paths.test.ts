import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { link, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { type Computer, photo, withKey } from '../fixtures.ts';
import type { Google } from '../google/index.ts';
import { readPictureHeader } from '../picture-header.ts';
import { type Raw, runCli, test } from '../raw.ts';
import { amount, corpora, figure } from './form.ts';
import { canary, changesBetween, type HostileGround, holdsCanary, makeHostileGround, snapshot } from './hostile-ground.ts';
import { escapingWrites, hostileReads, oddWrites, refusedWrites } from './hostile-paths.ts';
import { ordinaryNames, ordinaryOutputs } from './ordinary-paths.ts';

/** Calls that are under way at a time. */
const atOnce = 16;

async function inTurns<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const waiting = items.entries();
  const worker = async () => {
    for (const [index, item] of waiting) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

const unseen = /(?![\n])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{DI}]/u;

/** True when more than 200 characters of an argument stand in a text as they are. */
function repeatsMuch(text: string, argument: string): boolean {
  for (let start = 0; start + 201 <= argument.length; start += 1) if (text.includes(argument.slice(start, start + 201))) return true;
  return false;
}

interface Tried {
  path: string;
  isError: boolean;
  text: string;
  wrong: string[];
}

/** Calls a tool with a hostile argument; `wrong` says what of the answer must never be. */
async function tryCall(raw: Raw, tool: string, args: Record<string, unknown>, path: string): Promise<Tried> {
  const started = performance.now();
  const { isError, text } = await raw.call(tool, args);
  const took = performance.now() - started;
  const wrong = [
    ...(text.includes(canary) ? ['tells a secret'] : []),
    ...(unseen.test(text) ? ['has characters that cannot be seen'] : []),
    ...(isError && repeatsMuch(text, path) ? ['repeats the argument at length'] : []),
    ...(/internal error/i.test(text) ? ['is an internal error'] : []),
    // Sixteen are answered side by side, and the machine may be busy.
    ...(took > 5000 * amount(4, 1) ? [`took ${Math.round(took)} ms`] : []),
  ];
  return { path, isError, text, wrong: wrong.map((what) => `${JSON.stringify(path).slice(0, 120)} ${what}: ${text.slice(0, 200)}`) };
}

const quiet = { LIMNER_PREVIEW: 'none', LIMNER_MAX_REPEATS: '0' };

async function tryReads(raw: Raw, paths: readonly string[]): Promise<Tried[]> {
  return inTurns(paths, (path) => tryCall(raw, 'edit_image', { prompt: 'Make it brighter', image: path }, path));
}

/** Nothing private anywhere a program could put it. */
async function expectNoLeak(raw: Raw, google: Google, computer: Computer): Promise<void> {
  expect(raw.output()).not.toContain(canary);
  expect(raw.log()).not.toContain(canary);
  expect(google.requests.filter(({ images }) => images.some(({ bytes }) => bytes.includes(canary)))).toEqual([]);
  expect(await holdsCanary(computer.state)).toBe(false);
}

describe('paths to read', () => {
  test('what lies outside, leads outside or is no picture is refused, and nothing is sent', async ({ raw, computer, google }) => {
    const ground = await makeHostileGround(computer);
    const server = raw({ ...withKey(google), ...quiet });
    await server.initialize();
    const tried = await tryReads(server, hostileReads(ground));
    expect(tried.flatMap(({ wrong }) => wrong)).toEqual([]);
    expect(tried.filter(({ isError }) => !isError).map(({ path }) => path)).toEqual([]);
    expect(google.requests).toEqual([]);
    await expectNoLeak(server, google, computer);
    figure(
      'hostile paths of our own',
      `${tried.filter(({ isError }) => isError).length} of ${tried.length} refused, ${google.requests.length} requests`,
    );
    await ground.close();
  });

  test('pixels leave, and nothing that was hidden behind them', async ({ raw, computer, google }) => {
    const ground = await makeHostileGround(computer);
    const server = raw({ ...withKey(google), ...quiet });
    await server.initialize();
    for (const image of ['polyglot-tail.png', 'exif-gps.jpg']) {
      expect((await server.call('edit_image', { prompt: 'Make it brighter', image })).isError).toBe(false);
    }
    expect(google.requests).toHaveLength(2);
    await expectNoLeak(server, google, computer);
    await ground.close();
  });

  test('the answer is the same whether there is anything outside or not, and wherever a link leads', async ({ raw, computer }) => {
    const ground = await makeHostileGround(computer);
    const { outside, project, home } = ground;
    await symlink(join(home, 'nobody'), join(project, 'link-none'));
    const server = raw({ LIMNER_BACKEND: 'standin', ...quiet });
    await server.initialize();
    const say = async (tool: string, args: Record<string, unknown>, name: string) => {
      const { isError, text } = await server.call(tool, args);
      expect(isError, name).toBe(true);
      return text.replaceAll(name, 'NAME');
    };
    // What is there, and what is not; the same but for that.
    const pairs = [
      ['private.png', 'nothing.png', (name: string) => `${outside}/${name}`],
      ['private.png', 'nothing.png', (name: string) => `../outside/${name}`],
      ['private.png', 'nothing.png', (name: string) => `~/outside/${name}`],
      ['private.png', 'nothing.png', (name: string) => `file://${outside}/${name}`],
      ['private.png', 'nothing.png', (name: string) => `link-dir/${name}`],
      ['deeper', 'shallow', (name: string) => `${outside}/${name}`],
      ['deeper', 'shallow', (name: string) => `link-dir/${name}`],
      ['deeper', 'shallow', (name: string) => `link-dir/${name}/`],
      ['deeper', 'shallow', (name: string) => `link-dir/${name}/private.png`],
      ['id_rsa', 'id_xxx', (name: string) => `~/.ssh/${name}`],
      ['link-live.png', 'link-dangling.png', (name: string) => name],
      ['link-live.png', 'link-loop.png', (name: string) => name],
      ['link-dir', 'link-none', (name: string) => name],
      ['link-dir', 'link-none', (name: string) => `${name}/private.png`],
      ['link-dir', 'link-none', (name: string) => `${name}/x.txt`],
      ['passwd', 'nobody', (name: string) => `/etc/${name}`],
      ['passwd', 'nobody', (name: string) => `link-abs-etc/${name}`],
    ] as const;
    for (const [there, missing, toPath] of pairs) {
      const calls = [
        ['edit_image', (path: string) => ({ prompt: 'Brighter', image: path })],
        ['export_image', (path: string) => ({ images: [path] })],
        ['generate_image', (path: string) => ({ prompt: 'A fox', output: path })],
        ['export_image', (path: string) => ({ images: ['existing.png'], output: path, overwrite: true })],
      ] as const;
      for (const [tool, toArguments] of calls) {
        const [first, second] = await Promise.all([there, missing].map((name) => say(tool, toArguments(toPath(name)), name)));
        expect(first).toBe(second);
        expect(first).toMatch(/outside the project folder .*an allowed folder\./s);
      }
    }
    await ground.close();
  });

  test('nobody is told to allow a folder that the setting refuses', async ({ raw, computer }) => {
    const server = raw({ LIMNER_BACKEND: 'standin', ...quiet });
    await server.initialize();
    const says = async (path: string) => {
      const answers = await Promise.all([
        server.call('export_image', { images: [path] }),
        server.call('generate_image', { prompt: 'A fox', output: path }),
      ]);
      expect(answers.map(({ code }) => code)).toEqual(['not_allowed', 'not_allowed']);
      return answers.map(({ text }) => text.includes('LIMNER_ALLOWED_DIRS'));
    };
    for (const path of [
      '~/x.png',
      '../x.png',
      '~',
      '~/.bashrc',
      '/x.png',
      '/etc/passwd',
      '/etc/fox.png',
      '/dev/zero',
      '/home/nobody/x.png',
    ])
      expect(await says(path), path).toEqual([false, false]);
    for (const path of ['~/art/x.png', '~/art', '../beside/x.png', join(computer.home, '..', 'art', 'x.png'), '/srv/art/x.png'])
      expect(await says(path), path).toEqual([true, true]);
  });

  test('a file that is too large is refused unread, at 50 MB', async ({ raw, computer }) => {
    const picture = await photo(64, 48);
    await computer.write('large.png', Buffer.concat([picture, Buffer.alloc(50_000_001 - picture.length)]));
    await computer.write('fits.png', Buffer.concat([picture, Buffer.alloc(50_000_000 - picture.length)]));
    const server = raw({ LIMNER_BACKEND: 'standin', ...quiet });
    await server.initialize();
    expect((await server.call('export_image', { images: ['large.png'], output: 'a.png' })).text).toMatch(/reads pictures up to 50\.0 MB/);
    expect((await server.call('export_image', { images: ['fits.png'], output: 'b.png' })).isError).toBe(false);
  });

  test('a link the project brings along where the output folder would be opens nothing', async ({ raw, computer }) => {
    const ground = await makeHostileGround(computer);
    await symlink(ground.outside, join(computer.project, 'generated-images'));
    const server = raw({ LIMNER_BACKEND: 'standin', ...quiet });
    await server.initialize();
    const before = await snapshot(ground.outside);
    for (const [tool, args] of [
      ['generate_image', { prompt: 'A fox' }],
      ['edit_image', { prompt: 'Brighter', image: 'generated-images/private.png' }],
      ['export_image', { images: ['generated-images'] }],
    ] as const)
      expect(await server.call(tool, args)).toMatchObject({ isError: true, code: 'not_allowed' });
    expect(changesBetween(ground.outside, before, await snapshot(ground.outside))).toEqual([]);
    await ground.close();
  });
});

describe('ordinary paths', () => {
  test('none is refused, in whatever form it is given', async ({ raw, computer }) => {
    const picture = await photo(24, 16);
    const alias = join(computer.home, 'work');
    await symlink(computer.project, alias);
    for (const name of ordinaryNames) await computer.write(name, picture);
    await symlink(join(computer.project, 'fox.png'), join(computer.project, 'link to a fox.png'));
    await symlink('pictures', join(computer.project, 'linked pictures'));
    const forms = [
      ...ordinaryNames,
      ...ordinaryNames.map((name) => join(computer.project, name)),
      ...ordinaryNames.map((name) => pathToFileURL(join(computer.project, name)).href),
      ...['link to a fox.png', 'linked pictures/a b.png', './fox.png', 'pictures/../fox.png', '../project/fox.png', '~/project/fox.png'],
      ...[
        join(alias, 'fox.png'),
        '~/work/fox.png',
        `file://localhost${computer.project}/fox.png`,
        `${computer.project}//pictures/./a b.png`,
      ],
    ];
    const server = raw({ LIMNER_BACKEND: 'standin', ...quiet });
    await server.initialize();
    const answers = await inTurns([...forms.entries()], async ([index, path]) => {
      const answer = await server.call('export_image', { images: [path], width: 8, output: `done/${index}.png` });
      return { path, isError: answer.isError, text: answer.text };
    });
    expect(answers.filter(({ isError }) => isError)).toEqual([]);
    expect(answers.length).toBeGreaterThanOrEqual(60);
    figure('ordinary paths to read', `${answers.filter(({ isError }) => !isError).length} of ${answers.length} usable`);
  });

  test('outputs with ordinary names are written as named, also where the working folder is a link', async ({ start, computer }) => {
    await computer.write('fox.png', await photo(24, 16));
    await mkdir(join(computer.project, '.github'));
    const alias = join(computer.home, 'work');
    await symlink(computer.project, alias);
    const limner = await start({ env: { LIMNER_BACKEND: 'standin', ...quiet, PWD: alias }, cwd: alias });
    let usable = 0;
    const outputs = [
      ...ordinaryOutputs,
      `${alias}/by alias.png`,
      '~/work/by home.png',
      pathToFileURL(join(computer.project, 'é 1.png')).href,
    ];
    for (const output of outputs) {
      const answer = await limner.call('export_image', { images: ['fox.png'], width: 8, output });
      expect(answer.isError, answer.text).toBe(false);
      for (const { path } of answer.exported.files) expect(readPictureHeader(await readFile(path))).toMatchObject({ width: 8 });
      usable += 1;
    }
    figure('ordinary paths to write', `${usable} of ${outputs.length} usable`);
  });

  test('a picture in a hidden folder is read, and what is made of it goes where people look', async ({ start, computer }) => {
    await computer.write('.playwright-mcp/page.png', await photo(24, 16));
    const limner = await start({ env: { LIMNER_BACKEND: 'standin', ...quiet } });
    const { files } = (await limner.call('export_image', { images: ['.playwright-mcp/page.png'], width: 8 })).exported;
    expect(files.map(({ path }) => path)).toEqual([join(computer.project, 'page.png')]);
  });

  test('a hidden folder the person has allowed by name may be written to', async ({ start, computer }) => {
    const picture = await computer.write('fox.png', await photo(24, 16));
    await mkdir(join(computer.project, '.art'));
    const env = { LIMNER_BACKEND: 'standin', ...quiet, LIMNER_ALLOWED_DIRS: '.art' };
    const limner = await start({ env });
    expect((await limner.call('export_image', { images: [picture], output: '.art/fox.png' })).isError).toBe(false);
    const refused = await limner.call('export_image', { images: [picture], output: '.git/fox.png' });
    expect(refused).toMatchObject({ isError: true, code: 'not_allowed' });
    expect(refused.text).toMatch(/hidden folders.*LIMNER_ALLOWED_DIRS/s);
  });
});

/** Writes under each name; says which were refused, and what came to be that must not. */
async function tryWrites(raw: Raw, computer: Computer, ground: HostileGround, names: readonly string[]) {
  const everything = join(computer.home, '..', '..');
  const leaveOut = [computer.state];
  const before = await snapshot(everything, leaveOut);
  const tried = await inTurns(names, (output) => tryCall(raw, 'export_image', { images: ['existing.png'], output }, output));
  const changed = changesBetween(everything, before, await snapshot(everything, leaveOut));
  const wrong = tried.flatMap((each) => each.wrong);
  let files = 0;
  for (const path of changed.map((each) => join(everything, each))) {
    const facts = (await snapshot(join(path, '..'))).get(path);
    if (facts?.startsWith('folder') && path.startsWith(`${ground.project}/`) && !before.has(path)) continue;
    files += 1;
    const isPicture =
      /\.(png|jpe?g|webp|avif)$/i.test(path) && path.startsWith(`${ground.project}/`) && !/\/\./.test(path.slice(ground.project.length));
    if (before.has(path) || !isPicture) wrong.push(`${path} was changed or made`);
    else if (!isNamedFor(path, readPictureHeader(await readFile(path)).format)) wrong.push(`${path} is another format`);
  }
  const written = tried.filter(({ isError }) => !isError).length;
  if (written !== files) wrong.push(`${written} calls succeeded and ${files} files were made`);
  return { tried, wrong, written };
}

function isNamedFor(path: string, format: string): boolean {
  return path.toLowerCase().endsWith(`.${format}`) || (format === 'jpeg' && /\.jpg$/i.test(path));
}

describe('names to write', () => {
  test('nothing is written outside, nothing there is replaced, and only pictures come to be', async ({ raw, computer }) => {
    const ground = await makeHostileGround(computer);
    const server = raw({ LIMNER_BACKEND: 'standin', ...quiet });
    await server.initialize();
    const escapes = await tryWrites(server, computer, ground, escapingWrites(ground));
    const refused = await tryWrites(server, computer, ground, refusedWrites);
    const odd = await tryWrites(server, computer, ground, oddWrites);
    expect([escapes, refused, odd].flatMap(({ wrong }) => wrong)).toEqual([]);
    expect([escapes, refused].flatMap(({ tried }) => tried).filter(({ isError }) => !isError)).toEqual([]);
    expect(odd.written).toBeGreaterThan(5);
    const refusedOf = ({ tried }: typeof odd) => `${tried.filter(({ isError }) => isError).length} of ${tried.length}`;
    const wrong = [escapes, refused, odd].reduce((sum, each) => sum + each.wrong.length, 0);
    figure(
      'hostile names of our own',
      `${refusedOf(escapes)} escapes and ${refusedOf(refused)} bad names refused, ${odd.written} of ${odd.tried.length} odd ones written in the project, ` +
        `${wrong} files outside, changed or of a wrong type`,
    );
    await ground.close();
  });

  test('told to overwrite, limner replaces no link, folder, pipe or text, and leaves the other name of a file as it was', async ({
    raw,
    computer,
  }) => {
    const ground = await makeHostileGround(computer);
    const other = await computer.write('other.png', await photo(30, 20));
    await link(other, join(computer.project, 'hard.png'));
    await computer.write('text.png', 'a shopping list');
    const server = raw({ LIMNER_BACKEND: 'standin', ...quiet });
    await server.initialize();
    const before = await snapshot(join(computer.home, '..'), [computer.state]);
    for (const name of [
      'link-live.png',
      'link-dangling.png',
      'existing-dir.png/',
      'fifo.png',
      'socket.png',
      'text.png',
      'no-permission.png',
    ]) {
      for (const [tool, args] of [
        ['export_image', { images: ['existing.png'], preset: 'none' }],
        ['generate_image', { prompt: 'A fox' }],
      ] as const) {
        const answer = await server.call(tool, { ...args, output: name, overwrite: true });
        // Into a folder is no replacing.
        if (!name.endsWith('/')) expect(answer, name).toMatchObject({ isError: true });
      }
    }
    const changed = changesBetween(ground.project, before, await snapshot(join(computer.home, '..'), [computer.state]));
    expect(changed.filter((path) => !path.startsWith('existing-dir.png'))).toEqual([]);
    const answer = await server.call('export_image', { images: ['existing.png'], output: 'hard.png', overwrite: true });
    const [file] = answer.exported.files;
    expect(await readFile(file?.replaced ?? '')).toEqual(await photo(30, 20));
    expect(await readFile(other)).toEqual(await photo(30, 20));
    await ground.close();
  });
});

describe('the archive', () => {
  test('is no place for output, whatever is allowed and however it is named', async ({ start, computer, google }) => {
    const [real, state] = [join(computer.project, 'real state'), join(computer.project, 'state')];
    await mkdir(real);
    await symlink(real, state);
    const env = { ...withKey(google), ...quiet, LIMNER_STATE_DIR: state };
    const limner = await start({ env });
    const { file } = await limner.call('generate_image', { prompt: 'A fox' });
    const original = file.original ?? '';
    const before = await readFile(original);
    await symlink(join(real, 'images'), join(computer.project, 'pictures'));
    const outputs = [
      original,
      join(real, 'images', basename(original)),
      `pictures/${basename(original)}`,
      'state/',
      'real state/new/fox.jpg',
    ];
    const says = /is limner's own archive; choose another output\.$/m;
    const tools = [
      ['generate_image', { prompt: 'An owl' }],
      ['export_image', { images: [file.path], preset: 'favicon' }],
      ['export_image', { images: [file.path] }],
      ['edit_image', { prompt: 'Bluer', image: original }],
      ['compose_images', { prompt: 'Both', images: [original, file.path] }],
    ] as const;
    for (const [tool, args] of tools) {
      const answers = await Promise.all(outputs.map((output) => limner.call(tool, { ...args, output, overwrite: true })));
      expect(answers.map(({ code, text }) => [code, says.test(text)])).toEqual(outputs.map(() => ['not_allowed', true]));
    }
    const command = await runCli(computer, ['export', original, '--output', original, '--overwrite'], env);
    expect(command).toMatchObject({ code: 1, stderr: expect.stringMatching(says) });
    expect(google.requests).toHaveLength(1);
    expect(await readFile(original)).toEqual(before);
    expect(await readdir(real)).not.toContain('new');
    // Read as before; what is made of it goes where people look.
    const { files } = (await limner.call('export_image', { images: [join(real, 'images', basename(original))], width: 8 })).exported;
    expect(files.map(({ path }) => dirname(path))).toEqual([computer.project]);
  });

  test('counts as keeping a picture only where that lies in another file than the one replaced', async ({ start, computer, google }) => {
    const limner = await start({ env: { ...withKey(google), ...quiet } });
    const { file } = await limner.call('generate_image', { prompt: 'A fox' });
    const original = file.original ?? '';
    const before = await readFile(original);
    // One file in two places stands for a folder that is mounted in two.
    await link(original, join(computer.project, 'fox.jpg'));
    const { text } = await limner.call('generate_image', { prompt: 'An owl', output: 'fox.jpg', overwrite: true });
    const [, kept = ''] = /The picture it replaced is kept at (.*)\.$/m.exec(text) ?? [];
    expect(dirname(kept)).toBe(join(computer.state, 'replaced'));
    expect(await readFile(kept)).toEqual(before);
  });
});

describe('names with characters that cannot be seen', () => {
  test('are refused when they are new, saying which character and where, and the name without it is taken', async ({ raw, computer }) => {
    await computer.write('fox.png', await photo(24, 16));
    const server = raw({ LIMNER_BACKEND: 'standin', ...quiet });
    await server.initialize();
    const call = (output: string) => server.call('export_image', { images: ['fox.png'], output, width: 8 });
    for (const [output, says, plain] of [
      ['❤️.png', 'a character that cannot be seen (U+FE0F after "❤")', '❤.png'],
      ['می‌خواهم.png', 'a character that cannot be seen (U+200C after "می")', 'میخواهم.png'],
      ['👩‍👩‍👧.png', 'characters that cannot be seen (U+200D after "👩", U+200D after "👩👩")', '👩👩👧.png'],
      ['\u200bowl.png', 'a character that cannot be seen (U+200B at its start)', 'owl.png'],
      ['n\u00adew/owl.png', 'The folder name "new" in output has a character that cannot be seen (U+00AD after "n")', 'new'],
    ] as const) {
      const { code, text } = await call(output);
      expect([code, text], output).toEqual(['invalid_argument', expect.stringContaining(says)]);
      expect(text).toContain(`such as "${plain}"`);
      expect(text).not.toMatch(unseen);
      if (plain.endsWith('.png')) expect((await call(plain)).isError, plain).toBe(false);
    }
    for (const output of ['\u200b.png', 'CON\u200b.png']) expect((await call(output)).text, output).toMatch(/Give a plain name\.$/m);
  });

  test('are taken where they are there: folders to write into, pictures to replace', async ({ start, computer }) => {
    const picture = await photo(24, 16);
    await computer.write('fox.png', picture);
    for (const name of ['❤️.png', 'a\u202eb.png', 'a\u2067b.png', '🏴\u{e0067}\u{e007f}.png', 'می‌خواهم'])
      await computer.write(name, picture);
    await mkdir(join(computer.project, 'assets', 'می‌خواهم'), { recursive: true });
    const limner = await start({ env: { LIMNER_BACKEND: 'standin', ...quiet } });
    const say = async (tool: string, args: Record<string, unknown>) => {
      const answer = await limner.call(tool, args);
      expect(answer.text).not.toMatch(unseen);
      return answer.isError ? answer.code : 'done';
    };
    const fox = { images: ['fox.png'], width: 8 };
    expect(await say('export_image', { ...fox, output: 'assets/می‌خواهم/fox.png' })).toBe('done');
    expect(await readdir(join(computer.project, 'assets', 'می‌خواهم'))).toEqual(['fox.png']);
    expect(await say('export_image', { ...fox, output: '❤️.png' })).toBe('file_exists');
    expect(await say('export_image', { ...fox, output: '❤️.png', overwrite: true })).toBe('done');
    expect(readPictureHeader(await readFile(join(computer.project, '❤️.png')))).toMatchObject({ width: 8 });
    const heart = { prompt: 'A heart', output: '❤️.png', overwrite: true };
    expect(await say('generate_image', heart)).toBe('done');
    expect(readPictureHeader(await readFile(join(computer.project, '❤️.png')))).toMatchObject({ width: 1024 });
    const before = await readdir(computer.project);
    // Two of them would need a name that is not there.
    expect(await say('generate_image', { ...heart, count: 2 })).toBe('invalid_argument');
    for (const output of ['a\u202eb.png', 'a\u2067b.png', '🏴\u{e0067}\u{e007f}.png', 'می‌خواهم'])
      expect(await say('export_image', { ...fox, output, overwrite: true }), output).toBe('invalid_argument');
    expect(await readdir(computer.project)).toEqual(before);
  });
});

describe('an archive others have written in', () => {
  const id = 'img_aaaaaaaaaaaaaaaa';

  /** A record that says whatever its writer likes; `facts` of the file it names are true, as for the worst. */
  async function poison(computer: Computer, path: string): Promise<void> {
    const bytes = await readFile(path);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const file = { path, bytes: bytes.length, sha256 };
    const pixels = { format: 'png', width: 61, height: 47 };
    const record = {
      ...{
        id,
        call: 'call_aaaaaaaaaaaaaaaa',
        number: 1,
        at: new Date().toISOString(),
        tool: 'generate_image',
        backend: 'gemini',
        model: 'flash',
      },
      ...{ prompt: 'A fox', parents: [], inputs: [], folder: computer.project, plan: {}, finish: {}, differences: [], warnings: [] },
      ...{ original: file, made: pixels, delivered: { ...file, ...pixels }, estimated: false, text: '', sources: [], searches: 0 },
    };
    await mkdir(join(computer.state, 'images'), { recursive: true });
    await writeFile(join(computer.state, 'images', `${id}.json`), JSON.stringify(record));
    const line = (name: string) => `${JSON.stringify({ sha256, id: name, at: record.at, call: record.call, folder: computer.project })}\n`;
    await writeFile(join(computer.state, 'index.jsonl'), `${line(id)}${line('../../home/ada/outside/private')}`);
  }

  test('a record that names a file outside lets nobody read it', async ({ start, computer, google }) => {
    const ground = await makeHostileGround(computer);
    await poison(computer, join(ground.outside, 'private.png'));
    const limner = await start({ env: { ...withKey(google), ...quiet } });
    for (const image of [id, 'last', `limner://images/${id}`, join(computer.state, 'images', `${id}.png`)]) {
      expect((await limner.call('edit_image', { prompt: 'Brighter', image })).isError, image).toBe(true);
      expect((await limner.call('export_image', { images: [image], output: 'x.png' })).isError, image).toBe(true);
    }
    await expect(limner.client.readResource({ uri: `limner://images/${id}` })).rejects.toThrow(/original of img_/);
    expect((await limner.client.listResources()).resources.map(({ uri }) => uri)).not.toContain(`limner://images/${id}`);
    expect(google.requests).toEqual([]);
    expect(await readdir(ground.project)).not.toContain('x.png');
    await ground.close();
  });

  test('forgetting removes nothing outside, neither what a record names nor what a link leads to', async ({ computer }) => {
    const ground = await makeHostileGround(computer);
    await poison(computer, join(ground.outside, 'private.png'));
    for (const name of ['replaced', 'turns']) await symlink(ground.outside, join(computer.state, name));
    await symlink(join(ground.outside, 'private.png'), join(computer.state, 'images', `${id}.png`));
    const before = await snapshot(ground.home);
    expect(await runCli(computer, ['forget', '--yes', id])).toMatchObject({ code: 0 });
    expect(await runCli(computer, ['forget', '--yes', '--all'])).toMatchObject({ code: 0 });
    expect(changesBetween(ground.home, before, await snapshot(ground.home))).toEqual([]);
    await ground.close();
  });

  test('pipes in the place of its files keep nobody waiting', async ({ raw, computer, google }) => {
    const picture = await computer.write('fox.png', await photo(64, 48));
    await poison(computer, picture);
    const files = [`images/${id}.json`, `images/${id}.png`, 'index.jsonl'].map((name) => join(computer.state, name));
    for (const file of files) await rm(file, { force: true });
    execFileSync('mkfifo', files);
    const server = raw({ ...withKey(google), ...quiet });
    await server.initialize();
    expect((await server.call('edit_image', { prompt: 'Brighter', image: id })).isError).toBe(true);
    expect((await server.call('edit_image', { prompt: 'Brighter', image: 'fox.png' })).isError).toBe(false);
  });
});

const corpus = z.object({ entries: z.array(z.object({ op: z.string(), path: z.string(), class: z.string(), expect: z.string() })) });

/** Only where somebody has them. */
function testLists(folder: string): void {
  async function readCorpus(op: string, { project, outside, home }: HostileGround) {
    const { entries } = corpus.parse(JSON.parse(await readFile(join(folder, 'hostile-paths.json'), 'utf8')));
    const tokens = { ALLOWED: project, OUT: project, CWD: project, OUTSIDE: outside, OUTSIDE_NAME: 'outside', HOME: home };
    const fill = (path: string) => Object.entries(tokens).reduce((text, [name, value]) => text.replaceAll(`{${name}}`, value), path);
    return entries.filter((entry) => entry.op === op).map((entry) => ({ ...entry, path: fill(entry.path) }));
  }

  test('every path is refused or gives its pixels alone', async ({ raw, computer, google }) => {
    const ground = await makeHostileGround(computer);
    const entries = await readCorpus('read', ground);
    const server = raw({ ...withKey(google), ...quiet });
    await server.initialize();
    const refuse = entries.filter((entry) => entry.expect === 'refuse').map(({ path }) => path);
    const tried = await tryReads(server, refuse);
    const refused = tried.filter(({ isError }) => isError).length;
    const requests = google.requests.length;
    const contained = await tryReads(
      server,
      entries.filter((entry) => entry.expect === 'contain').map(({ path }) => path),
    );
    await expectNoLeak(server, google, computer);
    figure(
      'hostile paths',
      `${refused} of ${refuse.length} refused with ${requests} requests, ${contained.filter(({ isError }) => !isError).length} of ${contained.length} gave pixels alone`,
    );
    expect([...tried, ...contained].flatMap(({ wrong }) => wrong)).toEqual([]);
    expect(tried.filter(({ isError }) => !isError)).toEqual([]);
    expect(requests).toBe(0);
    await ground.close();
  });

  test('no name gets out of the project or becomes anything but a picture', async ({ raw, computer }) => {
    const ground = await makeHostileGround(computer);
    const entries = await readCorpus('write', ground);
    const server = raw({ LIMNER_BACKEND: 'standin', ...quiet });
    await server.initialize();
    const paths = entries.map(({ path }) => path);
    const { tried, wrong, written } = await tryWrites(server, computer, ground, paths);
    const escapes = tried.filter((_, index) => entries[index]?.expect === 'refuse');
    figure(
      'hostile names',
      `${tried.length} tried, ${escapes.filter(({ isError }) => isError).length} of ${escapes.length} escapes refused, ` +
        `${written} written as pictures in the project, ${wrong.length} files outside, changed or of a wrong type`,
    );
    expect(wrong).toEqual([]);
    expect(escapes.filter(({ isError }) => !isError)).toEqual([]);
    await ground.close();
  });
}

const lists = corpora;
if (lists !== undefined) describe('lists made by others', () => testLists(lists));
