import { announce, copy, make, makeButton } from './dom.ts';
import { at, textAt } from './json.ts';
import { type Picture, toPrice } from './picture.ts';
import type { Shown } from './result.ts';
import type { Surroundings } from './surroundings.ts';

const variations = 4;

/** What can be done with a picture here, as buttons; `made` gets what comes of it. */
export function makeActions(picture: Picture, surroundings: Surroundings, made: (shown: Shown) => void): HTMLElement {
  const { call, ask, tell, pastes } = surroundings;
  const { id, path } = picture;
  const panel = make('div', { class: 'panel', hidden: true });
  const failed = make('p', { class: 'failed' });
  const explain = (error: unknown) => {
    failed.textContent = textAt(error, 'message') ?? 'It did not work.';
    announce(failed.textContent);
  };

  async function send(button: HTMLButtonElement, tool: string, args: object): Promise<void> {
    const words = `Call limner's ${tool} with ${JSON.stringify(args)}`;
    failed.textContent = '';
    if (!call)
      return ask ? ask(words).then(() => announce('The agent was asked.')) : copy(words, button, 'Copied: paste it to your agent.');
    const stop = startWaiting(button);
    const shown = await call(tool, args).finally(stop);
    made(shown);
    await tell?.(`The person made this in limner's gallery, with ${tool}:\n${shown.pictures.map(name).join('\n')}`);
  }

  function addPanel(label: string, toArgs: (words: string) => [string, object], price: string, ...fields: readonly HTMLElement[]): void {
    const toggle = makeButton(
      label,
      () => {
        const isOpen = panel.hidden || !panel.contains(go);
        for (const other of row.children) if (other.ariaExpanded) other.ariaExpanded = String(isOpen && other === toggle);
        panel.hidden = !isOpen;
        panel.replaceChildren(...fields, make('p', {}, price), go);
        panel.querySelector<HTMLElement>('textarea,button')?.focus();
      },
      { 'aria-expanded': 'false' },
    );
    const go = makeButton(
      call ? label : ask ? 'Ask the agent' : 'Copy the request',
      () => {
        const words = panel.querySelector('textarea')?.value.trim();
        if (words === '') announce('Say what to change first.');
        else send(go, ...toArgs(words ?? '')).catch(explain);
      },
      { class: 'primary' },
    );
    row.append(toggle);
  }

  const row = make('div', { class: 'actions' });
  if (ask || tell) {
    const use = async () => {
      await tell?.(`The person chose this picture in limner's gallery: ${name(picture)}`);
      await ask?.(`Use this one: ${name(picture)}`);
      announce('The agent knows.');
    };
    row.append(makeButton('Use this one', () => use().catch(explain), { class: 'primary' }));
  }
  if (id && (call || ask || pastes)) {
    const words = make('label', {}, 'What to change', make('textarea', { rows: '2', maxlength: '16000' }));
    addPanel('Refine', (prompt) => ['edit_image', { image: id, prompt }], toPrice(picture, 1), words);
    addPanel(
      'Variations',
      () => toVariations(picture),
      `${variations} of ${picture.call ? 'the same call' : 'this picture'}. ${toPrice(picture, variations)}`,
    );
  }
  if (path) row.append(makeButton('Copy path', () => copy(path, row, 'Path copied.')));
  return make('div', {}, row, panel, failed);
}

const name = ({ id, path }: Picture): string => `${id ?? ''} ${path ?? ''}`.trim();

/** The call that made the picture, four times; its file is there already, so only the folder stays. Where the call is not known, an edit. */
function toVariations({ id, call, format }: Picture): [string, object] {
  const prompt = 'A variation of this picture: the same subject and style, composed differently.';
  if (!call) return ['edit_image', { image: id, prompt, count: variations }];
  const output = textAt(call.args, 'output');
  const folder = output?.replace(/[^\\/]*$/, '') || undefined;
  const type = at(call.args, 'format') ?? (output === folder ? undefined : format);
  return [call.tool, { ...call.args, count: variations, output: folder, overwrite: undefined, dry_run: undefined, format: type }];
}

/** Shows that something is under way, and for how long, until what is returned is called. */
function startWaiting(button: HTMLButtonElement): () => void {
  const [started, seconds] = [Date.now(), make('span', {})];
  const waiting = make('p', {}, make('progress', { 'aria-label': 'Making it' }), seconds);
  const tick = () => {
    seconds.textContent = ` ${Math.round((Date.now() - started) / 1000)} s; 5 to 60 are usual.`;
  };
  tick();
  const timer = setInterval(tick, 1000);
  button.disabled = true;
  button.after(waiting);
  announce('Making it.');
  return () => {
    clearInterval(timer);
    button.disabled = false;
    waiting.remove();
  };
}
