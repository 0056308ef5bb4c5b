import { readdir, readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import sharp from 'sharp';
import { describe, expect } from 'vitest';
import { type Computer, withKey } from './fixtures.ts';
import { answers, testKey } from './google/index.ts';
import { runCli, test } from './raw.ts';

const firstLine = (output: string) => output.split('\n')[0];

/** The paths the demo ends with, each decoded. */
async function readFiles(stdout: string): Promise<{ path: string; format: string; width: number; height: number }[]> {
  const paths = stdout.trimEnd().split('\n').slice(-3);
  return Promise.all(
    paths.map(async (path) => {
      expect(isAbsolute(path), path).toBe(true);
      const { data, info } = await sharp(await readFile(path)).toBuffer({ resolveWithObject: true });
      expect(data.length).toBeGreaterThan(1000);
      return { path, format: info.format, width: info.width, height: info.height };
    }),
  );
}

const made = ({ project }: Computer) => readdir(join(project, 'generated-images'));

describe('limner demo', () => {
  test.for([
    ['when it is told to use the stand-in', { LIMNER_BACKEND: 'standin' }],
    ['when there is a key as well', { LIMNER_BACKEND: 'standin', GEMINI_API_KEY: testKey }],
    ['when there is no key', {}],
    ['when there is no key for the backend that is set', { LIMNER_BACKEND: 'gemini' }],
  ] as const)('draws stand-ins, and says so first, %s', async ([, env], { computer, google }) => {
    const { code, stdout } = await runCli(computer, ['demo'], { GOOGLE_GEMINI_BASE_URL: google.url, ...env });
    expect(code, stdout).toBe(0);
    expect(firstLine(stdout)).toMatch(/stand-in.*nothing is paid/);
    const files = await readFiles(stdout);
    expect(files).toMatchObject([
      { format: 'jpeg', width: 1376, height: 768 },
      { format: 'jpeg', width: 1376, height: 768 },
      { format: 'png', width: 1376, height: 768 },
    ]);
    expect(new Set(files.map(({ path }) => path)).size).toBe(3);
    expect(google.requests).toEqual([]);
  });

  test('overwrites nothing when it is run again', async ({ computer }) => {
    const first = await runCli(computer, ['demo']);
    const bytes = await Promise.all((await readFiles(first.stdout)).map(({ path }) => readFile(path)));
    const second = await runCli(computer, ['demo']);
    expect([first.code, second.code]).toEqual([0, 0]);
    expect(await made(computer)).toHaveLength(6);
    const both = [...(await readFiles(first.stdout)), ...(await readFiles(second.stdout))];
    expect(new Set(both.map(({ path }) => path)).size).toBe(6);
    expect(await Promise.all(both.slice(0, 3).map(({ path }) => readFile(path)))).toEqual(bytes);
  });

  test('asks Google when there is a key, and says first what that costs', async ({ computer, google }) => {
    const { code, stdout, stderr } = await runCli(computer, ['demo'], withKey(google));
    expect(code, stdout).toBe(0);
    expect(firstLine(stdout)).toMatch(/3 pictures at 1K will cost about \$0\.\d+/);
    // The edit goes on with the conversation, where its picture is.
    expect(google.requests.map(({ images }) => images.length)).toEqual([0, 0, 2]);
    expect(google.requests.every(({ apiKey, refused }) => apiKey === testKey && refused === undefined)).toBe(true);
    const [fox, winter, postcard] = await readFiles(stdout);
    expect([fox?.format, winter?.format, postcard?.format]).toEqual(['jpeg', 'jpeg', 'png']);
    expect(fox).toMatchObject({ width: 1408, height: 768 });
    expect(await made(computer)).toHaveLength(3);
    expect(stdout + stderr).not.toContain(testKey);
  });

  test('stops with exit code 1 and Google’s reason when Google refuses', async ({ computer, google }) => {
    google.always(answers.keyInvalid());
    const { code, stdout } = await runCli(computer, ['demo'], withKey(google));
    expect(code).toBe(1);
    expect(stdout).toContain('The demo stopped: Google does not accept this API key.');
    expect(stdout).not.toContain('    at ');
    expect(google.requests).toHaveLength(1);
    expect(await made(computer).catch(() => [])).toEqual([]);
  });

  test('stops with exit code 1 and the reason when a setting is wrong', async ({ computer }) => {
    const { code, stdout, stderr } = await runCli(computer, ['demo'], { LIMNER_BACKEND: 'painter' });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('LIMNER_BACKEND is "painter"');
  });
});

describe('the command line', () => {
  test.for([['--version'], ['-v']])('%s prints the version', async (args, { computer }) => {
    const { version }: { version: string } = JSON.parse(await readFile(join(import.meta.dirname, '..', 'package.json'), 'utf8'));
    expect(await runCli(computer, args)).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  test.for([['--help'], ['-h']])('%s prints the help', async (args, { computer }) => {
    const { code, stdout, stderr } = await runCli(computer, args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/Usage:[\s\S]*limner demo/);
  });

  test.for([
    [['paint'], 'there is no command "paint"'],
    [['demo', 'twice'], 'The demo takes no arguments; "twice" came.'],
  ] as const)('%s is refused with exit code 2, the reason and the help', async ([args, reason], { computer }) => {
    const { code, stdout, stderr } = await runCli(computer, args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(reason);
    expect(stderr).toContain('Usage:');
  });
});
