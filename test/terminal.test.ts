import { join } from 'node:path';
import { type IPty, spawn } from '@lydell/node-pty';
import { PNG } from 'pngjs';
import sharp from 'sharp';
import { Decoder } from 'sixel/lib/Decoder.js';
import { describe, expect, vi } from 'vitest';
import { readProtocol } from '../src/cli/picture-protocol.ts';
import { toPlace } from '../src/cli/screen.ts';
import { toSixel } from '../src/cli/sixel.ts';
import { built, type Computer, photo, withKey } from './fixtures.ts';
import { arrived, held, withServer } from './raw.ts';

/** A command in a terminal of 100 × 30 cells. */
interface Session {
  /** All that was written to the terminal so far, ␛ standing for what sequences begin with. */
  screen(): string;
  type(text: string): void;
  /** Waits for the end; the exit code. */
  ended: Promise<number>;
}

/** What a terminal answers to "how large is a cell?" and "what are you?". */
type Answering = (question: string) => string | undefined;

const test = withServer().extend<{
  open: (args: readonly string[], env?: Record<string, string>, answer?: Answering) => Session;
}>({
  open: async ({ computer, google }, use) => {
    const started: IPty[] = [];
    await use((args, env = {}, answer = () => undefined) => {
      // As over a network, so that a terminal on a busy computer has the time to answer.
      const around = { ...withKey(google), TERM: 'xterm-256color', SSH_CONNECTION: '192.0.2.1 50000 192.0.2.2 22' };
      const { session, pty } = startSession(computer, args, { ...around, ...env }, answer);
      started.push(pty);
      return session;
    });
    for (const pty of started) pty.kill('SIGKILL');
  },
});

/** What begins and ends sequences as signs that can be seen and compared. */
const showControls = (text: string) => text.replaceAll('\x1b', '␛').replaceAll('\x07', '␇');

function startSession(computer: Computer, args: readonly string[], env: Record<string, string>, answer: Answering) {
  const size = { cols: 100, rows: 30 };
  const pty = spawn(process.execPath, [built, ...args], { ...size, cwd: computer.project, env: { ...computer.env, ...env } });
  let screen = '';
  pty.onData((data) => {
    screen += showControls(data);
    const said = answer(data);
    if (said !== undefined) pty.write(said);
  });
  const ended = new Promise<number>((resolve) => pty.onExit(({ exitCode, signal }) => resolve(signal ? 128 + signal : exitCode)));
  const session: Session = { screen: () => screen, type: (text) => pty.write(text), ended };
  return { session, pty };
}

/** A terminal with sixels and cells of 10 × 20 pixels. */
const withSixel: Answering = (data) => (data.includes('\x1b[c') ? '\x1b[6;20;10t\x1b[?62;4;22c' : undefined);
/** One without either. */
const plain: Answering = (data) => (data.includes('\x1b[c') ? '\x1b[?62;22c' : undefined);

/** What is seen of a screen's text in the end: lines that were drawn again are there as they were last. */
const seen = (screen: string) =>
  screen
    .split('\r\n')
    .map((line) => line.split('\r').at(-1)?.replaceAll('␛[K', '') ?? '')
    .join('\n');

describe('progress in a terminal', () => {
  test('is a bar in one line, gone in the end', async ({ open, google, computer }) => {
    const { answer, release } = held();
    google.next(answer);
    const { screen, ended } = open(['generate', 'a red fox', '--show', 'never', '-o', 'fox.jpg']);
    await vi.waitFor(() => expect(screen()).toContain('is painting'), { timeout: 10_000 });
    await vi.waitFor(() => expect(screen()).toMatch(/░.* 1 s/), { timeout: 10_000 });
    release();
    expect(await ended).toBe(0);
    const drawn = screen()
      .split('\r')
      .filter((line) => line.includes('painting'));
    expect(drawn.length).toBeGreaterThan(3);
    for (const line of drawn) expect(line.replace(/␛\[\d*[mK]/g, '').length).toBeLessThan(100);
    expect(seen(screen())).toMatch(new RegExp(`^${join(computer.project, 'fox.jpg')} `));
  });

  test('has no colour with NO_COLOR, and is left out of a terminal that is dumb', async ({ open }) => {
    const grey = open(['generate', 'a red fox', '-q'], { NO_COLOR: '1' });
    expect(await grey.ended).toBe(0);
    expect(grey.screen()).toContain('░');
    expect(grey.screen()).not.toMatch(/␛\[\d+m/);
    const dumb = open(['generate', 'a red fox', '-q'], { TERM: 'dumb' });
    expect(await dumb.ended).toBe(0);
    expect(dumb.screen()).not.toMatch(/[░␛]/);
  });

  test('Ctrl-C clears the bar before it says what became of the call', async ({ open, google }) => {
    const { answer, release } = held();
    google.next(answer);
    const { screen, type, ended } = open(['generate', 'a red fox', '--show', 'never']);
    await arrived(google, 1);
    type('\x03');
    expect(await ended).toBe(130);
    release();
    expect(screen()).toContain('Stopping');
    expect(seen(screen()).replace('^C', '')).toMatch(/^limner: Stopped\. One request was under way/m);
  });
});

describe('above the limit of a call', () => {
  const limit = { LIMNER_BUDGET_USD_PER_CALL: '0.01' };

  test.for([
    ['y', 0, 1],
    ['n', 1, 0],
    ['\x04', 1, 0],
    ['\x03', 130, 0],
  ] as const)('a person is asked, and %j ends with %d and %d requests', async ([reply, code, requests], { open, google }) => {
    const { screen, type, ended } = open(['generate', 'a red fox', '--show', 'never'], limit);
    await vi.waitFor(() => expect(screen()).toMatch(/limner is asked for a picture: "a red fox"[\s\S]*Pay for this one call\? \[y\/N\] /), {
      timeout: 10_000,
    });
    type(reply.length === 1 && reply >= ' ' ? `${reply}\r` : reply);
    expect(await ended).toBe(code);
    expect(google.requests).toHaveLength(requests);
    if (code !== 0) expect(screen()).toContain('Nothing was generated and nothing was charged.');
  });
});

describe('pictures in a terminal', () => {
  test('kitty gets a PNG in pieces, in the pixels there is room for', async ({ open }) => {
    const { screen, ended } = open(['generate', 'a red fox'], { TERM: 'xterm-kitty' }, (data) => plain(data)?.replace(/^/, '\x1b[6;10;5t'));
    expect(await ended).toBe(0);
    const pieces = [...screen().matchAll(/␛_G([^;]*);([^␛]*)␛\\/g)];
    expect(pieces.map(([, keys]) => keys)).toEqual(
      pieces.map((_, index) => `${index === 0 ? 'a=T,f=100,q=2,' : ''}m=${index < pieces.length - 1 ? 1 : 0}`),
    );
    expect(Math.max(...pieces.map(([, , data = '']) => data.length))).toBeLessThanOrEqual(4096);
    const png = PNG.sync.read(Buffer.from(pieces.map(([, , data]) => data).join(''), 'base64'));
    expect({ width: png.width, height: png.height }).toEqual({ width: 200, height: 150 });
    expect(screen().indexOf('␛_G')).toBeLessThan(screen().indexOf('img_'));
  });

  test('iTerm2 gets the preview itself, in cells', async ({ open, computer }) => {
    await computer.write('wide.png', await photo(1600, 400));
    const { screen, ended } = open(['show', 'wide.png'], { TERM_PROGRAM: 'iTerm.app' });
    expect(await ended).toBe(0);
    const [, size = '', width, height, data = ''] =
      /␛]1337;File=inline=1;size=(\d+);width=(\d+);height=(\d+);preserveAspectRatio=1:([^␇]*)␇/.exec(screen()) ?? [];
    const jpeg = Buffer.from(data, 'base64');
    expect(jpeg).toHaveLength(Number(size));
    expect(await sharp(jpeg).metadata()).toMatchObject({ format: 'jpeg', width: 1024, height: 256 });
    expect([Number(width), Number(height)]).toEqual([99, 12]);
  });

  test('a terminal that says it knows sixels gets them', async ({ open, computer }) => {
    await computer.write('fox.png', await photo(400, 400, 'png', '#2060a0'));
    const { screen, ended } = open(['show', 'fox.png'], {}, withSixel);
    expect(await ended).toBe(0);
    const [sixels = ''] = /␛P[^␛]*␛\\/.exec(screen()) ?? [];
    const { width, height, at } = decode(sixels);
    expect({ width, height }).toEqual({ width: 300, height: 300 });
    for (const [x, y, colour] of [
      [10, 10, [224, 32, 32]],
      [200, 200, [32, 96, 160]],
    ] as const) {
      for (const [part, value] of at(x, y).entries()) expect(Math.abs(value - (colour[part] ?? 0))).toBeLessThan(8);
    }
  });

  test.for([
    ['a terminal without pictures', {}, plain],
    ['one that does not answer', {}, () => undefined],
    ['Terminal.app, which is not even asked', { TERM_PROGRAM: 'Apple_Terminal' }, withSixel],
    ['screen', { TERM: 'screen-256color', STY: '1.pts' }, withSixel],
    ['--show never', { TERM: 'xterm-kitty' }, plain],
    ['-q', { TERM: 'xterm-kitty' }, plain],
    ['--json', { TERM: 'xterm-kitty' }, plain],
  ] as const)('%s shows none', async ([where, env, answer], { open }) => {
    const option = where === '-q' || where === '--json' ? [where] : where.startsWith('--show') ? where.split(' ') : [];
    const { screen, ended } = open(['generate', 'a red fox', ...option], env, answer);
    expect(await ended).toBe(0);
    expect(screen()).not.toMatch(/␛[_P\]]/);
    expect(screen()).toContain('red-fox.jpg');
  });

  test('what is typed ahead as Ctrl-C while the terminal is asked ends the command', async ({ open, google }) => {
    const { type, screen, ended } = open(['generate', 'a red fox']);
    await vi.waitFor(() => expect(screen()).toContain('␛[c'), { interval: 5, timeout: 10_000 });
    type('\x03');
    expect(await ended).toBe(130);
    expect(google.requests).toHaveLength(0);
  });
});

test.for([
  ['kitty', { TERM: 'xterm-kitty' }, 'kitty'],
  ['kitty under another TERM', { TERM: 'xterm-256color', KITTY_WINDOW_ID: '3' }, 'kitty'],
  ['Ghostty', { TERM: 'xterm-ghostty', TERM_PROGRAM: 'ghostty' }, 'kitty'],
  ['Konsole 22.04', { TERM: 'xterm-256color', KONSOLE_VERSION: '220400' }, 'kitty'],
  ['an older Konsole', { TERM: 'xterm-256color', KONSOLE_VERSION: '211200' }, 'ask'],
  ['iTerm2', { TERM: 'xterm-256color', TERM_PROGRAM: 'iTerm.app' }, 'iterm'],
  ['iTerm2 over ssh', { TERM: 'xterm-256color', LC_TERMINAL: 'iTerm2' }, 'iterm'],
  ['WezTerm', { TERM: 'xterm-256color', TERM_PROGRAM: 'WezTerm' }, 'iterm'],
  ['mintty', { TERM: 'xterm-256color', TERM_PROGRAM: 'mintty' }, 'iterm'],
  ['foot', { TERM: 'foot' }, 'sixel'],
  ['mlterm', { TERM: 'mlterm-256color' }, 'sixel'],
  ['VS Code started in kitty', { TERM: 'xterm-256color', TERM_PROGRAM: 'vscode', KITTY_WINDOW_ID: '3' }, 'ask'],
  ['xterm', { TERM: 'xterm-256color' }, 'ask'],
  ['Windows Terminal', { TERM: 'xterm-256color', WT_SESSION: 'x' }, 'ask'],
  ['tmux in kitty', { TERM: 'tmux-256color', TMUX: '/tmp/x', KITTY_WINDOW_ID: '3' }, 'ask'],
  ['screen in kitty', { TERM: 'screen', KITTY_WINDOW_ID: '3' }, 'none'],
  ['the console', { TERM: 'linux' }, 'none'],
  ['no terminal to speak of', {}, 'none'],
] as const)('%s is known by its environment', ([, env, protocol]) => {
  expect(readProtocol(env)).toBe(protocol);
});

test('a picture takes at most the width and half the height, and is not enlarged', () => {
  const cell = { width: 10, height: 20 };
  const screen = { columns: 81, rows: 24 };
  expect(toPlace({ width: 1024, height: 1024 }, screen, cell)).toEqual({
    pixels: { width: 240, height: 240 },
    cells: { columns: 24, rows: 12 },
  });
  expect(toPlace({ width: 1024, height: 128 }, screen, cell)).toEqual({
    pixels: { width: 800, height: 100 },
    cells: { columns: 80, rows: 5 },
  });
  expect(toPlace({ width: 32, height: 16 }, screen, cell)).toEqual({ pixels: { width: 32, height: 16 }, cells: { columns: 3, rows: 1 } });
});

test('sixels are the pixels they were made of, whatever the height', () => {
  for (const [width, height] of [
    [1, 1],
    [7, 5],
    [40, 6],
    [33, 20],
  ] as const) {
    const colours = [
      [255, 255, 255],
      [0, 0, 0],
      [255, 0, 51],
      [0, 204, 102],
    ] as const;
    const colourAt = (x: number, y: number) => colours[Math.floor(x / 5 + y / 3) % colours.length] ?? colours[0];
    const pixels = Uint8Array.from(
      { length: width * height * 3 },
      (_, at) => colourAt(Math.floor(at / 3) % width, Math.floor(at / 3 / width))[at % 3] ?? 0,
    );
    const decoded = decode(showControls(toSixel(pixels, { width, height })));
    expect({ width: decoded.width, height: decoded.height }).toEqual({ width, height });
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) expect(decoded.at(x, y)).toEqual([...colourAt(x, y)]);
  }
});

/** What a terminal makes of sixels. */
function decode(sequence: string) {
  const body = /^␛P[\d;]*q([^␛]*)␛\\$/.exec(sequence)?.[1];
  expect(body).toBeDefined();
  const decoder = new Decoder();
  decoder.init(0, null, 256);
  decoder.decodeString(body ?? '');
  const [{ width, height }, pixels] = [decoder, Uint8Array.from(decoder.data8)];
  return { width, height, at: (x: number, y: number) => [...pixels.subarray(4 * (y * width + x), 4 * (y * width + x) + 3)] };
}
