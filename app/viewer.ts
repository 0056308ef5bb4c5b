import { makeActions } from './actions.ts';
import { announce, find, make, makeButton } from './dom.ts';
import { makeHistory } from './history.ts';
import { textAt } from './json.ts';
import { formatDollars, type Picture, readPicture, toAlt, toMaker, toSize } from './picture.ts';
import type { Shown } from './result.ts';
import type { Surroundings } from './surroundings.ts';
import { createZoom } from './zoom.ts';

/** Shows a picture full size; beside what it was made from, where that is wanted. */
export type OpenViewer = (picture: Picture, isCompared?: boolean) => void;

/** `list`: the pictures one goes through; `known`: all that were heard of, by their ids; both grow. `made`: new ones came of one. */
export function createViewer(
  surroundings: Surroundings,
  list: readonly Picture[],
  known: Map<string | undefined, Picture>,
  made: (shown: Shown) => void,
): OpenViewer {
  let current: Picture | undefined;
  let before: Picture | undefined;

  const [title, side, history] = [
    make('h2', { id: 'title' }),
    make('section', { 'aria-label': 'About it' }),
    make('nav', { 'aria-label': 'History' }),
  ];
  const [old, image] = [make('img', { class: 'before' }), make('img', { class: 'after' })];
  const slider: HTMLInputElement = make('input', { type: 'range', 'aria-label': 'Before and after', input: () => divide(slider.value) });
  const sheet = make('div', { class: 'sheet' }, old, image, slider, make('i', {}));
  const stage = make('div', { class: 'stage', tabindex: '0', role: 'group' }, sheet);
  const zoom = createZoom(stage, sheet, (scale) => {
    actual.textContent = `${Math.round(scale * 100)} %`;
    sheet.classList.toggle('large', scale > 3);
  });
  const actual = makeButton('', zoom.actual, { title: 'Actual size (1)' });
  const compare = makeButton('Compare', () => setBefore(before ? undefined : findBefore()));
  const [back, on] = [
    makeButton('‹', () => turn(-1), { 'aria-label': 'Previous' }),
    makeButton('›', () => turn(1), { 'aria-label': 'Next' }),
  ];
  const [smaller, larger] = [() => zoom.by(0.8), () => zoom.by(1.25)];
  const bar = make(
    'header',
    {},
    title,
    back,
    on,
    makeButton('−', smaller, { 'aria-label': 'Zoom out' }),
    actual,
    makeButton('+', larger, { 'aria-label': 'Zoom in' }),
    makeButton('Fit', zoom.fit, { title: '0' }),
    compare,
    makeButton('✕', () => dialog.close(), { 'aria-label': 'Close' }),
  );
  const keys: Record<string, () => void> = { '+': larger, '=': larger, '-': smaller, '0': zoom.fit, '1': zoom.actual };
  const dialog: HTMLDialogElement = make('dialog', { 'aria-labelledby': 'title', close: leave, keydown: press }, bar, stage, side, history);
  document.body.append(dialog);

  function press(event: Event): void {
    const { target } = event;
    if (!(event instanceof KeyboardEvent) || event.ctrlKey || event.metaKey || target instanceof HTMLTextAreaElement) return;
    keys[event.key]?.();
    // Where there is nothing to scroll.
    if (target !== stage || stage.scrollWidth > stage.clientWidth) return;
    if (event.key === 'ArrowLeft') turn(-1);
    if (event.key === 'ArrowRight') turn(1);
  }

  /** The small one first, then all of it. */
  async function load(picture: Picture, into: HTMLImageElement): Promise<void> {
    const isWanted = () => (into === old ? before : current) === picture;
    into.removeAttribute('src');
    into.alt = toAlt(picture);
    const small = await surroundings.small(picture);
    if (small && isWanted()) into.src = small;
    try {
      const whole = new Image();
      whole.src = await surroundings.full(picture);
      await whole.decode();
      if (!isWanted()) return;
      into.src = whole.src;
      if (into === image) zoom.resize(whole.width, whole.height);
    } catch (error) {
      if (isWanted()) announce(`Only the preview can be shown. ${textAt(error, 'message') ?? ''}`);
    }
  }

  /** What it was made from, as far as that can be shown. */
  function findBefore(): Picture | undefined {
    const [id] = current?.parents ?? [];
    return known.get(id) ?? (id && surroundings.canRead ? readPicture({ id }) : undefined);
  }

  function setBefore(picture: Picture | undefined): void {
    before = picture;
    sheet.classList.toggle('compared', !!before);
    compare.ariaPressed = String(!!before);
    divide('50');
    if (before) void load(before, old);
  }

  function divide(percent: string): void {
    slider.value = percent;
    slider.ariaValueText = `${percent} % before`;
    sheet.style.setProperty('--cut', `${percent}%`);
  }

  function show(picture: Picture, isCompared = false): void {
    current = picture;
    back.disabled = list.indexOf(picture) < 1;
    on.disabled = !list.includes(picture) || picture === list.at(-1);
    zoom.resize(picture.width || 1024, picture.height || 1024);
    zoom.fit();
    void load(picture, image);
    setBefore(isCompared ? findBefore() : undefined);
    history.hidden = true;
    describe(picture);
    showFamily(picture).catch(() => {});
  }

  function describe(picture: Picture): void {
    const { prompt, dollars, id, path, differences } = picture;
    compare.hidden = !findBefore();
    title.textContent = toAlt(picture);
    stage.ariaLabel = 'Picture; plus and minus zoom, arrow keys move';
    const facts = [
      prompt,
      toSize(picture),
      toMaker(picture),
      dollars === undefined ? '' : formatDollars(dollars),
      id,
      path,
      ...differences,
    ];
    side.replaceChildren(makeActions(picture, surroundings, made), ...facts.flatMap((fact) => (fact ? [make('p', {}, fact)] : [])));
  }

  /** What it came from and what came of it. */
  async function showFamily(picture: Picture): Promise<void> {
    const family = (await surroundings.family(picture)).map((told) => {
      const member = known.get(told.id) ?? told;
      member.parents = told.parents;
      known.set(member.id, member);
      return member;
    });
    if (current !== picture) return;
    compare.hidden = !findBefore();
    history.hidden = family.length < 2;
    history.replaceChildren(make('h3', {}, 'History'), makeHistory(family, picture, surroundings, show));
  }

  function turn(by: number): void {
    const next = current && list[list.indexOf(current) + by];
    if (next) show(next);
  }

  function leave(): void {
    current = undefined;
    find('grid').after(find('status'));
    surroundings.look?.(false);
  }

  return (picture, isCompared) => {
    if (!dialog.open) {
      surroundings.look?.(true);
      dialog.showModal();
      // Beneath a dialog nothing is heard.
      dialog.append(find('status'));
    }
    stage.focus();
    show(picture, isCompared);
  };
}
