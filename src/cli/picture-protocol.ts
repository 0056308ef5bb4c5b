import type { Terminal } from './context.ts';

/** How a terminal is shown a picture. */
export type Protocol = 'kitty' | 'iterm' | 'sixel';

type Env = Terminal['env'];

/** What a terminal can, as far as its environment says: `ask` when it has to be asked, `none` when it cannot or nobody should. */
export function readProtocol(env: Env): Protocol | 'ask' | 'none' {
  const { TERM = '', TERM_PROGRAM = '' } = env;
  if (TERM === '' || TERM === 'dumb' || TERM === 'linux') return 'none';
  // A multiplexer repaints what it knows; what passes it by is left standing in the wrong place. tmux can sixel itself, and says so.
  if (env.TMUX !== undefined) return 'ask';
  if (env.STY !== undefined || /^screen/.test(TERM)) return 'none';
  return toProgramProtocol(TERM_PROGRAM, env) ?? toTermProtocol(TERM, env);
}

/** The program that says it is the terminal. Others may stand around it, whose variables are inherited. */
function toProgramProtocol(program: string, env: Env): Protocol | 'ask' | 'none' | undefined {
  if (/^(iTerm\.app|WezTerm|mintty)$/.test(program)) return 'iterm';
  if (program === 'ghostty') return 'kitty';
  // A setting of it decides, and its answer tells.
  if (program === 'vscode') return 'ask';
  if (program === 'Apple_Terminal') return 'none';
  // What iTerm2 sets for the other end of an ssh connection.
  return env.LC_TERMINAL === 'iTerm2' ? 'iterm' : undefined;
}

/** Konsole draws kitty's pictures since 22.04, which it writes as 220400. */
const konsoleWithPictures = 220_400;

function toTermProtocol(term: string, env: Env): Protocol | 'ask' {
  if (/^xterm-(kitty|ghostty)$/.test(term) || env.KITTY_WINDOW_ID !== undefined) return 'kitty';
  if (Number(env.KONSOLE_VERSION) >= konsoleWithPictures) return 'kitty';
  return /^(foot|mlterm)/.test(term) ? 'sixel' : 'ask';
}

/** Pixels of one cell. */
export interface Cell {
  width: number;
  height: number;
}

/** The terminal's answer to "how large is a cell?" (`CSI 16 t`) and to "what are you?" (DA1, `CSI c`), which every terminal gives and so ends the waiting. */
const question = '\x1b[16t\x1b[c';
// biome-ignore lint/suspicious/noControlCharactersInRegex: what terminals answer begins with one
const [identity, cellSize] = [/\x1b\[\?([\d;]*)c/, /\x1b\[6;(\d{1,3});(\d{1,3})t/];

/** Stands for a cell nobody told the size of: small enough that a picture takes no more room than it may. */
const usualCell: Cell = { width: 8, height: 16 };

/** The way to show pictures here; undefined when there is none. Asks the terminal itself where its environment does not say. */
export async function findProtocol({ env, query }: Terminal): Promise<{ protocol: Protocol; cell: Cell } | undefined> {
  const protocol = readProtocol(env);
  if (protocol === 'none') return undefined;
  // What takes a size in cells needs no other.
  if (protocol === 'iterm') return { protocol, cell: usualCell };
  const answer = (await query?.(question, identity)) ?? '';
  const [, height, width] = cellSize.exec(answer) ?? [];
  const cell = Number(width) > 0 && Number(height) > 0 ? { width: Number(width), height: Number(height) } : usualCell;
  if (protocol !== 'ask') return { protocol, cell };
  // 4 among the attributes of DA1 is sixel.
  const hasSixel = identity.exec(answer)?.[1]?.split(';').slice(1).includes('4') === true;
  return hasSixel ? { protocol: 'sixel', cell } : undefined;
}
