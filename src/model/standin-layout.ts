import { letteringPath, letteringStroke, letteringWidth, wrapLettering } from '../lettering.ts';
import { mix, type Palette } from './standin-palette.ts';
import { svg } from './standin-shapes.ts';

export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Lines of one letter height, ready to be written, and the height they take from the first capital's top to the last baseline. */
interface Block {
  lines: readonly string[];
  letter: number;
  height: number;
}

/** Where one input picture and its label go. */
export interface Tile {
  picture: Rect;
  label: Block;
}

/** A distance from one line's capitals to the next line's, in capital heights. */
const leading = 1.62;
/** A tile is at most so many times as long as it is short, so that long sheets do not get long empty tiles. */
const stretch = 2.2;
const bandGround = '#15171c';
const bandSignal = '#ffc53d';
const bandLight = '#f4f1ea';
const bandMuted = '#a9adb6';
const notice = ['STAND-IN', ' · no image model was called'] as const;

/** One line of lettering at `x`, `y` (top of the capitals), in SVG. */
function write(text: string, x: number, y: number, height: number, fill: string, weight = 1): string {
  const path = letteringPath(text, { x, y, height });
  return svg`<path d="${path}" fill="none" stroke="${fill}" stroke-width="${letteringStroke(height) * weight}" stroke-linecap="round" stroke-linejoin="round"/>`;
}

/** A block's lines from `x`, `y` on; centred on `x` when asked. */
export function writeBlock({ lines, letter }: Block, x: number, y: number, fill: string, centred = false): string {
  return lines
    .map((line, index) => write(line, centred ? x - letteringWidth(line, letter) / 2 : x, y + index * letter * leading, letter, fill))
    .join('');
}

/** The text at the largest letter height between two bounds at which all of it fits; cut with an ellipsis when none is small enough. */
export function fitBlock(text: string, width: number, height: number, largest: number, smallest: number): Block {
  // More than this never fits, and measuring it would take time.
  const start = text.slice(0, 600);
  const longest = Math.max(0, ...start.split(/\s+/).map((word) => letteringWidth(word, 1)));
  for (let letter = largest; ; letter = Math.max(smallest, letter * 0.92)) {
    const most = Math.max(1, Math.floor((height / letter - 1) / leading) + 1);
    const fits = longest * letter <= width && wrapLettering(start, letter, width, most + 1).length <= most;
    if (fits) return toBlock(balance(start, letter, width), letter);
    if (letter <= smallest) return toBlock(wrapLettering(start, letter, width, most), letter);
  }
}

/** Lines of nearly the same length: the narrowest wrapping that takes no more lines than the full width does. */
function balance(text: string, letter: number, width: number): string[] {
  let best = wrapLettering(text, letter, width, text.length);
  for (let share = 0.96; share > 0.5; share -= 0.04) {
    const lines = wrapLettering(text, letter, width * share, text.length);
    const split = lines.join(' ') !== best.join(' ');
    if (lines.length > best.length || split) break;
    best = lines;
  }
  return best;
}

function toBlock(lines: readonly string[], letter: number): Block {
  return { lines, letter, height: lines.length === 0 ? 0 : letter * (1 + (lines.length - 1) * leading) };
}

/** The band along the lower edge that says what this picture is: its height, and its SVG with the origin at its own upper left. */
export function layoutBand(width: number, unit: number, facts: string): { height: number; svg: string } {
  const margin = Math.max(unit * 0.045, width * 0.01);
  const widest = width - margin * 2;
  const wanted = Math.max(unit * 0.018, width * 0.006, 11);
  const letter = Math.min(wanted, (11 * widest) / letteringWidth(notice.join(''), 11));
  const [noticeWidth, factsWidth] = [letteringWidth(notice.join(''), letter), letteringWidth(facts, letter)];
  const oneLine = noticeWidth + factsWidth + letter * 3 <= widest;
  const height = Math.ceil(letter * (oneLine ? 3.1 : 4.9));
  const top = letter * 1.1;
  const factsLetter = oneLine ? letter : Math.min(letter, (letter * widest) / factsWidth);
  const shapes = [
    svg`<path d="M0 0H${width}V${height}H0Z" fill="${bandGround}"/><path d="M0 0H${width}V${letter * 0.22}H0Z" fill="${bandSignal}"/>`,
    write(notice[0], margin, top, letter, bandSignal, 1.35),
    write(notice[1].trim(), margin + letteringWidth(`${notice[0]} `, letter) + letter * 0.14, top, letter, bandLight),
    oneLine
      ? write(facts, width - margin - factsWidth, top, letter, bandMuted)
      : write(facts, margin, top + letter * 1.8, factsLetter, bandMuted),
  ];
  return { height, svg: shapes.join('') };
}

/** The panel on a single input picture, in the lower left of `area`, with the picture's label and the words: its place, and its SVG. */
export function layoutPanel(area: Rect, words: string, label: string, palette: Palette): { place: Rect; svg: string } {
  const unit = Math.min(area.width, area.height);
  const long = Math.max(area.width, area.height);
  const pad = Math.max(unit * 0.036, long * 0.007);
  const small = Math.max(11, unit * 0.02, long * 0.005);
  const room = Math.min(area.width - unit * 0.13, Math.max(unit * 0.9, area.width * 0.5)) - pad * 2;
  const largest = Math.max(unit * 0.048, long * 0.012);
  const title = toBlock(wrapLettering(label, small, room, 1), small);
  const text = fitBlock(words, room, area.height * 0.28, largest, Math.max(12, unit * 0.024));
  const lines = [...title.lines.map((line) => letteringWidth(line, small)), ...text.lines.map((line) => letteringWidth(line, text.letter))];
  const width = Math.ceil(Math.max(...lines, unit * 0.2) + pad * 2);
  const height = Math.ceil(title.height + text.height + pad * (text.height > 0 ? 2.8 : 2));
  const place = { x: Math.round(area.x + unit * 0.065), y: Math.round(area.y + area.height - unit * 0.065 - height), width, height };
  const shapes = [
    svg`<rect width="${width}" height="${height}" rx="${unit * 0.012}" fill="${palette.sky}"/>`,
    writeBlock(title, pad, pad, mix(palette.ink, palette.sky, 0.3)),
    writeBlock(text, pad, pad * 1.8 + title.height, palette.ink),
  ];
  return { place, svg: shapes.join('') };
}

/** Places for the words and for every input, the first the largest, inside `area`. */
export function layoutTiles(area: Rect, words: string, labels: readonly string[]): { words: Block; tiles: Tile[] } {
  const unit = Math.min(area.width, area.height);
  const margin = unit * 0.06;
  const inner = { x: area.x + margin, y: area.y + margin, width: area.width - margin * 2, height: area.height - margin * 2 };
  const beside = inner.width > inner.height * 2.2;
  const wordsWidth = beside ? inner.width * 0.24 : inner.width;
  const block = fitBlock(
    words,
    wordsWidth,
    beside ? inner.height : inner.height * 0.16,
    unit * (beside ? 0.075 : 0.05),
    Math.max(11, unit * 0.026),
  );
  const taken = block.height === 0 ? 0 : beside ? wordsWidth + margin : block.height + margin * 0.8;
  const rest = beside
    ? { ...inner, x: inner.x + taken, width: inner.width - taken }
    : { ...inner, y: inner.y + taken, height: inner.height - taken };
  return { words: block, tiles: splitTiles(rest, labels, unit) };
}

function splitTiles(room: Rect, labels: readonly string[], unit: number): Tile[] {
  const gap = unit * 0.03;
  const wide = room.width >= room.height;
  const share = labels.length <= 3 ? 0.62 : labels.length <= 7 ? 0.52 : 0.42;
  const [length, across] = wide ? [room.width, room.height] : [room.height, room.width];
  const long = Math.min(length * share - gap / 2, across * stretch);
  const first = wide ? { ...room, width: long } : { ...room, height: long };
  const others = wide
    ? { ...room, x: room.x + long + gap, width: room.width - long - gap }
    : { ...room, y: room.y + long + gap, height: room.height - long - gap };
  const cells = [first, ...splitGrid(others, labels.length - 1, gap)];
  const narrowest = Math.min(...cells.map((cell) => cell.width));
  const letter = Math.min(Math.max(narrowest / 11, 10), Math.max(unit * 0.024, 11, length * 0.005));
  const wrapped = labels.map((label, index) => toBlock(wrapLettering(label, letter, cells[index]?.width ?? 0, 2), letter));
  return cells.map((cell, index) => {
    const label = wrapped[index] ?? toBlock([], letter);
    // Neighbours keep one height, whether their labels take one line or two.
    const tallest = Math.max(...wrapped.slice(index === 0 ? 0 : 1, index === 0 ? 1 : undefined).map((block) => block.height));
    return { picture: { ...cell, height: cell.height - tallest - letter * 1.2 }, label };
  });
}

/** `count` equal cells in reading order, in the number of columns that makes them largest. */
function splitGrid(room: Rect, count: number, gap: number): Rect[] {
  const sizeFor = (columns: number) => {
    const rows = Math.ceil(count / columns);
    return { width: (room.width - gap * (columns - 1)) / columns, height: (room.height - gap * (rows - 1)) / rows };
  };
  const choices = Array.from({ length: count }, (_, index) => index + 1);
  const shortest = (columns: number) => Math.min(sizeFor(columns).width, sizeFor(columns).height);
  const columns = choices.reduce((best, choice) => (shortest(choice) > shortest(best) ? choice : best), 1);
  const full = sizeFor(columns);
  const [width, height] = [Math.min(full.width, full.height * stretch), Math.min(full.height, full.width * stretch)];
  return choices.map((_, index) => ({
    x: room.x + (index % columns) * (width + gap),
    y: room.y + Math.floor(index / columns) * (height + gap),
    width,
    height,
  }));
}
