import { inspectBackground } from '../../src/image/background.ts';
import type { Pixels, Rgb } from '../../src/image/pixels.ts';
import { twoShot } from '../../src/image/two-shot.ts';
import { unmixKey } from '../../src/image/unmix-key.ts';
import { colourKey, hsvCut, naiveTwoShot } from './baselines.ts';
import { type Condition, conditions, type Faults, shoot } from './faults.ts';
import { drawScene, type SceneName } from './scenes.ts';
import { type Score, score } from './score.ts';

const keys = { green: [0, 255, 0], magenta: [255, 0, 255], blue: [0, 0, 255] } as const satisfies Record<string, Rgb>;
type Key = keyof typeof keys;

/** One way of cutting out, and what it made of one scene under one condition. */
export interface Attempt extends Score {
  matte: Pixels;
}

/** Everything measured of one scene under one condition; the keys are left out where only the second shot is at fault. */
export interface Row {
  scene: SceneName;
  condition: Condition;
  key?: { colourKey: Attempt; hsvCut: Attempt; green: Attempt; best: Attempt & { key: Key } };
  naive: Attempt;
  ours: Attempt;
}

/** Every method on one scene, `edge` pixels square, under one condition; ours reads the background's colour from the border, the others are told it. */
export async function measureRow(scene: SceneName, condition: Condition, edge: number): Promise<Row> {
  const truth = await drawScene(scene, edge);
  const faults: Faults = conditions[condition];
  const unmoved: Faults = { ...faults, moved: [0, 0] };
  const rate = (matte: Pixels): Attempt => ({ matte, ...score(matte, truth) });
  const white = await shoot(truth, [255, 255, 255], unmoved, 1);
  const black = await shoot(truth, [0, 0, 0], faults, 2);
  const row = { scene, condition, naive: rate(naiveTwoShot(white, black)), ours: rate(expectMatte(white, black)) };
  if (condition === 'second shot 1 px off') return row;
  const unmix = async (key: Key) => {
    const shot = await shoot(truth, keys[key], unmoved, 3);
    return { shot, attempt: { key, ...rate(unmixKey(shot, borderColour(shot)).pixels) } };
  };
  const [green, magenta, blue] = [await unmix('green'), await unmix('magenta'), await unmix('blue')];
  const best = [magenta, blue].reduce((first, other) => (other.attempt.psnr > first.attempt.psnr ? other : first), green).attempt;
  const [colourKeyed, hsv] = [rate(colourKey(green.shot, keys.green)), rate(hsvCut(green.shot, keys.green))];
  return { ...row, key: { colourKey: colourKeyed, hsvCut: hsv, green: green.attempt, best } };
}

function expectMatte(white: Pixels, black: Pixels): Pixels {
  const result = twoShot(white, black);
  if ('failed' in result) throw new Error(result.failed);
  return result.pixels;
}

function borderColour(shot: Pixels): Rgb {
  const background = inspectBackground(shot);
  if (background.kind !== 'flat') throw new Error(`expected a flat background, got ${background.kind}`);
  return background.colour;
}
