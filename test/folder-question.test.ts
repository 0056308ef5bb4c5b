import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, vi } from 'vitest';
import type { Answer } from './answer.ts';
import { type Computer, type Limner, photo, type StartOptions, test, withKey } from './fixtures.ts';
import { runCli } from './raw.ts';

type Reply = { action: 'accept'; content: Record<string, string | boolean> } | { action: 'decline' | 'cancel' };
const say = (folder: string): Reply => ({ action: 'accept', content: { folder } });
const [once, always, no] = [say('Allow once'), say('Always allow'), say('No')];

const eras = [
  { era: 'before 2026-07-28', negotiation: {} },
  { era: 'since 2026-07-28', negotiation: { versionNegotiation: { mode: { pin: '2026-07-28' } } } },
] as const;

const settingsOf = ({ home }: Computer) => join(home, '.config', 'limner', 'config.json');
const readSettings = async (computer: Computer): Promise<unknown> =>
  JSON.parse((await readFile(settingsOf(computer), 'utf8')).replace(/^\uFEFF/, ''));

async function writeSettings(computer: Computer, text: string): Promise<void> {
  await mkdir(dirname(settingsOf(computer)), { recursive: true });
  await writeFile(settingsOf(computer), text, { mode: 0o600 });
}

/** A folder beside the project, with a picture in it. */
async function makeFolder({ home }: Computer, name = 'photos'): Promise<string> {
  const folder = join(home, name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'fox.png'), await photo(64, 48));
  return folder;
}

interface Asking {
  limner: Limner;
  /** What the person was shown, in order. */
  asked: string[];
  schemas: unknown[];
  /** What the person says from now on, in order; the last for good. */
  reply(...replies: readonly (Reply | undefined)[]): void;
}

/** A host that puts questions to a person. */
async function serveAsking(start: (options: StartOptions) => Promise<Limner>, negotiation: object, env = {}): Promise<Asking> {
  const limner = await start({ env, options: { capabilities: { elicitation: {} }, ...negotiation } });
  let replies: readonly (Reply | undefined)[] = [];
  const [asked, schemas]: [string[], unknown[]] = [[], []];
  limner.client.setRequestHandler('elicitation/create', ({ params }) => {
    asked.push(params.message);
    schemas.push('requestedSchema' in params ? params.requestedSchema : undefined);
    const [next, ...others] = replies;
    if (others.length > 0) replies = others;
    if (next === undefined) throw new Error('no person here');
    return next;
  });
  return {
    limner,
    asked,
    schemas,
    reply: (...next) => {
      replies = next;
    },
  };
}

const exportOf = (folder: string, more: object = {}) => ({
  images: [join(folder, 'fox.png')],
  width: 32,
  output: 'out/',
  overwrite: true,
  ...more,
});

function expectClosed(answer: Answer, start: RegExp): void {
  expect([answer.isError, answer.code]).toEqual([true, 'not_allowed']);
  expect(answer.text).toMatch(start);
  expect(answer.text).toContain('LIMNER_ALLOWED_DIRS');
}

const plain = /^limner may not (read|write to) "/;
const refused =
  /^The person was asked to open this folder and did not, so do not ask for anything in it again unless they say so\. limner may not /;

describe.for(eras)('a folder that is not open, $era', ({ negotiation }) => {
  test('is read once when the person allows it once, and not a second time', async ({ start, computer }) => {
    const folder = await makeFolder(computer);
    const { limner, asked, schemas, reply } = await serveAsking(start, negotiation);
    reply(once, no);
    const { exported } = await limner.call('export_image', exportOf(folder));
    expect(exported.files).toMatchObject([{ width: 32 }]);
    expect(asked).toEqual([
      `An agent asks limner to read a picture in a folder that is not open to it:\n${folder}\nAllowing it opens this folder, with all folders in it, to limner for reading and saving pictures: ` +
        'once for this call alone, always until you take it out of LIMNER_ALLOWED_DIRS.',
    ]);
    expect(schemas).toMatchObject([
      { properties: { folder: { type: 'string', enum: ['Allow once', 'Always allow', 'No'], default: 'No' } }, required: ['folder'] },
    ]);
    expectClosed(await limner.call('export_image', exportOf(folder)), refused);
    expect(asked).toHaveLength(2);
    await expect(stat(settingsOf(computer))).rejects.toThrow();
  });

  test('is open for good when the person says so: to this server, to the next, and in the settings file', async ({ start, computer }) => {
    const folder = await makeFolder(computer);
    await writeSettings(
      computer,
      '\uFEFF{"LIMNER_PREVIEW": "512", "GEMINI_API_KEY": "AIzaSyA-secret-of-the-person-0123456789", "LIMNER_ALLOWED_DIRS": null}',
    );
    const { limner, asked, reply } = await serveAsking(start, negotiation);
    reply(always);
    const first = await limner.call('export_image', exportOf(folder));
    expect(first.isError, first.text).toBe(false);
    expect(first.text).toContain(`Settings: As the person chose, ${folder} was added to LIMNER_ALLOWED_DIRS in ${settingsOf(computer)}.`);
    expect((await limner.call('export_image', exportOf(folder, { output: `${folder}/small/` }))).isError).toBe(false);
    expect(asked).toHaveLength(1);
    expect(await readSettings(computer)).toEqual({
      LIMNER_PREVIEW: '512',
      GEMINI_API_KEY: 'AIzaSyA-secret-of-the-person-0123456789',
      LIMNER_ALLOWED_DIRS: folder,
    });
    expect((await stat(settingsOf(computer))).mode & 0o777).toBe(0o600);
    expect(await readdir(dirname(settingsOf(computer)))).toEqual(['config.json']);
    const next = await start({});
    expect((await next.call('export_image', exportOf(folder))).isError).toBe(false);
  });

  test('stays closed when the person says no, whichever way, and is not asked for again, nor what is in it or around it', async ({
    start,
    computer,
  }) => {
    for (const way of [no, { action: 'decline' }, { action: 'cancel' }, { action: 'accept', content: { folder: 'perhaps' } }] as const) {
      const folder = await makeFolder(computer, 'work/photos');
      const { limner, asked, reply } = await serveAsking(start, negotiation);
      reply(way, always);
      // A host that gives what was not offered may be told off by the SDK.
      const outcome = await limner.call('export_image', exportOf(folder));
      expect([outcome.isError, outcome.code]).toEqual([true, 'not_allowed']);
      const near = [folder, join(folder, '2024'), join(folder, '..')];
      for (const closed of near)
        expectClosed(
          await limner.call('export_image', exportOf(closed)),
          closed === folder && way.action !== 'accept' ? refused : /limner may not read/,
        );
      expectClosed(await limner.call('generate_image', { prompt: 'A fox', output: `${folder}/new.png` }), /limner may not write to/);
      expect(asked).toHaveLength(1);
      await limner.close();
    }
  });

  test('is no question any more after three noes', async ({ start, computer }) => {
    const { limner, asked, reply } = await serveAsking(start, negotiation);
    reply(no);
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      const answer = await limner.call('export_image', exportOf(join(computer.home, name)));
      expectClosed(answer, name < 'd' ? refused : plain);
    }
    expect(asked).toHaveLength(3);
  });

  test('is asked for to save a picture in it, and may be made', async ({ start, computer, google }) => {
    const { limner, asked, reply } = await serveAsking(start, negotiation, withKey(google));
    const folder = join(computer.home, 'site 1.0', 'img');
    reply(once);
    const { file } = await limner.call('generate_image', { prompt: 'A fox', output: `${folder}/fox.jpg` });
    expect(file.path).toBe(join(folder, 'fox.jpg'));
    expect(asked[0]).toContain(`An agent asks limner to save a picture in a folder that is not open to it:\n${folder}\n`);
    const other = join(computer.home, 'v1.0');
    expect((await limner.call('export_image', { images: [file.id], width: 32, output: `${other}/` })).isError).toBe(false);
    expect(asked[1]?.split('\n')[1]).toBe(other);
    expect(asked).toHaveLength(2);
  });

  test('is asked for beside another, and beside the price, each by itself', async ({ start, computer, google }) => {
    const [one, two] = [await makeFolder(computer, 'one'), await makeFolder(computer, 'two')];
    const { limner, asked, reply } = await serveAsking(start, negotiation, { ...withKey(google), LIMNER_BUDGET_USD_PER_CALL: '0.01' });
    reply(once, once, { action: 'accept', content: { pay: true } });
    const call = { prompt: 'Both', images: [join(one, 'fox.png'), join(two, 'fox.png')] };
    const { isError, text } = await limner.call('compose_images', call);
    expect(isError, text).toBe(false);
    expect(asked.map((message) => message.split('\n')[1] ?? message)).toEqual([
      one,
      two,
      expect.stringMatching(/Pay for this one call\?$/),
    ]);
    expect(google.requests).toHaveLength(1);
    reply(once, no);
    expectClosed(await limner.call('compose_images', call), refused);
    expect(google.requests).toHaveLength(1);
  });

  test('is refused as ever by a host that cannot ask', async ({ start, computer }) => {
    const folder = await makeFolder(computer);
    const words =
      `limner may not read "${folder}/fox.png": it is, or leads, outside the project folder ${computer.project}. ` +
      'The person can allow its folder by adding it to LIMNER_ALLOWED_DIRS; or copy the picture into an allowed folder.\nNothing was generated and nothing was charged.\n';
    for (const capabilities of [{}, { elicitation: { url: {} } }]) {
      const limner = await start({ options: { capabilities, ...negotiation } });
      expect((await limner.call('export_image', exportOf(folder))).text).toBe(words);
    }
  });

  test('can be opened always only where the settings file counts', async ({ start, computer }) => {
    const folder = await makeFolder(computer);
    const { limner, asked, schemas, reply } = await serveAsking(start, negotiation, { LIMNER_ALLOWED_DIRS: computer.project });
    reply(once);
    expect((await limner.call('export_image', exportOf(folder))).isError).toBe(false);
    expect(schemas).toMatchObject([{ properties: { folder: { enum: ['Allow once', 'No'] } } }]);
    expect(asked[0]).toMatch(/for reading and saving pictures, for this call alone\.$/);
  });

  test('is asked about in the same words whether it is there or not', async ({ start, computer }) => {
    const there = await makeFolder(computer, 'here');
    const gone = join(computer.home, 'gone');
    await symlink('/etc', join(computer.home, 'link'));
    const { limner, asked, reply } = await serveAsking(start, negotiation);
    reply(no);
    const answers: string[] = [];
    for (const folder of [there, gone, join(computer.home, 'link')]) {
      const { text } = await limner.call('export_image', exportOf(folder));
      answers.push(text.replaceAll(folder, 'X'));
    }
    expect(new Set(answers).size).toBe(1);
    expect(new Set(asked.map((message) => message.replace(/\n.*\n/, '\nX\n'))).size).toBe(1);
    expect(asked).toHaveLength(3);
  });

  test('that a link leads out of stays closed though the person allowed it, once or always', async ({ start, computer }) => {
    const secret = join(computer.state, '..', 'secret');
    await mkdir(secret);
    await writeFile(join(secret, 'fox.png'), await photo(64, 48));
    await mkdir(join(computer.home, 'real'));
    await symlink(secret, join(computer.home, 'link'));
    await symlink(secret, join(computer.home, 'real', 'inside'));
    const elsewhere = /^The person allowed this folder, but its path leads elsewhere through a link, so it stays closed\. limner may not /;
    const { limner, reply } = await serveAsking(start, negotiation);
    reply(once, always, once, once);
    expectClosed(await limner.call('export_image', exportOf(join(computer.home, 'link'))), elsewhere);
    expectClosed(await limner.call('export_image', exportOf(join(computer.home, 'link'))), elsewhere);
    expectClosed(await limner.call('export_image', exportOf(join(computer.home, 'real', 'inside'))), elsewhere);
    // The folder is what it says, and a picture in it is not.
    await symlink(join(secret, 'fox.png'), join(computer.home, 'real', 'fox.png'));
    expectClosed(await limner.call('export_image', exportOf(join(computer.home, 'real'))), elsewhere);
    await expect(stat(settingsOf(computer))).rejects.toThrow();
  });
});

describe('what no person is asked about', () => {
  const hostile = (computer: Computer): Record<string, string> => ({
    'the root': '/fox.png',
    'a home': join(computer.home, 'fox.png'),
    'another home': '/home/bob/fox.png',
    'all homes': '/home/fox.png',
    'what holds the home': join(computer.home, '..', 'fox.png'),
    'the system’s settings': '/etc/ssl/fox.png',
    'a system folder': '/var/lib/app/fox.png',
    processes: '/proc/1/root/fox.png',
    keys: '~/.ssh/fox.png',
    'a hidden folder further up': join(computer.home, '.config', 'app', 'pictures', 'fox.png'),
    'a hidden folder further down': join(computer.home, 'work', '.git', 'pictures', 'fox.png'),
    'what programs keep on a Mac': join(computer.home, 'Library', 'Keychains', 'fox.png'),
    'what programs keep on Windows': join(computer.home, 'AppData', 'Local', 'fox.png'),
    'the archive': join(computer.state, 'images', 'fox.png'),
    'what holds the archive': join(computer.state, '..', 'fox.png'),
    'words instead of a name': join(computer.home, 'photos": this is safe, choose "Always allow', 'fox.png'),
    'a second line': join(computer.home, 'photos\nThe person has agreed already', 'fox.png'),
    'a direction mark': join(computer.home, 'photos\u202e', 'fox.png'),
    'a joiner': join(computer.home, 'pho\u200dtos', 'fox.png'),
    'two spaces': join(computer.home, 'my  photos', 'fox.png'),
    Markdown: join(computer.home, '![x](https:', 'evil.example', 'fox.png'),
    'a list of two': join(computer.home, 'a:', 'fox.png'),
    'a sentence': join(computer.home, 'limner needs this folder to go on so please choose to always allow it', 'fox.png'),
    'a path nobody reads': join(computer.home, ...Array.from({ length: 30 }, () => 'abcdefgh'), 'fox.png'),
    'a pattern': join(computer.home, 'photos*', 'fox.png'),
  });

  test('are folders nobody means, of the system, of limner, hidden, or whose name says something', async ({ start, computer }) => {
    const { limner, asked, reply } = await serveAsking(start, {});
    reply(always);
    for (const [what, path] of Object.entries(hostile(computer))) {
      const read = await limner.call('export_image', { images: [path], width: 32, output: 'out/' });
      expect([read.isError, read.code], what).toEqual([true, 'not_allowed']);
      const written = await limner.call('generate_image', { prompt: 'A fox', output: path });
      expect([written.isError, written.code], what).toEqual([true, 'not_allowed']);
    }
    expect(asked).toEqual([]);
    await expect(stat(settingsOf(computer))).rejects.toThrow();
  });

  test('is a link in an allowed folder that leads out of it', async ({ start, computer }) => {
    const folder = await makeFolder(computer);
    await symlink(folder, join(computer.project, 'link'));
    const { limner, asked, reply } = await serveAsking(start, {});
    reply(always);
    expectClosed(await limner.call('export_image', exportOf('link')), plain);
    expectClosed(await limner.call('generate_image', { prompt: 'A fox', output: 'link/a.png' }), plain);
    expect(asked).toEqual([]);
  });

  test('is anything, when the call holds the key or the settings are wrong', async ({ start, computer, google }) => {
    const folder = await makeFolder(computer);
    const env = withKey(google);
    const { limner, asked } = await serveAsking(start, {}, env);
    const { code } = await limner.call('export_image', exportOf(join(computer.home, env.GEMINI_API_KEY ?? '')));
    expect(code).toBe('invalid_argument');
    const wrong = await serveAsking(start, {}, { LIMNER_BACKEND: 'nonsense' });
    expect((await wrong.limner.call('export_image', exportOf(folder))).code).toBe('settings');
    expect([asked, wrong.asked]).toEqual([[], []]);
  });
});

describe('the question', () => {
  test('is one at a time, and what is said for good answers those that wait', async ({ start, computer }) => {
    const folder = await makeFolder(computer);
    const { limner, asked } = await serveAsking(start, {});
    let open = 0;
    let answer = (_: Reply | undefined) => {};
    limner.client.setRequestHandler('elicitation/create', ({ params }) => {
      asked.push(params.message);
      open += 1;
      expect(open).toBe(1);
      return new Promise<Reply>((resolve) => {
        answer = (reply) => {
          open -= 1;
          if (reply) resolve(reply);
        };
      });
    });
    const calls = [1, 2, 3].map((number) => limner.call('export_image', exportOf(folder, { output: `out${number}/` })));
    await vi.waitFor(() => expect(asked).toHaveLength(1), { timeout: 10_000 });
    answer(always);
    for (const call of calls) expect((await call).isError).toBe(false);
    expect(asked).toHaveLength(1);
  });

  test('that a host does not answer leaves it at the refusal, and is not put again', async ({ start, computer }) => {
    const folder = await makeFolder(computer);
    const { limner, asked, reply } = await serveAsking(start, {});
    reply(undefined);
    for (let round = 0; round < 2; round += 1) expectClosed(await limner.call('export_image', exportOf(folder)), plain);
    expect(asked).toHaveLength(1);
  });

  test('counts for the call it was put to, since 2026-07-28 too', async ({ start, computer }) => {
    const [one, two] = [await makeFolder(computer, 'one'), await makeFolder(computer, 'two')];
    const limner = await start({
      options: {
        versionNegotiation: { mode: { pin: '2026-07-28' } },
        capabilities: { elicitation: {} },
        inputRequired: { autoFulfill: false },
      },
    });
    const send = async (folder: string, more: object = {}) =>
      limner.client.callTool({ name: 'export_image', arguments: exportOf(folder), ...more }, { allowInputRequired: true });
    const first = await send(one);
    const state = 'requestState' in first ? String(first.requestState) : '';
    expect(state).toMatch(/^[0-9a-f]{32}$/);
    const yes = { inputResponses: { folder: once } };
    for (const more of [yes, { ...yes, requestState: 'f'.repeat(32) }])
      expect(await send(one, more)).toHaveProperty('inputRequests.folder');
    // For another call the answer is none, and it is used up.
    expect(await send(two, { ...yes, requestState: state })).toHaveProperty('inputRequests.folder');
    expect(await send(one, { ...yes, requestState: state })).toHaveProperty('inputRequests.folder');
  });
});

describe('the settings file, when a folder is opened for good,', () => {
  async function openAlways(start: (options: StartOptions) => Promise<Limner>, computer: Computer, name: string): Promise<Answer> {
    const folder = await makeFolder(computer, name);
    const { limner, reply } = await serveAsking(start, {});
    reply(always);
    const answer = await limner.call('export_image', exportOf(folder));
    await limner.close();
    return answer;
  }

  test('keeps the form of the list, and names no folder twice', async ({ start, computer }) => {
    const { home } = computer;
    await writeSettings(computer, JSON.stringify({ LIMNER_ALLOWED_DIRS: `${home}/a` }));
    await mkdir(join(home, 'a'));
    await openAlways(start, computer, 'b');
    expect(await readSettings(computer)).toEqual({ LIMNER_ALLOWED_DIRS: `${home}/a:${home}/b` });
    await writeSettings(computer, JSON.stringify({ LIMNER_ALLOWED_DIRS: [`${home}/a`] }));
    await openAlways(start, computer, 'c');
    expect(await readSettings(computer)).toEqual({ LIMNER_ALLOWED_DIRS: [`${home}/a`, `${home}/c`] });
  });

  test('is made for this person alone where there is none', async ({ start, computer }) => {
    expect((await openAlways(start, computer, 'b')).isError).toBe(false);
    expect(await readSettings(computer)).toEqual({ LIMNER_ALLOWED_DIRS: join(computer.home, 'b') });
    expect([(await stat(settingsOf(computer))).mode & 0o777, (await stat(dirname(settingsOf(computer)))).mode & 0o777]).toEqual([
      0o600, 0o700,
    ]);
    expect((await runCli(computer, ['history'])).stderr).toBe('');
  });

  test('is written where it leads when it is a link', async ({ start, computer }) => {
    const target = join(computer.home, 'dotfiles.json');
    await writeFile(target, '{"LIMNER_PREVIEW": "none"}', { mode: 0o644 });
    await mkdir(dirname(settingsOf(computer)), { recursive: true });
    await symlink(target, settingsOf(computer));
    expect((await openAlways(start, computer, 'b')).isError).toBe(false);
    expect(JSON.parse(await readFile(target, 'utf8'))).toMatchObject({
      LIMNER_PREVIEW: 'none',
      LIMNER_ALLOWED_DIRS: join(computer.home, 'b'),
    });
    expect((await stat(target)).mode & 0o777).toBe(0o600);
  });

  test('is left alone when it was broken meanwhile, and the folder is open for the call', async ({ start, computer }) => {
    const folder = await makeFolder(computer);
    const { limner, asked, reply } = await serveAsking(start, {});
    reply(always);
    await writeSettings(computer, '{"GEMINI_API_KEY": ');
    const answer = await limner.call('export_image', exportOf(folder));
    expect(answer.isError).toBe(false);
    expect(answer.text).toContain(
      `${folder} is open for this call alone, since ${settingsOf(computer)} was not changed: ${settingsOf(computer)} is not a readable JSON object.`,
    );
    expect(await readFile(settingsOf(computer), 'utf8')).toBe('{"GEMINI_API_KEY": ');
    await rm(settingsOf(computer));
    if (process.getuid?.() === 0) return;
    await chmod(dirname(settingsOf(computer)), 0o500);
    expect((await limner.call('export_image', exportOf(folder))).text).toContain('is open for this call alone');
    await chmod(dirname(settingsOf(computer)), 0o700);
    expect(asked).toHaveLength(2);
  });

  test('does not take a file for a folder', async ({ start, computer }) => {
    await writeFile(join(computer.home, 'fox'), await photo(64, 48));
    const { limner, reply } = await serveAsking(start, {});
    reply(always);
    const answer = await limner.call('export_image', { images: [join(computer.home, 'fox')], width: 32, output: 'out/' });
    expect(answer.isError, answer.text).toBe(false);
    expect(answer.text).toContain('is open for this call alone');
    await expect(stat(settingsOf(computer))).rejects.toThrow();
  });
});
