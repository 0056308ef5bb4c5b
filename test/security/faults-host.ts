import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import type { Answer } from '../answer.ts';
import { answers } from '../google/index.ts';
import { clientFaults } from './faults-client.ts';
import { diskFaults } from './faults-disk.ts';
import { alone, copyWithout, expectError, expectSuccess, type Fault, light, readAll, together } from './faults-stage.ts';
import { amount } from './form.ts';

/** A clock that stands still, and goes back an hour when a file is there. */
const brokenClock = `
  import fs from 'node:fs';
  const RealDate = Date;
  const start = RealDate.now();
  const now = () => start - (fs.existsSync(process.env.CLOCK_BACK) ? 3_600_000 : 0);
  globalThis.Date = class extends RealDate {
    constructor(...given) { super(...(given.length === 0 ? [now()] : given)); }
    static now() { return now(); }
  };
`;

/** What a key may be that is none, and what is said of it. */
const badKeys: readonly (readonly [value: string, code: string, says: RegExp])[] = [
  ['', 'no_key', /GEMINI_API_KEY/],
  ['Zq7Xw2Lm9Rt4\nKv8Bn3Pd6Sf1', 'settings', /characters no key has/],
  ['"Zq7Xw2Lm9Rt4 Kv8Bn3Pd6Sf1"', 'settings', /characters no key has/],
  ['Zq7Xw2Lm9Rt4Kv8Bn3Pd6Sf1é', 'settings', /characters no key has/],
];

const otherFaults: readonly Fault[] = [
  together('a preview that cannot be made', async (stage, server, place) => {
    const scene = stage.scene(place, answers.picture({ signatureBytes: 400, cut: true }));
    const { text, blocks, file, facts } = await expectSuccess(await server.call('generate_image', scene.args));
    expect(text).toMatch(/Note: .*perhaps damaged/);
    expect(blocks).not.toContain('image');
    expect(file.sha256).toBe(facts.images[0]?.sha256);
    expect(await readAll(file.path)).toBe(await readAll(file.original ?? ''));
    scene.mend();
    await scene.good(server);
  }),
  alone('no sharp to load', async (stage, place) => {
    const program = await copyWithout(join(dirname(place.computer.state), 'without'), 'sharp', '@img');
    const [server, scene] = [await place.start({ program }), stage.scene(place)];
    expect(JSON.stringify(await server.ask('tools/list', {}))).toContain('edit_image');
    const { file, blocks } = await expectSuccess(await server.call('generate_image', scene.args));
    expect([file.width, file.height, file.format, blocks.includes('image')]).toEqual([light.width, light.height, 'jpeg', false]);
    expectError(await server.call('edit_image', { ...scene.args, image: file.path }), 'settings', /sharp/, /npm install/);
    expect(scene.requests()).toHaveLength(1);
    await scene.good(server);
  }),
  together('a picture that breaks its decoder', async (stage, server, place) => {
    const scene = stage.scene(place);
    const { file } = await scene.good(server);
    const bytes = Buffer.from(await readAll(file.path), 'base64');
    await place.computer.write('broken.jpg', bytes.fill(0xff, 7000));
    expectError(await server.call('edit_image', { ...scene.args, image: 'broken.jpg' }), 'unreadable_image', /damaged/);
    expect(scene.requests()).toEqual([]);
    await scene.good(server);
  }),
  alone('no key, or what is none', async (stage, place) => {
    const scene = stage.scene(place);
    for (const [value, code, says] of badKeys.slice(0, amount(2, badKeys.length))) {
      const server = await place.start({ env: { GEMINI_API_KEY: value } });
      expect(JSON.stringify(await server.ask('tools/list', {}))).toContain('generate_image');
      expectError(await server.call('generate_image', scene.args), code, says);
      expect(server.said()).not.toMatch(/Zq7Xw2Lm|Kv8Bn3Pd/);
      await server.close();
    }
    expect(scene.requests()).toEqual([]);
    await scene.good(await place.start());
  }),
  alone('settings that are wrong', async (stage, place) => {
    const scene = stage.scene(place);
    const file = await place.computer.write('file', 'no folder');
    const wide = await place.start({ env: { LIMNER_OUTPUT_DIR: '/', LIMNER_STATE_DIR: '~' } });
    expectError(await wide.call('generate_image', scene.args), 'settings', /LIMNER_OUTPUT_DIR .*too wide/, /LIMNER_STATE_DIR .*too wide/);
    expect(wide.log()).toMatch(/LIMNER_OUTPUT_DIR/);
    const env = { LIMNER_ALLOWED_DIRS: `/:~:${file}`, LIMNER_TIMEOUT_MS: 'NaN', LIMNER_NO_SUCH_THING: '1', LIMNER_OUTPUT_DIR: 'art' };
    const odd = await place.start({ env });
    const { text } = await scene.good(odd);
    for (const words of [/LIMNER_ALLOWED_DIRS .*too wide/, /LIMNER_TIMEOUT_MS is "NaN"/, /LIMNER_NO_SUCH_THING is not a setting/]) {
      expect(text).toMatch(words);
      expect(odd.log()).toMatch(words);
    }
    expectError(await odd.call('edit_image', { ...scene.args, image: '/etc/hostname' }), 'not_allowed', /outside the project folder/);
    expect(scene.requests()).toEqual([]);
    await scene.good(odd);
  }),
  alone('a budget that is used up', async (stage, place) => {
    const scene = stage.scene(place);
    const server = await place.start({ env: { LIMNER_BUDGET_USD_PER_DAY: '0.07' } });
    await scene.good(server);
    for (const more of [{}, { approved: true }, { budget: 100 }, { LIMNER_BUDGET_USD_PER_DAY: 100 }]) {
      const answer = await server.call('generate_image', { ...scene.args, ...more });
      if (Object.keys(more).length > 0) expect(answer?.isError).toBe(true);
      else
        expectError(
          answer,
          'over_budget',
          /budget of \$0\.070/,
          /spent or under way: \$0\.0/,
          /only the person can raise LIMNER_BUDGET_USD_PER_DAY/,
        );
    }
    expect(scene.requests()).toEqual([]);
    await server.close();
    await scene.good(await place.start({ env: { LIMNER_BUDGET_USD_PER_DAY: '1' } }));
  }),
  alone('fifty identical calls in a loop', async (stage, place) => {
    const scene = stage.scene(place);
    const server = await place.start({ env: { LIMNER_MAX_REPEATS: '3' } });
    for (let call = 1; call <= 50; call += 1) {
      const answer = await server.call('generate_image', scene.args);
      if (call <= 3) await expectSuccess(answer);
      else expectError(answer, 'repeated', /made 3 times in the last 10 minutes/);
    }
    expect(scene.requests()).toHaveLength(3);
    await scene.good(server);
  }),
  alone('a clock that stands still and goes back', async (stage, place) => {
    const scene = stage.scene(place);
    const back = join(dirname(place.computer.state), 'back');
    const server = await place.start({ preload: brokenClock, env: { CLOCK_BACK: back } });
    const made: Answer[] = [];
    for (let call = 0; call < 4; call += 1) {
      if (call === 2) await writeFile(back, '');
      made.push(await expectSuccess(await server.call('generate_image', scene.args)));
    }
    expect(new Set(made.map(({ file }) => file.id)).size).toBe(4);
    expect(made.map(({ file }) => file.path.replace(/.*?(-\d)?\.jpg$/, '$1'))).toEqual(['', '-2', '-3', '-4']);
    const last = await expectSuccess(await server.call('edit_image', { prompt: 'At night', image: 'last' }));
    expect(last.facts.parents).toMatchObject([{ id: made.at(-1)?.file.id }]);
    await server.close();
    await scene.good(await place.start());
  }),
];

/** What may go wrong on this computer, and on the other side of the pipes. */
export const hostFaults: readonly Fault[] = [...clientFaults, ...diskFaults, ...otherFaults];
