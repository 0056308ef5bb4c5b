import { chmod, mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect } from 'vitest';
import { setupCommand } from '../src/cli/setup.ts';
import { toCliContext } from './cli-context.ts';
import { built, type Computer, test, withKey } from './fixtures.ts';
import { answers, type Google, testKey } from './google/index.ts';
import { fileOf, isThere, put, read, setUp } from './setup/run.ts';

const userFileOf = ({ home }: Computer) => join(home, '.config', 'limner', 'config.json');

async function putUserFile(computer: Computer, text: string): Promise<string> {
  const file = userFileOf(computer);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text, { mode: 0o600 });
  return file;
}

const reach = (google: Google) => ({ GOOGLE_GEMINI_BASE_URL: google.url });
const quietly = ['--host', 'cursor', '--yes'];

describe('the key', () => {
  test('from a file goes into the per-user file alone, for this person alone, and is checked for free', async ({ computer, google }) => {
    await computer.write('key.txt', `${testKey}\n`);
    const { stdout, stderr } = await setUp(computer, [...quietly, '--key-file', 'key.txt'], { env: reach(google) });
    const file = userFileOf(computer);
    expect(JSON.parse(await read(file))).toEqual({ GEMINI_API_KEY: testKey });
    expect([(await stat(file)).mode & 0o777, (await stat(dirname(file))).mode & 0o777]).toEqual([0o600, 0o700]);
    expect(stdout).toContain('Key: stored in ~/.config/limner/config.json, for you alone.');
    expect(stdout).toMatch(/Checked, for free: .*flash, pro and lite are offered/);
    expect(stdout + stderr + (await read(fileOf(computer, 'cursor')))).not.toContain(testKey);
    expect(google.others).toEqual([{ method: 'GET', path: '/v1beta/models?pageSize=1000', apiKey: testKey }]);
    expect(google.requests).toEqual([]);
  });

  test('from stdin is taken as a line of a shell’s file as well', async ({ computer, google }) => {
    await setUp(computer, [...quietly, '--key-file', '-'], { env: reach(google), input: `export GEMINI_API_KEY="${testKey}"\n` });
    expect(JSON.parse(await read(userFileOf(computer)))).toEqual({ GEMINI_API_KEY: testKey });
  });

  test('of this shell is stored, since hosts hand on little of a shell', async ({ computer, google }) => {
    const { stdout } = await setUp(computer, quietly, { env: withKey(google) });
    expect(stdout).toContain("this shell's was stored");
    expect(JSON.parse(await read(userFileOf(computer)))).toEqual({ GEMINI_API_KEY: testKey });
  });

  test('that is stored stays, with every other setting, unless another is given and the answer is yes', async ({ computer, google }) => {
    const file = await putUserFile(computer, `{\n\t"LIMNER_MODEL": "pro",\n\t"GOOGLE_API_KEY": "${testKey}"\n}\n`);
    const before = await read(file);
    expect((await setUp(computer, quietly, { env: reach(google) })).stdout).toContain(
      'Key: the one in ~/.config/limner/config.json stays.',
    );
    expect(await read(file)).toBe(before);

    const other = 'another-key-0123456789';
    const input = { env: reach(google), input: other };
    const unasked = await setUp(computer, ['--host', 'cursor', '--key-file', '-'], { ...input, code: 1 });
    expect(unasked.stderr).toContain('holds another key');
    expect(await read(file)).toBe(before);

    await chmod(file, 0o644);
    await setUp(computer, [...quietly, '--key-file', '-'], { ...input, code: 1 });
    expect(await read(file)).toBe(`{\n\t"LIMNER_MODEL": "pro",\n\t"GEMINI_API_KEY": "${other}"\n}\n`);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  test('that Google refuses is stored and told, with exit code 1; a Google that is not there is no failure', async ({
    computer,
    google,
  }) => {
    google.onList(answers.keyInvalid());
    const refused = await setUp(computer, [...quietly, '--key-file', '-'], { env: reach(google), input: testKey, code: 1 });
    expect(refused.stderr).toMatch(/does not accept this API key.*make a key at https:\/\/aistudio\.google\.com/);
    const unreachable = await setUp(computer, quietly, { env: { GOOGLE_GEMINI_BASE_URL: 'http://127.0.0.1:9' } });
    expect(unreachable.stderr).toContain('could not be checked');
  });

  test('is sent nowhere while the address it would go to is wrong', async ({ computer, google }) => {
    const env = { GOOGLE_GEMINI_BASE_URL: `ftp://${new URL(google.url).host}` };
    const { stderr } = await setUp(computer, [...quietly, '--key-file', '-'], { env, input: testKey, code: 1 });
    expect(stderr).toContain('the key was not checked, since a setting is wrong');
    expect(google.others).toEqual([]);
  });

  test.for([
    ['AIza key with spaces', 'characters no key has'],
    ['', 'is empty'],
    ['$GEMINI_API_KEY', 'a variable that nobody filled in'],
    ['/run/secrets/gemini', 'holds a path'],
    ['short', 'fewer than 8'],
  ] as const)('%j is none, and is not stored', async ([input, says], { computer }) => {
    const { stderr } = await setUp(computer, [...quietly, '--key-file', '-'], { input, code: 1 });
    expect(stderr).toContain(`stdin ${says.startsWith('is') || says.startsWith('holds') ? says : ''}`);
    expect(stderr).toContain(says);
    expect(await isThere(userFileOf(computer))).toBe(false);
  });

  test('is not written into a per-user file that is broken, nor asked for where nobody is', async ({ computer }) => {
    const without = await setUp(computer, quietly);
    expect(without.stdout).toContain('Key: none is stored.');
    const file = await putUserFile(computer, '{ "GEMINI_API_KEY": ');
    const { stderr } = await setUp(computer, [...quietly, '--key-file', '-'], { input: testKey, code: 1 });
    expect(stderr).toMatch(/config\.json was not touched: .*line 1/);
    expect(await read(file)).toBe('{ "GEMINI_API_KEY": ');
  });

  test('goes with --remove-key alone, and the file with it when nothing else is in it', async ({ computer, google }) => {
    await setUp(computer, [...quietly, '--key-file', '-'], { env: reach(google), input: testKey });
    await setUp(computer, ['--host', 'cursor', '--remove', '--yes']);
    expect(await isThere(userFileOf(computer))).toBe(true);
    expect((await setUp(computer, ['--remove-key'], { code: 1 })).stderr).toContain('add --yes');
    await setUp(computer, ['--remove-key', '--yes']);
    expect(await isThere(userFileOf(computer))).toBe(false);
    expect((await setUp(computer, ['--remove-key', '--yes'])).stdout).toContain('there is none');
    const file = await putUserFile(computer, `{ "LIMNER_MODEL": "pro", "GEMINI_API_KEY": "${testKey}" }`);
    await setUp(computer, ['--remove-key', '--yes']);
    expect(await read(file)).toBe('{ "LIMNER_MODEL": "pro" }');
  });
});

test('limner that was set up with a key serves a host that hands on nothing', async ({ computer, google, start }) => {
  await setUp(computer, [...quietly, '--key-file', '-'], { env: reach(google), input: testKey });
  const limner = await start({ env: reach(google) });
  expect((await limner.call('generate_image', { prompt: 'A fox' })).file.path).toContain('fox');
  expect(google.requests.map(({ apiKey }) => apiKey)).toEqual([testKey]);
});

/** Runs setup with a person at a terminal who gives these answers, and tells what the person was asked. */
async function atTerminal(computer: Computer, args: string[], replies: readonly (string | boolean)[]) {
  const [lines, errors, questions, left]: [string[], string[], string[], (string | boolean)[]] = [[], [], [], [...replies]];
  const reply = (question: string) => {
    questions.push(question);
    return left.shift();
  };
  const env = { ...computer.env, GOOGLE_GEMINI_BASE_URL: 'http://127.0.0.1:9' };
  const context = toCliContext(
    { ...computer, env },
    {
      server: { command: process.execPath, args: [built], cwd: computer.project, env: { ...computer.env, PATH: '' } },
      print: (line) => void lines.push(line),
      printError: (line) => void errors.push(line),
      columns: 80,
      ask: async (question) => reply(question) === true,
      askText: async (question, options) => String(reply(`${question}${options?.hidden ? ' (hidden)' : ''}`)),
    },
  );
  const code = await setupCommand(args, context);
  expect(left).toEqual([]);
  return { code, output: lines.join('\n'), errors: errors.join('\n'), questions };
}

describe('a person at a terminal', () => {
  test('sees the hosts that are here first, chooses, agrees to each change, and gives the key unseen', async ({ computer }) => {
    await put(computer, 'zed', '{}');
    await put(computer, 'codex', '');
    const key = 'AIzaSyA-made-up-key-of-39-characters-0000';
    const { code, output, errors, questions } = await atTerminal(computer, [], ['1, Zed', true, false, 'short', key]);
    expect(questions[0]).toMatch(
      /^ 1 {2}codex +Codex +found +~\/\.codex\/config\.toml\n 2 {2}zed +Zed +found .*\n 3 {2}claude-code +Claude Code +not found/,
    );
    const askedKey = 'Key (not shown while you type or paste; Enter goes on without): (hidden)';
    expect(questions.slice(1)).toEqual(['Change ~/.codex/config.toml?', 'Change ~/.config/zed/settings.json?', askedKey, askedKey]);
    expect(output).toContain('Codex: limner is in it. Its text from before is in ~/.codex/config.toml.limner-backup.');
    expect(output).toContain('Left as it was.');
    expect(output).toContain('Next, in Codex: start it anew');
    expect(output).not.toContain('Next, in Zed');
    expect(errors).toContain('What you entered has fewer than 8 characters');
    expect(output + errors).not.toContain(key);
    expect(code).toBe(1);
    expect(await read(fileOf(computer, 'zed'))).toBe('{}');
    expect(JSON.parse(await read(userFileOf(computer)))).toEqual({ GEMINI_API_KEY: key });
  });

  test('gets the hosts that are here by Enter, and goes on without a key by Enter', async ({ computer }) => {
    await put(computer, 'zed', '{}');
    const { code, output, questions } = await atTerminal(computer, [], ['', true, '']);
    expect(questions[0]).toMatch(/Enter: zed:$/);
    expect(code).toBe(0);
    expect(output).toContain('Key: none is stored.');
    expect(await read(fileOf(computer, 'zed'))).toContain(built);
  });

  test.for(['11', 'emacs', '0', '1,'])('who answers %j gets nothing done', async (answer, { computer }) => {
    const { code, errors } = await atTerminal(computer, [], [answer]);
    expect({ code, errors }).toEqual({ code: 1, errors: 'limner: that names no host of the list; nothing was done.' });
  });

  test('can replace what another program has under the name, and have it back by hand', async ({ computer }) => {
    const text = '{"mcpServers":{"limner":{"command":"uvx","args":["other"]}}}';
    const file = await put(computer, 'cursor', text);
    const { questions } = await atTerminal(computer, ['--host', 'cursor', '--no-key'], [true]);
    expect(questions).toEqual(['Another program is called limner there. Replace it?']);
    expect(JSON.parse(await read(file))).toEqual({ mcpServers: { limner: { command: process.execPath, args: [built] } } });
    expect(await read(`${file}.limner-backup`)).toBe(text);
  });

  test('is offered for removal what has limner, and nothing else', async ({ computer }) => {
    expect(await atTerminal(computer, ['--remove'], [])).toMatchObject({ code: 0, output: 'limner is in no host that it knows.' });
    await put(computer, 'cursor', '{}');
    await setUp(computer, ['--host', 'zed', '--yes', '--no-key']);
    const { questions } = await atTerminal(computer, ['--remove'], ['', true]);
    expect(questions).toEqual([
      expect.stringMatching(/^1 {2}zed .*has limner.*\n\nWhich\?.*Enter: zed:$/s),
      'Change ~/.config/zed/settings.json?',
    ]);
    expect(await isThere(fileOf(computer, 'zed'))).toBe(false);
  });
});

describe('arguments', () => {
  test('--help prints how it is used, at most 80 characters wide', async ({ computer }) => {
    const { stdout } = await setUp(computer, ['--help']);
    expect(stdout).toContain('Usage: limner setup');
    expect(Math.max(...stdout.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80);
  });

  test.for([
    ['--host emacs', 'there is no host "emacs"; limner knows claude-code, '],
    ['--host cursor,', 'there is no host ""'],
    ['--host', "'--host <value>' argument missing"],
    ['cursor', "Unexpected argument 'cursor'"],
    ['--key AIza', "Unknown option '--key'"],
    ['--print zed --yes', '--print and --yes mean nothing together'],
    ['--host zed --remove --standin', '--remove and --standin mean nothing together'],
    ['--host zed --no-key --key-file k', '--key-file and --no-key mean nothing together'],
  ] as const)('%s is refused with exit code 2, the reason and the usage', async ([line, reason], { computer }) => {
    const { stdout, stderr } = await setUp(computer, line.split(' '), { code: 2 });
    expect(stdout).toBe('');
    expect(stderr).toContain(reason);
    expect(stderr).toContain('Usage: limner setup');
  });

  test('without --host and a person to ask are refused with the list of hosts', async ({ computer }) => {
    await put(computer, 'zed', '{}');
    const { stdout, stderr } = await setUp(computer, ['--yes'], { code: 2 });
    expect(stdout).toBe('');
    expect(stderr).toMatch(/add --host with one of these:\n\n 1 {2}zed +Zed +found/);
  });
});
