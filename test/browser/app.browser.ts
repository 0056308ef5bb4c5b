import type { Frame } from 'playwright-core';
import { describe, expect, vi } from 'vitest';
import { answers } from '../google/index.ts';
import { type AppHost, expectAccessible, type HostOptions, heardOf, test } from './app-host.ts';
import { keepScreenshot } from './browser.ts';

const look = { width: 1408, height: 768, signatureBytes: 0 };
const fox = { tool: 'generate_image', args: { prompt: 'A red fox on a hill', aspect_ratio: '16:9', output: 'art/fox.webp' } } as const;

const pictures = (app: Frame) => app.locator('#grid li');
const button = (app: Frame, name: string | RegExp) => app.getByRole('button', { name, exact: typeof name === 'string' });
const dialog = (app: Frame) => app.getByRole('dialog');
/** What a function, as text, makes of the first element a selector means. */
const ask = (app: Frame, selector: string, how: string) => app.evaluate(`(${how})(document.querySelector(${JSON.stringify(selector)}))`);
const sizeOf = (app: Frame, selector: string) =>
  ask(app, selector, 'async (image) => image?.decode().then(() => [image.naturalWidth, image.naturalHeight], () => undefined)');
const status = (app: Frame) => app.locator('#status');

/** Opens the first picture and waits until all of it is there. */
async function openFirst({ app }: AppHost, width: number = look.width): Promise<void> {
  await pictures(app).first().getByRole('button').click();
  await vi.waitFor(async () => expect(await sizeOf(app, '.after')).toMatchObject([width, expect.any(Number)]), { timeout: 10_000 });
}

/** Nothing but the two origins of the host itself was asked for, and nothing went wrong. */
function expectQuiet({ requests, errors }: AppHost): void {
  expect(requests).toHaveLength(2);
  expect(errors).toEqual([]);
}

test('several pictures stand in a grid, each by itself, with what they cost; the frame is as high as they are', async ({
  limner,
  google,
  show,
}) => {
  google.always(answers.picture(look));
  const host = await show({ limner, tool: 'generate_image', args: { ...fox.args, count: 3 } });
  const { app } = host;
  await vi.waitFor(async () => expect(await sizeOf(app, '#grid li:nth-child(3) img')).toEqual([512, 279]), { timeout: 10_000 });
  expect(await pictures(app).allInnerTexts()).toEqual(
    ['fox.webp', 'fox-2.webp', 'fox-3.webp'].map((name) => expect.stringContaining(`${name}\n1408 × 768 webp`)),
  );
  expect(await app.getByRole('img', { name: 'A red fox on a hill' }).count()).toBe(3);
  expect(await app.locator('#summary').innerText()).toMatch(/^gemini-nano-banana-2\.1 · \$0\.\d+ · today \$0\.\d+ in all$/);
  await vi.waitFor(async () => {
    const { height } = (await host.page.locator('iframe').boundingBox()) ?? { height: 0 };
    expect(height).toBe(await app.evaluate('document.documentElement.offsetHeight'));
    expect(height).toBeGreaterThan(300);
  });
  expectQuiet(host);
  await expectAccessible(app);
  await keepScreenshot(host.page, 'app-grid', false);
});

test('a picture is opened in full size, fitted, zoomed by keys, wheel and buttons, and moved', async ({ limner, google, show }) => {
  google.always(answers.picture(look));
  const host = await show({ limner, ...fox });
  const { app, page } = host;
  await openFirst(host);
  const percent = async () => Number.parseInt(await app.getByTitle('Actual size (1)').innerText(), 10);
  const fitted = await percent();
  expect(fitted).toBeLessThan(60);
  await page.keyboard.press('+');
  expect(await percent()).toBeGreaterThan(fitted);
  await page.keyboard.press('1');
  expect(await percent()).toBe(100);
  const scrolled = async () =>
    app.evaluate("(() => { const stage = document.querySelector('.stage'); return [stage.scrollLeft, stage.scrollTop] })()");
  const before = await scrolled();
  await page.keyboard.press('ArrowRight');
  await vi.waitFor(async () => expect(await scrolled()).not.toEqual(before));
  const box = (await app.locator('.stage').boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const beforeDrag = await scrolled();
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + 60, y, { steps: 4 });
  await page.mouse.up();
  expect(await scrolled()).not.toEqual(beforeDrag);
  await page.mouse.wheel(0, -200);
  await vi.waitFor(async () => expect(await percent()).toBeGreaterThan(130));
  await button(app, 'Zoom out').click();
  await button(app, 'Fit').click();
  expect(await percent()).toBe(fitted);
  expect(heardOf(host, 'mode')).toEqual([]);
  await expectAccessible(app);
  await page.keyboard.press('Escape');
  expect(await dialog(app).count()).toBe(0);
  expectQuiet(host);
});

test('a refinement is paid after its price was shown, joins the others, and lies over what it was made from', async ({
  limner,
  google,
  show,
}) => {
  google.always(answers.picture(look));
  const host = await show({ limner, ...fox, context: { availableDisplayModes: ['inline', 'fullscreen'] } });
  const { app, page } = host;
  await openFirst(host);
  expect(heardOf(host, 'mode')).toEqual([{ mode: 'fullscreen' }]);
  expect(await button(app, 'Compare').count()).toBe(0);
  await dialog(app).getByRole('button', { name: 'Refine' }).click();
  expect(await dialog(app).locator('.panel').innerText()).toMatch(/Paid: about \$0\.\d+, as this one was \$0\.\d+\./);
  await dialog(app).locator('.panel .primary').click();
  expect(await status(app).innerText()).toBe('Say what to change first.');
  expect(google.requests).toHaveLength(1);
  await page.keyboard.type('Make it winter');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await vi.waitFor(async () => expect(await status(app).innerText()).toBe('The new picture is there.'), { timeout: 10_000 });
  expect(await pictures(app).count()).toBe(2);
  expect(host.calls).toMatchObject([
    { name: 'edit_image', arguments: { prompt: 'Make it winter', image: expect.stringMatching(/^img_/) } },
  ]);
  expect(google.requests).toHaveLength(2);
  expect(JSON.stringify(heardOf(host, 'context'))).toMatch(/with edit_image.*img_[a-z2-7]{16} \S+make-it-winter/);

  const slider = app.getByRole('slider', { name: 'Before and after' });
  await vi.waitFor(async () => expect(await sizeOf(app, '.before')).toEqual([1408, 768]), { timeout: 10_000 });
  expect([await slider.inputValue(), await slider.getAttribute('aria-valuetext')]).toEqual(['50', '50 % before']);
  await slider.focus();
  await page.keyboard.press('ArrowRight');
  expect([await slider.inputValue(), await slider.getAttribute('aria-valuetext')]).toEqual(['51', '51 % before']);
  const clips = async () => [
    await ask(app, '.before', '(image) => getComputedStyle(image).clipPath'),
    await ask(app, '.after', '(image) => getComputedStyle(image).clipPath'),
  ];
  expect(await clips()).toEqual(['inset(0px 49% 0px 0px)', 'inset(0px 0px 0px 51%)']);
  const box = (await slider.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
  await page.mouse.click(box.x + box.width / 4, box.y + box.height / 2);
  expect(Number(await slider.inputValue())).toBeLessThan(30);

  const history = app.getByRole('navigation', { name: 'History' }).getByRole('button');
  expect(await app.evaluate("[...document.querySelectorAll('nav button')].map((step) => [step.ariaLabel, step.ariaCurrent])")).toEqual([
    ['A red fox on a hill', null],
    ['Make it winter', 'true'],
  ]);
  await expectAccessible(app);
  await keepScreenshot(page, 'app-compare', false);
  await history.first().click();
  expect(await app.getByRole('heading', { level: 2 }).innerText()).toBe('A red fox on a hill');
  expectQuiet(host);
});

test('branches of a history are seen and heard', async ({ limner, google, show }) => {
  google.always(answers.picture(look));
  const { file } = await limner.call('generate_image', fox.args);
  const winter = await limner.call('edit_image', { prompt: 'Make it winter', image: file.id });
  await limner.call('edit_image', { prompt: 'Make it autumn', image: file.id });
  await limner.call('edit_image', { prompt: 'Add a cabin', image: winter.file.id });
  const host = await show({ limner, tool: 'edit_image', args: { prompt: 'Add a moon', image: winter.file.id } });
  await openFirst(host);
  const steps = host.app.getByRole('navigation').getByRole('button');
  await vi.waitFor(async () => expect(await steps.count()).toBe(5));
  expect(await host.app.evaluate("[...document.querySelectorAll('nav button')].map((step) => step.ariaLabel)")).toEqual([
    'A red fox on a hill (2 versions follow)',
    'Make it winter (2 versions follow)',
    'Add a cabin',
    'Add a moon',
    'Make it autumn',
  ]);
  const boxes = await Promise.all((await steps.all()).map(async (step) => (await step.boundingBox()) ?? { x: 0, y: 0 }));
  const [first, snow, cabin, moon, autumn] = boxes.map(({ x, y }) => ({ x, y }));
  expect([snow?.y, autumn?.x]).toEqual([first?.y, snow?.x]);
  expect(cabin?.x).toBeGreaterThan(snow?.x ?? 0);
  expect([moon?.x, (moon?.y ?? 0) > (cabin?.y ?? 0), (autumn?.y ?? 0) > (moon?.y ?? 0)]).toEqual([cabin?.x, true, true]);
  await keepScreenshot(host.page, 'app-history', false);
});

test('variations are four of the same call, beside the first, at a price that is told before', async ({ limner, google, show }) => {
  google.always(answers.picture(look));
  const host = await show({ limner, ...fox });
  const { app } = host;
  await button(app, 'Variations').click();
  expect(await app.locator('.panel').innerText()).toMatch(/^4 of the same call\. Paid: about \$0\.\d+, as this one was \$0\.\d+\./);
  expect(google.requests).toHaveLength(1);
  await app.locator('.panel .primary').click();
  await vi.waitFor(async () => expect(await pictures(app).count()).toBe(5), { timeout: 15_000 });
  expect(google.requests).toHaveLength(5);
  expect(host.calls).toMatchObject([
    { name: 'generate_image', arguments: { prompt: fox.args.prompt, aspect_ratio: '16:9', count: 4, output: 'art/', format: 'webp' } },
  ]);
  await vi.waitFor(async () => expect(await status(app).innerText()).toBe('4 new pictures are there.'));
  await expectAccessible(app);
});

test('what goes wrong is said in words, and can be tried again', async ({ limner, google, show }) => {
  google.next(answers.picture(look), answers.blocked('SAFETY'));
  const host = await show({ limner, ...fox });
  const { app, page } = host;
  await button(app, 'Refine').click();
  await page.keyboard.type('Make it winter');
  await app.locator('.panel .primary').click();
  await vi.waitFor(async () => expect(await app.locator('.failed').innerText()).toMatch(/safety/i), { timeout: 10_000 });
  expect(await status(app).innerText()).toBe(await app.locator('.failed').innerText());
  expect(await app.locator('.panel .primary').isEnabled()).toBe(true);
  await expectAccessible(app);
});

test('a choice is told to the agent; a path is copied, or shown selected where the clipboard is closed', async ({
  limner,
  google,
  show,
}) => {
  google.always(answers.picture(look));
  const host = await show({ limner, ...fox });
  const { app } = host;
  await button(app, 'Use this one').click();
  await vi.waitFor(async () => expect(await status(app).innerText()).toBe('The agent knows.'));
  const told = expect.stringMatching(/img_[a-z2-7]{16} \/\S+art\/fox\.webp$/);
  expect(heardOf(host, 'message')).toEqual([{ role: 'user', content: [{ type: 'text', text: told }] }]);
  expect(heardOf(host, 'context')).toEqual([{ content: [{ type: 'text', text: told }] }]);
  await button(app, 'Copy path').click();
  const field = app.getByRole('textbox', { name: 'To copy' });
  await vi.waitFor(async () => expect(await field.inputValue()).toMatch(/art\/fox\.webp$/));
  expect(
    await app.evaluate('document.activeElement.value.slice(document.activeElement.selectionStart, document.activeElement.selectionEnd)'),
  ).toBe(await field.inputValue());
  await expectAccessible(app);
});

test('all of it is done by keyboard alone, and the focus is seen', async ({ limner, google, show }) => {
  google.always(answers.picture(look));
  const host = await show({ limner, ...fox });
  const { app, page } = host;
  await vi.waitFor(async () => expect(await pictures(app).count()).toBe(1));
  await host.page.locator('iframe').focus();
  const focused = async () =>
    String(await app.evaluate('document.activeElement.ariaLabel || document.activeElement.innerText || document.activeElement.tagName'));
  const walk = async (name: RegExp) => {
    for (let step = 0; step < 40; step += 1) {
      await page.keyboard.press('Tab');
      if (name.test(await focused())) return;
    }
    throw new Error(`The focus never reached ${name}.`);
  };
  await walk(/fox\.webp/);
  expect(await app.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
  await page.keyboard.press('Enter');
  expect(await focused()).toMatch(/Picture; plus and minus zoom/);
  const stops = new Set<string>();
  for (let step = 0; step < 14; step += 1) {
    await page.keyboard.press('Tab');
    stops.add((await focused()).trim());
    expect(await app.evaluate("document.activeElement.closest('dialog') !== null || document.activeElement === document.body")).toBe(true);
  }
  expect([...stops]).toEqual(
    expect.arrayContaining(['Zoom out', 'Zoom in', 'Fit', 'Close', 'Use this one', 'Refine', 'Variations', 'Copy path']),
  );
  await walk(/^Refine$/);
  await page.keyboard.press('Enter');
  await page.keyboard.type('Make it winter');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await vi.waitFor(async () => expect(await status(app).innerText()).toBe('The new picture is there.'), { timeout: 10_000 });
  expect(await app.getByRole('heading', { level: 2 }).innerText()).toBe('Make it winter');
  await page.keyboard.press('ArrowLeft');
  expect(await app.getByRole('heading', { level: 2 }).innerText()).toBe('A red fox on a hill');
  await page.keyboard.press('Escape');
  expect(await focused()).toMatch(/fox\.webp/);
});

describe.for([
  ['narrow', { viewport: { width: 320, height: 700 } }, {}],
  ['wide', { viewport: { width: 1280, height: 900 } }, {}],
  ['dark by the host', { colorScheme: 'light' }, { theme: 'dark' }],
  ['dark by the browser', { colorScheme: 'dark' }, {}],
  ['forced colours', { forcedColors: 'active' }, {}],
] as const satisfies [string, HostOptions['browser'], HostOptions['context']][])('%s', ([name, browser, context]) => {
  test('the page fits, reads well, and axe finds nothing', async ({ limner, google, show }) => {
    google.always(answers.picture(look));
    const { file } = await limner.call('generate_image', fox.args);
    const host = await show({ limner, tool: 'edit_image', args: { prompt: 'Make it winter', image: file.id, count: 2 }, browser, context });
    const { app, page } = host;
    const isWithin = async () =>
      expect(
        await app.evaluate(
          '[document.documentElement.scrollWidth - innerWidth, (document.querySelector("dialog")?.scrollWidth ?? 0) - innerWidth].every((over) => over <= 0)',
        ),
      ).toBe(true);
    await vi.waitFor(async () => expect(await sizeOf(app, '#grid li:nth-child(2) img')).toBeDefined(), { timeout: 10_000 });
    await isWithin();
    await expectAccessible(app);
    await keepScreenshot(page, `app-${name}-grid`, false);
    await openFirst(host);
    await button(app, 'Compare').click();
    await dialog(app).getByRole('button', { name: 'Refine' }).click();
    await vi.waitFor(async () => expect(await app.getByRole('navigation').getByRole('button').count()).toBe(3));
    await isWithin();
    await expectAccessible(app);
    await keepScreenshot(page, `app-${name}-view`, false);
    const ground = String(await app.evaluate('getComputedStyle(document.documentElement).backgroundColor'));
    const [red = 0] = (ground.match(/\d+/g) ?? []).map(Number);
    if (name.startsWith('dark')) expect(red).toBeLessThan(60);
    else if (name !== 'forced colours') expect(red).toBeGreaterThan(200);
  });
});

test('real transparency is shown on a checkerboard in full size', async ({ start, show }) => {
  const limner = await start({ env: { LIMNER_BACKEND: 'standin' } });
  const host = await show({
    limner,
    tool: 'generate_image',
    args: { prompt: 'A fox standin:alpha', output: 'fox.png', background: 'transparent' },
  });
  const { app } = host;
  await openFirst(host, 1024);
  await vi.waitFor(async () => expect((await app.locator('.after').getAttribute('src'))?.slice(0, 15)).toBe('data:image/png;'));
  expect(await ask(app, '.sheet', '(sheet) => getComputedStyle(sheet).backgroundImage')).toMatch(/conic-gradient/);
  const alpha = await ask(
    app,
    '.after',
    `(image) => {
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 1;
    canvas.getContext('2d').drawImage(image, 0, 0);
    return canvas.getContext('2d').getImageData(0, 0, 1, 1).data[3];
  }`,
  );
  expect(alpha).toBe(0);
  await keepScreenshot(host.page, 'app-alpha', false);
});

test('a host that lets nothing be called is asked to ask the agent; one that lets nothing has no such buttons', async ({
  limner,
  google,
  show,
}) => {
  google.always(answers.picture(look));
  const asking = await show({ limner, ...fox, capabilities: { message: { text: {} } } });
  await button(asking.app, 'Refine').click();
  await asking.page.keyboard.type('Make it winter');
  await button(asking.app, 'Ask the agent').click();
  await vi.waitFor(() => expect(heardOf(asking, 'message')).toHaveLength(1));
  expect(JSON.stringify(heardOf(asking, 'message'))).toMatch(/edit_image.*img_[a-z2-7]{16}.*Make it winter/);
  expect([asking.calls, heardOf(asking, 'context')]).toEqual([[], []]);

  const bare = await show({ limner, tool: 'generate_image', args: { prompt: 'Another fox', count: 3 }, capabilities: {} });
  // The sheet is all there is, so its parts are shown.
  await vi.waitFor(async () => expect(await sizeOf(bare.app, '#grid li:nth-child(3) img')).toEqual([606, 330]), {
    timeout: 10_000,
  });
  await pictures(bare.app).first().getByRole('button').click();
  expect(await dialog(bare.app).locator('.actions').innerText()).toBe('Copy path');
  await vi.waitFor(async () => expect(await status(bare.app).innerText()).toMatch(/Only the preview/));
  await expectAccessible(bare.app);
  await keepScreenshot(bare.page, 'app-bare', false);
  expectQuiet(bare);
});

test('without _meta, and without the arguments, the text and the pictures tell enough', async ({ limner, google, show }) => {
  google.always(answers.picture(look));
  const bend = ({ _meta, ...result }: Record<string, unknown>) => result;
  const host = await show({ limner, ...fox, bend, isSilent: true });
  const { app, page } = host;
  await vi.waitFor(async () => expect(await pictures(app).allInnerTexts()).toEqual([expect.stringContaining('fox.webp\n1408 × 768 webp')]));
  expect(await app.locator('#words').innerText()).toMatch(/Converted from jpeg to webp/);
  await openFirst(host);
  await dialog(app).getByRole('button', { name: 'Refine' }).click();
  await page.keyboard.type('Make it winter');
  await dialog(app).locator('.panel .primary').click();
  await vi.waitFor(async () => expect(await pictures(app).count()).toBe(2), { timeout: 10_000 });
  await expectAccessible(app);
});

describe('what is no result', () => {
  const garbage = [
    null,
    'text',
    7,
    [],
    {},
    { content: 'x' },
    { content: [null, 3, { type: 'image', mimeType: 'text/html', data: '<b>' }] },
    { _meta: { 'limner/result': { images: [null, { id: '../../x', width: -1 }] } } },
  ];
  test('shows a plain message and breaks nothing', async ({ start, show }) => {
    const limner = await start({ env: { LIMNER_BACKEND: 'standin' } });
    const host = await show({ limner, ...fox, bend: () => ({ content: [] }) });
    await vi.waitFor(async () => expect(await host.app.locator('#words').innerText()).toBe('There is no picture to show.'));
    // What a host would never let through, told by the window around the page.
    for (const params of garbage) {
      await host.app
        .parentFrame()
        ?.evaluate(
          `inner.contentWindow.postMessage(${JSON.stringify({ jsonrpc: '2.0', method: 'ui/notifications/tool-result', params })}, '*')`,
        );
    }
    await vi.waitFor(async () => expect(await pictures(host.app).count()).toBe(2));
    expect(host.errors).toEqual([]);
  });

  test('words are words: a prompt with markup makes none, and nobody but the host is listened to', async ({ start, show }) => {
    const limner = await start({ env: { LIMNER_BACKEND: 'standin' } });
    const prompt = '<img src=x onerror="window.broken=1"><script>window.broken=1</script> A fox';
    const host = await show({ limner, tool: 'generate_image', args: { prompt } });
    const { app } = host;
    await openFirst(host, 1024);
    expect(await app.getByRole('heading', { level: 2 }).innerText()).toBe(prompt);
    expect(await app.evaluate('[window.broken, document.scripts.length, document.querySelectorAll("[onerror]").length]')).toEqual([
      undefined,
      1,
      0,
    ]);
    await app.evaluate(`new Promise((done) => {
      const frame = document.createElement('iframe');
      addEventListener('message', () => setTimeout(done));
      frame.srcdoc = '<script>parent.postMessage({ jsonrpc: "2.0", method: "ui/notifications/tool-result", params: { content: [{ type: "text", text: "forged" }] } }, "*")<' + '/script>';
      document.body.append(frame);
    })`);
    expect(await app.locator('#words').innerText()).not.toMatch(/forged/);
    expectQuiet(host);
  });
});

test('a result that is handed on twice is shown once', async ({ limner, google, show }) => {
  google.always(answers.picture(look));
  let result: unknown;
  const bend = (all: unknown) => {
    result = all;
    return all;
  };
  const { app } = await show({ limner, ...fox, bend });
  await vi.waitFor(async () => expect(await pictures(app).count()).toBe(1));
  const message = { jsonrpc: '2.0', method: 'ui/notifications/tool-result', params: result };
  await app.parentFrame()?.evaluate(`inner.contentWindow.postMessage(${JSON.stringify(message)}, '*')`);
  await app
    .parentFrame()
    ?.evaluate("inner.contentWindow.postMessage({ jsonrpc: '2.0', method: 'ui/notifications/tool-cancelled', params: {} }, '*')");
  await vi.waitFor(async () => expect(await app.locator('#words').innerText()).toBe('The call was cancelled.'));
  expect(await pictures(app).count()).toBe(1);
});

test('an error and a cancelled call are told', async ({ limner, google, show }) => {
  google.next(answers.blocked('SAFETY'));
  const host = await show({ limner, ...fox });
  await vi.waitFor(async () => expect(await host.app.locator('#words').innerText()).toMatch(/safety/i));
  await host.app
    .parentFrame()
    ?.evaluate("inner.contentWindow.postMessage({ jsonrpc: '2.0', method: 'ui/notifications/tool-cancelled', params: {} }, '*')");
  await vi.waitFor(async () => expect(await host.app.locator('#words').innerText()).toBe('The call was cancelled.'));
});
