/** A curve: where it goes, in the axes' units. */
export interface Curve {
  name: string;
  points: readonly { x: number; y: number }[];
}

/** Two plots side by side over the same x: time on the left, memory on the right. */
export interface Plot {
  title: string;
  caption: string;
  xTitle: string;
  panels: readonly { yTitle: string; isLinear?: boolean; curves: readonly Curve[] }[];
}

/** Pixels: one panel's drawing area, and the room around it for titles, numbers and the names at the curves' ends. */
const area = { width: 300, height: 220 } as const;
const room = { left: 56, right: 150, top: 74, bottom: 56 } as const;
const panelWidth = room.left + area.width + room.right;

/** Read on white and on dark alike: the viewer's preference picks the set. Curves also differ by their dashes, for whoever sees no colours. */
const style = `
text{font:12px system-ui,sans-serif;fill:#3d444d}.title{font-size:14px;font-weight:600}.grid{stroke:#d1d9e0}.curve{fill:none;stroke-width:2}
.c0{stroke:#59636e}.c1{stroke:#0969da}.c2{stroke:#1a7f37}.c3{stroke:#bc4c00}.c4{stroke:#8250df}
.c1{stroke-dasharray:none}.c0{stroke-dasharray:2 3}.c2{stroke-dasharray:7 3}.c3{stroke-dasharray:7 3 2 3}.c4{stroke-dasharray:12 4}
@media (prefers-color-scheme:dark){text{fill:#d1d7e0}.grid{stroke:#3d444d}
.c0{stroke:#9198a1}.c1{stroke:#4493f8}.c2{stroke:#3fb950}.c3{stroke:#f0883e}.c4{stroke:#ab7df8}}`;

/** An SVG file. Axes are logarithmic, since cost is asked for over powers of two; a linear y axis starts at 0. */
export function drawPlot({ title, caption, xTitle, panels }: Plot): string {
  const [width, height] = [panelWidth * panels.length, room.top + area.height + room.bottom];
  const drawn = panels.map(
    (panel, index) => `<g transform="translate(${index * panelWidth + room.left} ${room.top})">${drawPanel(panel, xTitle)}</g>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${toXml(title)}">`,
    `<style>${style}</style>`,
    `<text class="title" x="${room.left}" y="20">${toXml(title)}</text><text x="${room.left}" y="38">${toXml(caption)}</text>`,
    ...drawn,
    '</svg>\n',
  ].join('\n');
}

function drawPanel({ yTitle, isLinear = false, curves }: Plot['panels'][number], xTitle: string): string {
  const points = curves.flatMap((curve) => curve.points);
  const toX = toScale(
    points.map(({ x }) => x),
    area.width,
  );
  const toY = (isLinear ? toLinearScale : toScale)(
    points.map(({ y }) => y),
    -area.height,
  );
  const steps = [...new Set(points.map(({ x }) => x))].sort((a, b) => a - b);
  const columns = steps.map((x) => `<text x="${round(toX.place(x))}" y="${area.height + 18}" text-anchor="middle">${toLabel(x)}</text>`);
  const lines = toY.ticks.map((y) => {
    const place = round(area.height + toY.place(y));
    return `<path class="grid" d="M0 ${place}h${area.width}"/><text x="-8" y="${place + 4}" text-anchor="end">${toLabel(y)}</text>`;
  });
  const drawn = curves.map(({ points: own }, index) => {
    const path = own.map(({ x, y }, at) => `${at === 0 ? 'M' : 'L'}${round(toX.place(x))} ${round(area.height + toY.place(y))}`).join('');
    return `<path class="curve c${index % 5}" d="${path}"/>`;
  });
  const ends = spread(curves.map(({ points: own }) => area.height + toY.place(own.at(-1)?.y ?? 1)));
  const names = curves.map(({ name }, index) => {
    const y = round(ends[index] ?? 0);
    return `<path class="curve c${index % 5}" d="M${area.width + 6} ${y}h18"/><text x="${area.width + 28}" y="${y + 4}">${toXml(name)}</text>`;
  });
  return [
    `<text y="-8" x="0">${toXml(yTitle)}</text><text x="${area.width / 2}" y="${area.height + 38}" text-anchor="middle">${toXml(xTitle)}</text>`,
    ...lines,
    ...columns,
    ...drawn,
    ...names,
  ].join('\n');
}

interface Scale {
  /** Pixels from the start of the axis. */
  place(value: number): number;
  ticks: number[];
}

/** Places values along `length` pixels by their logarithm. */
function toScale(values: readonly number[], length: number): Scale {
  // What took no time at all has no logarithm.
  const known = values.map((value) => Math.max(value, 0.1));
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const span = Math.log(high / low) || 1;
  const powers = Array.from({ length: 8 }, (_, index) => 10 ** (index - 1));
  const ticks = powers.flatMap((power) => [power, 2 * power, 5 * power]).filter((value) => value >= low && value <= high);
  return { ticks, place: (value) => (length * Math.log(Math.max(value, low) / low)) / span };
}

/** Places values along `length` pixels from 0 on, with four to nine lines at round numbers. */
function toLinearScale(values: readonly number[], length: number): Scale {
  const high = Math.max(...values, 1);
  const power = 10 ** Math.floor(Math.log10(high));
  const step = [power / 5, power / 2, power].find((size) => high / size <= 9) ?? power;
  const ticks = Array.from({ length: Math.floor(high / step) + 1 }, (_, index) => index * step);
  return { ticks, place: (value) => (length * value) / high };
}

/** The same places, in their order, moved down where names would cover each other. */
function spread(places: readonly number[]): number[] {
  const order = places.map((place, index) => ({ place, index })).sort((a, b) => a.place - b.place);
  const result: number[] = [];
  let before = Number.NEGATIVE_INFINITY;
  for (const { place, index } of order) {
    before = Math.max(place, before + 16);
    result[index] = before;
  }
  return result;
}

function toLabel(value: number): string {
  return value >= 10 || Number.isInteger(value) ? value.toFixed(0) : String(Number(value.toPrecision(2)));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function toXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
