import { mix, type Palette, pick, type Random } from './standin-palette.ts';
import { countOf, createRidge, drawClouds, drawSun, drawTrees, fillBelow, repeat, type Stage, svg } from './standin-shapes.ts';

/** Draws SVG shapes over the sky. Every scene leaves the upper 45 % to the sky, where the words stand. */
type Scene = (stage: Stage) => string;

const horizon = 0.56;

/** The scenes, in the order variations go through them, so that neighbouring variations never look alike. */
export const scenes: readonly [Scene, ...Scene[]] = [drawHills, drawTiles, drawSea, drawGarden, drawPeaks, drawArches];

function drawHills(stage: Stage): string {
  const { height, unit, palette, random } = stage;
  const top = height * horizon;
  const count = countOf(height - top, unit * 0.1, 4, 12);
  const layers = repeat(count, (index) => {
    const nearness = index / (count - 1);
    const y = top + ((height - top) * index) / count;
    const ridge = createRidge(stage, y, unit * (0.035 + nearness * 0.02));
    const trees = index > 0 && random() < 0.75 ? drawTrees(stage, ridge, nearness) : '';
    return `${trees}${fillBelow(stage, ridge, palette.tone(nearness))}`;
  });
  return `${drawSun(stage, top - unit * 0.08)}${drawClouds(stage)}${layers}`;
}

function drawSea(stage: Stage): string {
  const { width, height, unit, palette, random } = stage;
  const top = height * horizon;
  const count = countOf(height - top, unit * 0.055, 4, 26);
  const boat = Math.min(2, count - 2);
  const rows = repeat(count, (index) => {
    const nearness = index / (count - 1);
    const crest = unit * (0.07 + nearness * 0.09);
    const y = top + (height - top) * (index / count) ** 1.15;
    const start = -crest * (index % 2 === 0 ? 1 : 1.5);
    const curls = repeat(Math.ceil(width / crest) + 3, () => svg`q${crest / 2} ${crest * 0.42} ${crest} 0`);
    const row = svg`<path d="M${start} ${height}V${y}${curls}V${height}Z" fill="${palette.tone(nearness)}"/>`;
    return index === boat ? `${drawBoat(stage, width * (0.2 + random() * 0.25), y)}${row}` : row;
  });
  return `${drawSun(stage, top - unit * 0.02)}${rows}`;
}

function drawBoat({ unit, palette }: Stage, x: number, y: number): string {
  const size = unit * 0.055;
  const sails = svg`<path d="M${x} ${y - size * 0.5}V${y - size * 2.9}L${x + size * 1.25} ${y - size * 0.5}Z" fill="${palette.light}"/><path d="M${x - size * 0.14} ${y - size * 0.5}V${y - size * 2.3}L${x - size * 0.95} ${y - size * 0.5}Z" fill="${palette.accent}"/>`;
  return svg`${sails}<path d="M${x - size * 1.25} ${y - size * 0.34}h${size * 2.7}l${-size * 0.6} ${size * 1.1}h${-size * 1.6}Z" fill="${palette.ink}"/>`;
}

function drawPeaks(stage: Stage): string {
  const { width, height, unit, palette, random } = stage;
  const rows = countOf(height * 0.45, unit * 0.22, 2, 6);
  const step = (height * 0.3) / rows;
  const count = countOf(width, unit * 0.42, 2, 12);
  const peaks = repeat(rows, (row) => {
    const foot = height * (horizon + 0.16) + step * row;
    const range = repeat(count, (index) => {
      const x = ((index + 0.25 + random() * 0.5 + (row % 2) * 0.5) / count) * width;
      return drawPeak(palette, x, foot, Math.max(unit * 0.18, step) * (0.95 + random() * 0.6), row / rows);
    });
    return svg`${range}<path d="M0 ${foot - 1}H${width}V${height}H0Z" fill="${palette.tone((row + 0.55) / rows)}"/>`;
  });
  const ridge = createRidge(stage, height * 0.93, unit * 0.02);
  return `${drawSun(stage, height * 0.44)}${peaks}${drawTrees(stage, ridge, 1)}${fillBelow(stage, ridge, palette.tone(1))}`;
}

function drawPeak(palette: Palette, x: number, foot: number, tall: number, nearness: number): string {
  const wide = tall * 1.15;
  const [lit, shade] = [palette.tone(nearness), palette.tone(Math.min(1, nearness + 0.22))];
  const cap = tall * 0.3;
  const slope = (wide / tall) * cap;
  const faces = svg`<path d="M${x - wide} ${foot}L${x} ${foot - tall}L${x + wide} ${foot}Z" fill="${lit}"/><path d="M${x} ${foot - tall}L${x + wide} ${foot}H${x - wide * 0.12}Z" fill="${shade}"/>`;
  const snow = svg`M${x} ${foot - tall}l${slope} ${cap}l${-slope * 0.55} ${-cap * 0.22}l${-slope * 0.4} ${cap * 0.42}l${-slope * 0.42} ${-cap * 0.42}l${-slope * 0.63} ${cap * 0.22}Z`;
  return svg`${faces}<path d="${snow}" fill="${palette.light}" opacity="0.9"/>`;
}

function drawArches(stage: Stage): string {
  const { width, height, unit, palette, random } = stage;
  const rows = countOf(height * 0.42, unit * 0.42, 1, 7);
  const each = (height * 0.46) / rows;
  const arches = repeat(rows, (row) => {
    const foot = height * 0.94 - each * (rows - 1 - row);
    const count = countOf(width, each * 0.85, 1, 16);
    return (
      repeat(count, (index) => {
        const radius = Math.min((width / count) * (0.36 + random() * 0.12), each * 0.6);
        const x = ((index + 0.5) / count) * width;
        return drawArch(stage, x, foot, radius, each * (0.55 + random() * 0.42));
      }) + svg`<path d="M0 ${foot}H${width}V${height}H0Z" fill="${palette.tone(0.55 + (0.45 * (row + 1)) / rows)}"/>`
    );
  });
  return `${drawSun(stage, height * 0.42)}${arches}`;
}

function drawArch({ palette, random }: Stage, x: number, foot: number, radius: number, tall: number): string {
  const rings = [palette.tone(0.75), palette.tone(0.1), palette.accent, palette.tone(0.45), palette.light, palette.tone(0.95)];
  const turn = Math.floor(random() * rings.length);
  const shoulder = Math.max(radius, tall) - radius;
  return repeat(5, (index) => {
    const inner = radius * (1 - index * 0.19);
    const fill = rings[(turn + index) % rings.length] ?? palette.accent;
    return svg`<path d="M${x - inner} ${foot}v${-shoulder}a${inner} ${inner} 0 0 1 ${inner * 2} 0v${shoulder}Z" fill="${fill}"/>`;
  });
}

function drawTiles({ width, height, unit, palette, random }: Stage): string {
  const columns = countOf(width, unit / 6, 4, 48);
  const cell = width / columns;
  const rows = Math.max(1, Math.floor((height * 0.55) / cell));
  const fills = [palette.tone(0.1), palette.accent, palette.tone(0.45), palette.light, palette.tone(0.8), palette.tone(1)];
  return repeat(rows * columns, (index) => {
    const [x, y] = [(index % columns) * cell, height - (rows - Math.floor(index / columns)) * cell];
    const ground = Math.floor(random() * fills.length);
    // At least one step on, so that no shape has the colour of its ground.
    const shape = (ground + 1 + Math.floor(random() * (fills.length - 1))) % fills.length;
    const turned = svg`translate(${x} ${y}) rotate(${Math.floor(random() * 4) * 90} ${cell / 2} ${cell / 2})`;
    const square = svg`<path d="M0 0H${cell}V${cell}H0Z" fill="${fills[ground] ?? palette.light}" shape-rendering="crispEdges"/>`;
    return svg`<g transform="${turned}">${square}<path d="${pick(random, tileShapes)(cell)}" fill="${fills[shape] ?? palette.ink}"/></g>`;
  });
}

/** What stands in a tile: a quarter, two quarters, a half, a disc, a leaf. */
const tileShapes: readonly [(c: number) => string, ...((c: number) => string)[]] = [
  (c) => svg`M0 0H${c}A${c} ${c} 0 0 1 0 ${c}Z`,
  (c) => svg`M0 0H${c / 2}A${c / 2} ${c / 2} 0 0 1 0 ${c / 2}ZM${c} ${c}H${c / 2}A${c / 2} ${c / 2} 0 0 1 ${c} ${c / 2}Z`,
  (c) => svg`M0 ${c / 2}A${c / 2} ${c / 2} 0 0 1 ${c} ${c / 2}Z`,
  (c) => svg`M${c * 0.14} ${c / 2}a${c * 0.36} ${c * 0.36} 0 1 0 ${c * 0.72} 0a${c * 0.36} ${c * 0.36} 0 1 0 ${-c * 0.72} 0Z`,
  (c) => svg`M0 0A${c} ${c} 0 0 1 ${c} ${c}A${c} ${c} 0 0 1 0 0Z`,
];

function drawGarden(stage: Stage): string {
  const { width, height, unit, palette, random } = stage;
  const reach = Math.min(height * 0.4, unit * 1.9);
  const ridge = createRidge(stage, height * 0.9, unit * 0.025);
  const back = createRidge(stage, height * 0.82, unit * 0.03);
  const count = countOf(width, unit * 0.105, 4, 44);
  const plants = repeat(count, (index) => {
    const x = ((index + 0.5 + (random() - 0.5) * 0.5) / count) * width;
    const tall = reach * (0.42 + random() * 0.58);
    return drawPlant(stage, x, ridge(x) + unit * 0.02, tall);
  });
  return `${drawSun(stage, height * 0.5, mix(palette.sky, palette.tone(0), 0.6))}${fillBelow(stage, back, palette.tone(0.2))}${plants}${fillBelow(stage, ridge, palette.tone(1))}`;
}

function drawPlant({ unit, palette, random }: Stage, x: number, foot: number, tall: number): string {
  const top = foot - tall;
  const stem = mix(palette.tone(0.3 + random() * 0.4), palette.ink, 0.25);
  const leaves = repeat(Math.floor(tall / (unit * 0.1)), (index) => {
    const [y, long] = [foot - unit * 0.07 - index * unit * 0.085, unit * (0.04 + random() * 0.02) * (index % 2 === 0 ? 1 : -1)];
    return svg`<path d="M${x} ${y}q${long * 0.1} ${-Math.abs(long)} ${long} ${-Math.abs(long)}q${-long * 0.05} ${Math.abs(long) * 0.95} ${-long} ${Math.abs(long)}Z" fill="${stem}"/>`;
  });
  const line = svg`<path d="M${x} ${foot}V${top}" stroke="${stem}" stroke-width="${unit * 0.008}"/>`;
  return `${line}${leaves}${drawFlower(unit * (0.03 + random() * 0.022), x, top, palette, random)}`;
}

function drawFlower(radius: number, x: number, y: number, palette: Palette, random: Random): string {
  const fill = pick(random, [palette.accent, palette.light, palette.tone(0.35), palette.accent]);
  const kind = Math.floor(random() * 3);
  if (kind === 0) {
    return svg`<path d="M${x - radius} ${y - radius * 0.6}A${radius} ${radius} 0 0 0 ${x + radius} ${y - radius * 0.6}Z" fill="${fill}"/>`;
  }
  if (kind === 1) {
    return svg`<circle cx="${x}" cy="${y}" r="${radius}" fill="${fill}"/><circle cx="${x}" cy="${y}" r="${radius * 0.4}" fill="${palette.ink}"/>`;
  }
  const petals = repeat(6, (index) => {
    const angle = (index / 6) * 2 * Math.PI;
    return svg`<circle cx="${x + Math.cos(angle) * radius * 0.7}" cy="${y + Math.sin(angle) * radius * 0.7}" r="${radius * 0.46}" fill="${fill}"/>`;
  });
  return svg`${petals}<circle cx="${x}" cy="${y}" r="${radius * 0.42}" fill="${palette.tone(0.9)}"/>`;
}
