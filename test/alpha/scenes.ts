import sharp from 'sharp';
import type { Pixels, Rgb } from '../../src/image/pixels.ts';

/** What is cut out: an outlined drawing, a glow with a drop shadow, a translucent bottle, and 900 strands of hair. */
export const sceneNames = ['solid', 'soft', 'glass', 'hair'] as const;
export type SceneName = (typeof sceneNames)[number];

const drawn = new Map<string, Promise<Pixels>>();

/** A scene with the alpha its SVG was drawn with, `edge` pixels square; `view` is what of its 1024 units is seen, to move and scale it. Drawn once. */
export function drawScene(name: SceneName, edge: number, view = '0 0 1024 1024'): Promise<Pixels> {
  const key = `${name} ${edge} ${view}`;
  const scene = drawn.get(key) ?? draw(name, edge, view);
  drawn.set(key, scene);
  return scene;
}

async function draw(name: SceneName, edge: number, view: string): Promise<Pixels> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${edge}" height="${edge}" viewBox="${view}">${scenes[name]()}</svg>`;
  const { data, info } = await sharp(Buffer.from(svg)).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: 4 };
}

const scenes: Record<SceneName, () => string> = {
  solid: () => `
    <radialGradient id="apple" cx="0.36" cy="0.32" r="0.8"><stop offset="0" stop-color="#f2545b"/><stop offset="0.6" stop-color="#d61f3a"/>
      <stop offset="1" stop-color="#9b1030"/></radialGradient>
    <g stroke="#3b1518" stroke-width="14" stroke-linejoin="round" stroke-linecap="round">
      <path d="M500 330C430 270 270 280 220 420C170 570 260 800 390 830C440 842 460 815 505 815C550 815 575 842 625 828C750 790 840 570 785 420C735 285 575 275 500 330Z" fill="url(#apple)"/>
      <path d="M500 330C495 270 510 220 545 180" fill="none" stroke-width="22"/>
      <path d="M540 260C570 180 660 140 740 165C730 245 640 300 540 260Z" fill="#3fa34d"/>
      <path d="M560 250C610 225 660 200 715 178" fill="none" stroke-width="6"/></g>
    <ellipse cx="335" cy="450" rx="44" ry="76" transform="rotate(24 335 450)" fill="#ffe3d8"/>
    <rect x="90" y="760" width="170" height="170" rx="34" fill="#2563eb"/><circle cx="175" cy="845" r="42" fill="#93c5fd"/>
    <path d="M850 690L885 775L975 782L906 840L928 930L850 882L772 930L794 840L725 782L815 775Z" fill="#facc15" stroke="#b45309" stroke-width="6"/>
    <circle cx="150" cy="180" r="62" fill="#f5f5f4" stroke="#292524" stroke-width="5"/><circle cx="150" cy="180" r="24" fill="#0c0a09"/>`,
  soft: () => `
    <radialGradient id="glow"><stop offset="0" stop-color="#fff3b0" stop-opacity="1"/><stop offset="0.35" stop-color="#ffb347" stop-opacity="0.8"/>
      <stop offset="0.7" stop-color="#ff6a3d" stop-opacity="0.3"/><stop offset="1" stop-color="#ff3d5a" stop-opacity="0"/></radialGradient>
    <filter id="blur" x="-50%" y="-50%" width="200%" height="200%"><feGaussianBlur stdDeviation="26"/></filter>
    <circle cx="360" cy="360" r="300" fill="url(#glow)"/>
    <rect x="500" y="560" width="360" height="290" rx="46" fill="#1c1917" fill-opacity="0.55" filter="url(#blur)" transform="translate(22 34)"/>
    <rect x="500" y="560" width="360" height="290" rx="46" fill="#e2725b"/><rect x="540" y="600" width="280" height="60" rx="30" fill="#fde8d0"/>
    <circle cx="590" cy="760" r="44" fill="#7a3e9d"/><circle cx="720" cy="760" r="44" fill="#3b7dd8"/>`,
  glass: () => `
    <linearGradient id="wall" x1="0" x2="1"><stop offset="0" stop-color="#dff1ff" stop-opacity="0.6"/><stop offset="0.25" stop-color="#e8f4ff" stop-opacity="0.15"/>
      <stop offset="0.8" stop-color="#cfe6f5" stop-opacity="0.2"/><stop offset="1" stop-color="#b8d4ea" stop-opacity="0.55"/></linearGradient>
    <linearGradient id="liquid" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#9b5de5" stop-opacity="0.45"/><stop offset="1" stop-color="#7c52b3" stop-opacity="0.6"/></linearGradient>
    <g transform="translate(512 520) scale(0.9) translate(-512 -520)">
    <path d="M420 120H604V330C604 400 780 480 780 640V840C780 890 740 920 690 920H334C284 920 244 890 244 840V640C244 480 420 400 420 330Z" fill="url(#wall)"/>
    <path d="M262 620C340 600 430 640 512 622C600 604 690 640 762 618V836C762 878 728 902 688 902H336C296 902 262 878 262 836Z" fill="url(#liquid)"/>
    <path d="M300 660C290 740 292 800 306 862" fill="none" stroke="#ffffff" stroke-opacity="0.6" stroke-width="16" stroke-linecap="round"/>
    <path d="M450 150V330" fill="none" stroke="#ffffff" stroke-opacity="0.5" stroke-width="10" stroke-linecap="round"/>
    <circle cx="560" cy="760" r="26" fill="#f5d0fe" fill-opacity="0.4"/><circle cx="640" cy="700" r="16" fill="#f5d0fe" fill-opacity="0.35"/>
    <ellipse cx="512" cy="120" rx="92" ry="18" fill="#e0f2fe" fill-opacity="0.5"/></g>`,
  hair: () => {
    const random = randomFrom(7);
    const browns = ['#2b1a12', '#4a2c1a', '#6b4423', '#8a5a33', '#b07a45', '#d9a866'];
    const strands = Array.from({ length: 900 }, () => {
      const angle = Math.PI * (0.95 + 1.1 * random());
      const [x, y] = [512 + 190 * Math.cos(angle), 470 + 210 * Math.sin(angle)];
      const reach = 120 + 260 * random();
      const bend = angle + (random() - 0.5) * 1.3;
      const [endX, endY] = [x + reach * Math.cos(bend), y + reach * Math.sin(bend) + 160 * random()];
      const [midX, midY] = [(x + endX) / 2 + 90 * (random() - 0.5), (y + endY) / 2 - 90 * random()];
      return `<path d="M${x.toFixed(1)} ${y.toFixed(1)}Q${midX.toFixed(1)} ${midY.toFixed(1)} ${endX.toFixed(1)} ${endY.toFixed(1)}" stroke="${browns[Math.floor(random() * browns.length)]}" stroke-width="${(0.6 + 1.8 * random()).toFixed(2)}"/>`;
    });
    return `<ellipse cx="512" cy="520" rx="196" ry="250" fill="#e0a580"/><ellipse cx="440" cy="500" rx="22" ry="14" fill="#3f2a1d"/>
      <ellipse cx="584" cy="500" rx="22" ry="14" fill="#3f2a1d"/><path d="M440 650Q512 700 584 650" fill="none" stroke="#a5493d" stroke-width="14"/>
      <g fill="none" stroke-linecap="round">${strands.join('')}</g>`;
  },
};

/** The picture laid on one colour, without alpha. */
export function layOn(scene: Pixels, [red, green, blue]: Rgb): Pixels {
  const pixelCount = scene.width * scene.height;
  const data = new Uint8Array(3 * pixelCount);
  for (let pixel = 0; pixel < pixelCount; pixel++) {
    const alpha = (scene.data[4 * pixel + 3] ?? 0) / 255;
    data[3 * pixel] = alpha * (scene.data[4 * pixel] ?? 0) + (1 - alpha) * red + 0.5;
    data[3 * pixel + 1] = alpha * (scene.data[4 * pixel + 1] ?? 0) + (1 - alpha) * green + 0.5;
    data[3 * pixel + 2] = alpha * (scene.data[4 * pixel + 2] ?? 0) + (1 - alpha) * blue + 0.5;
  }
  return { data, width: scene.width, height: scene.height, channels: 3 };
}

/** Numbers from 0 to 1, the same ones every time (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 4294967296;
  };
}
