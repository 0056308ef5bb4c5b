import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { toShellWords } from '../src/cli/shell-words.ts';
import { toListedSchema } from '../src/tool.ts';
import { composeImages, editImage, exportImage, generateImage } from '../src/tools/index.ts';
import { facts, forecast } from './answer.ts';
import { type Computer, photo, withKey } from './fixtures.ts';
import { answers, type Google } from './google/index.ts';
import { arrived, held, runCli, startCli, withServer } from './raw.ts';

const test = withServer();

/** Runs a command with a key for the local Google. */
const limner = (computer: Computer, google: Google, args: readonly string[], env: Record<string, string> = {}, input = '') =>
  runCli(computer, args, { ...withKey(google), ...env }, { input });

/** Runs a command that has to go well and say nothing but its answer. */
async function read(computer: Computer, google: Google, args: readonly string[], env: Record<string, string> = {}, input = '') {
  const { code, stdout, stderr } = await limner(computer, google, args, env, input);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

const promptOf = ({ requests }: Google, index = 0) => JSON.stringify(requests[index]?.body);

describe('limner generate, edit and compose', () => {
  test('put the picture where it was wanted and say where first, in words for a person', async ({ computer, google }) => {
    const stdout = await read(computer, google, ['generate', 'a red fox in snow', '-o', 'fox.png', '--width', '80']);
    const path = join(computer.project, 'fox.png');
    expect(stdout.split('\n')[0]).toMatch(new RegExp(`^${path} \\(80×\\d+ png, .*, img_[a-z2-7]{16}\\)$`));
    expect(stdout).toContain('cost $0.0');
    expect(stdout).not.toMatch(/give the person|edit_image|generate_image/);
    expect((await readFile(path)).subarray(1, 4).toString()).toBe('PNG');
    expect(promptOf(google)).toContain('a red fox in snow');
  });

  test('go on with one another: a file, last, an id, references', async ({ computer, google }) => {
    await computer.write('style.png', await photo(64, 64));
    await read(computer, google, ['generate', 'a red fox', '-o', 'fox.jpg']);
    const edited = facts.parse(JSON.parse(await read(computer, google, ['edit', 'last', 'style.png', 'make it night', '--json'])));
    expect(edited).toMatchObject({
      tool: 'edit_image',
      parents: [{ path: join(computer.project, 'fox.jpg') }, { path: join(computer.project, 'style.png') }],
    });
    expect(edited.history).toMatchObject({ turns: 1 });
    const id = edited.images[0]?.id ?? '';
    const composed = facts.parse(JSON.parse(await read(computer, google, ['compose', 'fox.jpg', id, 'both in one frame', '--json'])));
    expect(composed).toMatchObject({ tool: 'compose_images', parents: [{ path: join(computer.project, 'fox.jpg') }, { id }] });
    expect(promptOf(google, 2)).toContain('both in one frame');
  });

  test('take the prompt from stdin or from a file', async ({ computer, google }) => {
    await computer.write('fox.jpg', await photo(64, 64, 'jpeg'));
    await computer.write('prompt.txt', 'words\nof a file\n');
    await read(computer, google, ['generate', '-', '-q'], {}, 'words of stdin\n');
    await read(computer, google, ['edit', 'fox.jpg', '--prompt-file', 'prompt.txt', '-q']);
    expect(promptOf(google, 0)).toContain('words of stdin');
    expect(promptOf(google, 1)).toContain('words\\\\nof a file'.replace('\\\\', '\\'));
  });

  test('print paths alone with -q, and the facts alone with --json', async ({ computer, google }) => {
    const paths = await read(computer, google, ['generate', 'a red fox', '-n', '2', '-o', 'out/fox.jpg', '-q']);
    expect(paths).toBe(['fox.jpg', 'fox-2.jpg', ''].map((name) => name && join(computer.project, 'out', name)).join('\n'));
    const { images, cost } = facts.parse(JSON.parse(await read(computer, google, ['generate', 'a red fox', '--json'])));
    expect(images[0]?.path.startsWith(computer.project)).toBe(true);
    expect(cost.dollars).toBeGreaterThan(0);
  });

  test('are answered calls: the same again is a new request, and last is the newest', async ({ computer, google }) => {
    await read(computer, google, ['generate', 'a red fox', '-q']);
    const again = facts.parse(JSON.parse(await read(computer, google, ['generate', 'a red fox', '--json'])));
    expect(again).toMatchObject({ late: null, unclaimed: [] });
    expect(google.requests).toHaveLength(2);
    const shown = await runCli(computer, ['show', 'last']);
    expect(shown).toMatchObject({ code: 1, stdout: expect.stringContaining(again.images[0]?.id ?? 'none') });
  });

  test('tell plan and price with --dry-run, and send nothing', async ({ computer, google }) => {
    const text = await read(computer, google, ['generate', 'a red fox', '--dry-run', '--count', '3']);
    expect(text).toMatch(/^Dry run: nothing was sent.*\nRequests: 3 to [\s\S]*Cost: about \$0\.1[\s\S]*leave out --dry-run\.\n$/);
    const plan = forecast.parse(JSON.parse(await read(computer, google, ['generate', 'a red fox', '--dry-run', '--json'])));
    expect(plan).toMatchObject({ tool: 'generate_image', requests: 1 });
    expect(google.requests).toEqual([]);
  });

  test('name any file of the person’s, in any folder', async ({ computer, google }) => {
    await computer.write('../elsewhere/fox.jpg', await photo(64, 64, 'jpeg'));
    const stdout = await read(computer, google, ['edit', '../elsewhere/fox.jpg', 'make it night', '-o', '../elsewhere/night.jpg', '-q']);
    expect(stdout).toBe(`${join(computer.home, 'elsewhere', 'night.jpg')}\n`);
  });
});

/** What the paid tools have in common for the file. */
const finishing = [
  ['--width=90', '--height=60', '--format=webp', '--background=transparent', '--max-kb=9', '--overwrite', '-o', 'fox.webp', '--dry-run'],
  { output: { width: 90, height: 60, format: 'webp', maxKb: 9, overwrite: true }, background: { method: 'key' } },
] as const;

/** For each tool what its options do, in as few calls as they let themselves be combined in. What is listed last is found in the answer. */
const effects = [
  {
    tool: generateImage,
    command: ['generate', 'a red fox'],
    calls: [
      [['--alt=A fox at night', '--dry-run'], { alt: 'A fox at night' }],
      [
        ['--count=2', '--resolution=2K', '--aspect-ratio=16:9', '--model=pro', '--web-search', '--output=a/', '--dry-run'],
        {
          requests: 2,
          resolution: '2K',
          aspectRatio: '16:9',
          model: 'gemini-3-pro-image',
          webSearch: true,
          output: { folder: expect.stringMatching(/a$/) },
        },
      ],
      finishing,
    ],
  },
  {
    tool: editImage,
    command: ['edit', 'in.png', 'make it night'],
    calls: [
      [
        [
          '--count=2',
          '--resolution=2K',
          '--aspect-ratio=16:9',
          '--model=pro',
          '--web-search',
          '--output=a/',
          '--dry-run',
          '--references=b.png',
          '--references=c.png',
        ],
        { requests: 2, resolution: '2K', aspectRatio: '16:9', model: 'gemini-3-pro-image', webSearch: true, inputs: [{}, {}, {}] },
      ],
      finishing,
      [['--alt=A fox at night', '--dry-run'], { alt: 'A fox at night' }],
      [['--region=bottom third', '--dry-run'], { region: expect.stringContaining('bottom') }],
      [['--mask=mask.png', '--dry-run'], { region: expect.stringContaining('mask') }],
    ],
  },
  {
    tool: composeImages,
    command: ['compose', 'in.png', 'b.png', 'both'],
    calls: [
      [['--alt=A fox at night', '--dry-run'], { alt: 'A fox at night' }],
      [
        ['--count=2', '--resolution=2K', '--aspect-ratio=16:9', '--model=pro', '--web-search', '--output=a/', '--dry-run'],
        { requests: 2, resolution: '2K', aspectRatio: '16:9', model: 'gemini-3-pro-image', webSearch: true, inputs: [{}, {}] },
      ],
      finishing,
    ],
  },
  {
    tool: exportImage,
    command: ['export', 'in.png'],
    calls: [
      [['--alt=A fox at night', '--format=webp', '-o', 'alt.webp'], { files: [{ alt: 'A fox at night' }] }],
      [
        ['--width=40', '--height=20', '--fit=contain', '--format=webp', '--max-kb=50', '--output=e/'],
        { files: [{ width: 40, height: 20, format: 'webp' }], notes: expect.anything() },
      ],
      [['--output=in.png', '--overwrite', '--trim'], { files: [{ replaced: expect.stringContaining('in.png') }] }],
      [['--background=transparent'], { files: [{ differences: expect.anything() }] }],
      [
        ['--preset=srcset', '--widths=20,40', '-o', 's/'],
        { files: expect.arrayContaining([expect.objectContaining({ width: 20, format: 'avif' })]) },
      ],
    ],
  },
] as const;

describe('the options of a command', () => {
  test.for(effects.map((each) => [each.command[0], each] as const))(
    '%s: every argument of its tool arrives',
    async ([, { tool, command, calls }], { computer, google }) => {
      for (const name of ['in.png', 'b.png', 'c.png']) await computer.write(name, await photo(100, 100));
      await computer.write('mask.png', await halfWhite());
      for (const [args, effect] of calls) {
        const stdout = await read(computer, google, [...command, ...args, '--json'], { LIMNER_PREVIEW: 'none' });
        expect(JSON.parse(stdout), args.join(' ')).toMatchObject(effect);
      }
      const { properties } = z.object({ properties: z.record(z.string(), z.unknown()) }).parse(toListedSchema(tool.inputSchema));
      const given = calls.flatMap(([args]) =>
        args.map((word) => word.replace(/^-o$/, '--output')).flatMap((word) => /^--([a-z-]+)/.exec(word)?.[1] ?? []),
      );
      const operands = ['prompt', 'image', 'images'];
      expect(Object.keys(properties).filter((name) => !operands.includes(name) && !given.includes(name.replaceAll('_', '-')))).toEqual([]);
    },
  );

  test.for(['generate', 'edit', 'compose', 'export'])('%s --help names them all, in 80 columns', async (command, { computer }) => {
    const { code, stdout, stderr } = await runCli(computer, [command, '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const tool = effects.find((each) => each.command[0] === command)?.tool;
    const { properties } = z
      .object({ properties: z.record(z.string(), z.unknown()) })
      .parse(toListedSchema(tool?.inputSchema ?? z.never()));
    for (const name of Object.keys(properties))
      if (!/^(prompt|images?)$/.test(name)) expect(stdout).toContain(`--${name.replaceAll('_', '-')}`);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(stdout).not.toMatch(/_images?\b|aspect_ratio|max_kb|project folder/);
  });
});

describe('what cannot be meant', () => {
  test.for([
    [['generate'], 'The prompt is missing: limner generate "'],
    [['edit'], 'The prompt is missing: limner edit fox.png "'],
    [['edit', 'fox.png'], 'The prompt is missing'],
    [['edit', 'make it night'], 'The picture is missing'],
    [['compose', 'fox.png', 'last'], 'The prompt is missing'],
    [['generate', 'a', 'red', 'fox'], 'put it in quotes'],
    [['edit', 'fox.png', 'make', 'it', 'night'], 'put it in quotes'],
    [['generate', 'fox.png'], 'limner edit fox.png "make it night"'],
    [['generate', 'fox.png', 'make it night'], 'limner edit fox.png "make it night"'],
    [['generate', 'a fox', '--seed', '4'], 'There is no option "--seed": results are not reproducible'],
    [['generate', 'a fox', '--ratio', '16:9'], 'did you mean --aspect-ratio?'],
    [['generate', 'a fox', '--widht', '4'], 'There is no option "--widht"'],
    [['generate', 'a fox', '--heigt', '4'], 'did you mean --height?'],
    [['edit', 'fox.png', 'a fox', '--preset', 'ios'], 'limner export does that to the finished picture, free'],
    [['export', 'fox.png', '--model', 'pro'], 'There is no option "--model": it works on this computer without a model'],
    [['generate', 'a fox', '--width'], "Option '--width <value>' argument missing."],
    [['generate', 'a fox', '--show', 'big'], '--show is "big"; it must be auto, always or never.'],
    [['generate', 'a fox', '--json', '-q'], 'use one of them'],
    [['generate', 'a fox', '--dry-run', '-q'], 'a dry run makes no file to name'],
    [['generate', '-'], 'The prompt is empty: nothing came from stdin.'],
    [['generate', 'a fox', '--prompt-file', 'fox.txt'], '--prompt-file and a prompt were mixed'],
    [['generate', '--prompt-file', 'none.txt'], '"none.txt" cannot be read'],
    [['show'], 'Which picture?'],
  ] as const)('%j is refused with exit code 2, the reason and how it is used', async ([args, reason], { computer, google }) => {
    const { code, stdout, stderr } = await limner(computer, google, args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(reason);
    expect(stderr).toContain(`Usage: limner ${args[0]}`);
    expect(stderr.split('\n').length).toBeLessThan(12);
    expect(google.requests).toEqual([]);
  });

  test('a value the tool refuses is told in its words, with exit code 1', async ({ computer, google }) => {
    const { code, stdout, stderr } = await limner(computer, google, ['generate', 'a fox', '--count', '20']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^limner: "count" must be at most 8, but 20 came.*\nNothing was generated and nothing was charged\.\n$/);
  });

  test('with --json a refusal is JSON as well', async ({ computer, google }) => {
    google.always(answers.rateLimited(60));
    const { code, stdout, stderr } = await limner(computer, google, ['generate', 'a fox', '--json'], { LIMNER_TIMEOUT_MS: '1000' });
    const { error } = z.strictObject({ error: z.looseObject({ code: z.string(), message: z.string() }) }).parse(JSON.parse(stdout));
    expect({ code, error: error.code }).toEqual({ code: 1, error: 'quota' });
    expect(stderr).toContain(error.message.slice(0, 40));
  });

  test('without a key it is said how a person at a shell gives one', async ({ computer }) => {
    const { code, stderr } = await runCli(computer, ['generate', 'a fox']);
    expect(code).toBe(1);
    expect(stderr).toContain('set GEMINI_API_KEY in this shell');
    expect(stderr).toContain(join(computer.home, '.config', 'limner', 'config.json'));
  });

  test('a wrong setting is told once, and nothing is sent; export does without', async ({ computer, google }) => {
    await computer.write('fox.png', await photo(64, 64));
    const wrong = { LIMNER_BACKEND: 'painter' };
    const { code, stdout, stderr } = await limner(computer, google, ['generate', 'a fox', '--json'], wrong);
    expect(code).toBe(1);
    expect(stderr.match(/LIMNER_BACKEND is "painter"/g)).toHaveLength(1);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'settings', message: expect.stringContaining('LIMNER_BACKEND') } });
    expect((await limner(computer, google, ['export', 'fox.png', '--width', '20'], wrong)).code).toBe(0);
  });

  test('--show always refuses, before anything is sent, where no picture can be shown', async ({ computer, google }) => {
    const { code, stderr } = await limner(computer, google, ['generate', 'a fox', '--show', 'always']);
    expect({ code, requests: google.requests.length }).toEqual({ code: 1, requests: 0 });
    expect(stderr).toContain('shows no pictures');
  });
});

test.for([
  ['generate_image: "max_kb" must be at least 1', '--max-kb must be at least 1'],
  [
    'so use edit_image to change one or compose_images to combine several',
    'so use limner edit to change one or limner compose to combine several',
  ],
  ['give the shape as aspect_ratio such as "16:9"', 'give the shape as --aspect-ratio such as "16:9"'],
  ['/tmp/edit_image/the person can.jpg (in edit_image-2/max_kb)', '/tmp/edit_image/the person can.jpg (in edit_image-2/max_kb)'],
  ['The model said: "the person can use edit_image"', 'The model said: "the person can use edit_image"'],
  [
    'x.png exists already. Choose another output, or set overwrite to true to replace it',
    'x.png exists already. Choose another output, or add --overwrite to replace it',
  ],
  ['With count 1 it would fit', 'With --count 1 it would fit'],
  ['The person has to make it writable; only the person can raise it', 'You have to make it writable; only you can raise it'],
] as const)('%j is said at a shell as %j', ([text, said]) => {
  expect(toShellWords(text)).toBe(said);
});

describe('above the limit of a call', () => {
  const limit = { LIMNER_BUDGET_USD_PER_CALL: '0.01' };

  test('without a terminal it is refused, and --yes pays', async ({ computer, google }) => {
    const refused = await limner(computer, google, ['generate', 'a fox'], limit);
    expect({ code: refused.code, requests: google.requests.length }).toEqual({ code: 1, requests: 0 });
    expect(refused.stderr).toContain('--yes pays for this one without a question');
    await read(computer, google, ['generate', 'a fox', '--yes', '-q'], limit);
    expect(google.requests).toHaveLength(1);
  });

  test('a dry run says that it would be refused', async ({ computer, google }) => {
    const text = await read(computer, google, ['generate', 'a fox', '--dry-run'], limit);
    expect(text).toContain('Would be refused: This call may cost up to');
    expect(await read(computer, google, ['generate', 'a fox', '--dry-run', '-y'], limit)).not.toContain('refused');
  });
});

describe('a signal', () => {
  test('waits for what is just arriving, keeps it, and the same command again is answered with it', async ({ computer, google }) => {
    const { answer, release } = held();
    google.next(answer);
    const { child, ended } = startCli(computer, ['generate', 'a red fox', '-o', 'fox.jpg'], withKey(google));
    await arrived(google, 1);
    child.kill('SIGINT');
    release();
    const { code, stdout, stderr } = await ended;
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
    expect(stderr).toContain(
      `was saved: ${join(computer.project, 'fox.jpg')}\nThe same command again is answered with it and costs nothing.`,
    );
    const again = await read(computer, google, ['generate', 'a red fox', '-o', 'fox.jpg']);
    expect(again).toContain('this answer costs nothing');
    expect(google.requests).toHaveLength(1);
  });

  test('gives up what does not arrive: what may be billed is said and entered', async ({ computer, google }) => {
    const { answer, release } = held();
    google.next(answer);
    const { child, ended } = startCli(computer, ['generate', 'a red fox', '--json'], withKey(google));
    await arrived(google, 1);
    child.kill('SIGTERM');
    const { code, stdout, stderr } = await ended;
    release();
    expect(code).toBe(143);
    expect(stderr).toMatch(
      /^limner: Stopped\. One request was under way and is lost: Google may bill it, up to \$0\.0\d+\. The same command again is a new request\.\n$/,
    );
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'cancelled' } });
    const spent = z
      .looseObject({ today: z.looseObject({ maybeBilled: z.number() }) })
      .parse(JSON.parse(await read(computer, google, ['spend', '--json'])));
    expect(spent.today.maybeBilled).toBeGreaterThan(0);
  });

  test('a second one ends the process at once', async ({ computer, google }) => {
    const { answer, release } = held();
    google.next(answer);
    const { child, ended } = startCli(computer, ['generate', 'a red fox'], withKey(google));
    await arrived(google, 1);
    const started = performance.now();
    child.kill('SIGINT');
    const again = setInterval(() => child.kill('SIGINT'), 50);
    expect(await ended).toMatchObject({ code: null, stdout: '' });
    clearInterval(again);
    release();
    expect(performance.now() - started).toBeLessThan(1200);
  });
});

describe('without a terminal', () => {
  test('steps are told on stderr when they are asked for, a line each', async ({ computer, google }) => {
    const { code, stdout, stderr } = await limner(computer, google, ['generate', 'a red fox', '--verbose', '-q']);
    expect({ code, lines: stdout.split('\n').length }).toEqual({ code: 0, lines: 2 });
    expect(stderr.split('\n')).toEqual(['limner: gemini-nano-banana-2.1 is painting', 'limner: Saving', '']);
  });

  test('colour and pictures are never part of the output', async ({ computer, google }) => {
    const env = { TERM: 'xterm-kitty', KITTY_WINDOW_ID: '1', TERM_PROGRAM: 'iTerm.app' };
    const { stdout, stderr } = await limner(computer, google, ['generate', 'a red fox'], env);
    expect(stdout + stderr).not.toContain('\x1b');
  });
});

/** A mask that lets the right half change. */
async function halfWhite(): Promise<Buffer> {
  const { default: sharp } = await import('sharp');
  const white = { input: { create: { width: 50, height: 100, channels: 3, background: '#fff' } }, left: 50, top: 0 } as const;
  return sharp({ create: { width: 100, height: 100, channels: 3, background: '#000' } })
    .composite([white])
    .png()
    .toBuffer();
}
