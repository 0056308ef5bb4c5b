/** A colour as red, green and blue, 0 to 255. */
type Rgb = readonly [number, number, number];

/** The colours of one drawing, as `#rrggbb`. */
export interface Palette {
  sky: string;
  /** For letters: stands out from the sky. */
  ink: string;
  accent: string;
  /** For highlights such as snow and petals. */
  light: string;
  /** The ground colours, from 0, far away, to 1, close. */
  tone(nearness: number): string;
}

/** A source of numbers from 0 up to 1. */
export type Random = () => number;

const colours: Record<string, string> = {
  red: '#c8403a',
  crimson: '#a8233b',
  scarlet: '#d8392b',
  maroon: '#7c2736',
  burgundy: '#7a2338',
  coral: '#f07a63',
  salmon: '#f08d78',
  orange: '#ec8a35',
  amber: '#f2ae30',
  copper: '#b9683b',
  terracotta: '#c7684a',
  brown: '#80573d',
  chocolate: '#5d3d2c',
  tan: '#cfae84',
  beige: '#dccbae',
  cream: '#f3e7cb',
  gold: '#dba834',
  golden: '#dba834',
  yellow: '#f3cb3e',
  mustard: '#cf9f2d',
  lime: '#a4c83e',
  green: '#4b8d54',
  emerald: '#1f8a63',
  olive: '#7f813a',
  sage: '#8ba581',
  mint: '#93cdb1',
  teal: '#1e8285',
  turquoise: '#36ada6',
  cyan: '#35b0c9',
  aqua: '#4dbdc4',
  blue: '#3468a8',
  azure: '#3f8fd0',
  navy: '#243c66',
  indigo: '#443f8d',
  violet: '#7654a8',
  purple: '#74488f',
  lavender: '#a494cc',
  lilac: '#b69aca',
  magenta: '#b93a86',
  pink: '#e58ca4',
  rose: '#d9738a',
  peach: '#f5b48d',
  white: '#f1efe8',
  silver: '#b3bac1',
  grey: '#83898f',
  gray: '#83898f',
  charcoal: '#41464d',
  black: '#2b2e34',
};

/** Ground and accent for prompts that name no colour. */
const pairs: readonly (readonly [string, string])[] = [
  ['#1f7a8c', '#f4a259'],
  ['#3d5a80', '#ee6c4d'],
  ['#5b8e7d', '#f2c14e'],
  ['#6d597a', '#e8777a'],
  ['#b5504f', '#f4b266'],
  ['#2a6f97', '#ffc857'],
  ['#47785a', '#f2a541'],
  ['#8a5a44', '#e9b872'],
  ['#4059ad', '#f28482'],
  ['#0f7173', '#ff9f80'],
  ['#a85a73', '#ffcf9c'],
  ['#57648c', '#f6b26b'],
];

/** Numbers that depend on `seed` alone (mulberry32). */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/** One of `choices`, which must not be empty. */
export function pick<T>(random: Random, choices: readonly [T, ...T[]]): T {
  return choices[Math.floor(random() * choices.length)] ?? choices[0];
}

/** Colours after the first two colour words of the prompt, the cooler for the ground, the warmer for the accent; chosen by `random` without any. */
export function createPalette(prompt: string, random: Random): Palette {
  const named = (prompt.toLowerCase().match(/[a-z]+/g) ?? []).flatMap((word) =>
    Object.hasOwn(colours, word) ? (colours[word] ?? []) : [],
  );
  const [first, second] = [...new Set(named)].slice(0, 2).sort((a, b) => warmth(a) - warmth(b));
  const [ground, spare] = pairs[Math.floor(random() * pairs.length)] ?? ['#1f7a8c', '#f4a259'];
  const base = first ?? ground;
  const accent = second ?? (distance(base, spare) > 120 ? spare : '#f7e3b5');
  return random() < 0.3 ? createNight(base, accent) : createDay(base, accent);
}

function createDay(base: string, accent: string): Palette {
  const far = mix(mix(base, accent, 0.3), '#fff6e6', 0.45);
  const near = mix(base, '#141a26', 0.55);
  return {
    sky: mix(mix(base, accent, 0.35), '#fff8ec', 0.82),
    ink: mix(base, '#12151d', 0.8),
    accent,
    light: '#fffaf0',
    tone: (nearness) => (nearness < 0.5 ? mix(far, base, nearness * 2) : mix(base, near, nearness * 2 - 1)),
  };
}

function createNight(base: string, accent: string): Palette {
  const far = mix(base, '#cfd8ee', 0.12);
  const near = mix(base, '#060912', 0.84);
  return {
    sky: mix(base, '#0c1226', 0.72),
    ink: mix(accent, '#fffaf0', 0.86),
    accent: mix(accent, '#fff4dc', 0.25),
    light: mix(base, '#fffaf0', 0.86),
    tone: (nearness) => mix(far, near, nearness),
  };
}

/** A colour `share` of the way from `from` to `to`. */
export function mix(from: string, to: string, share: number): string {
  const [a, b] = [toRgb(from), toRgb(to)];
  const hex = a.map((value, index) =>
    Math.round(value + ((b[index] ?? 0) - value) * share)
      .toString(16)
      .padStart(2, '0'),
  );
  return `#${hex.join('')}`;
}

function distance(one: string, other: string): number {
  const [a, b] = [toRgb(one), toRgb(other)];
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

function warmth(colour: string): number {
  const [red, green, blue] = toRgb(colour);
  return red + green * 0.3 - blue;
}

function toRgb(colour: string): Rgb {
  const value = Number.parseInt(colour.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}
