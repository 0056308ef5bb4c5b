import { announce, copy, make, makeButton } from './dom.ts';
import { at, textAt } from './json.ts';
import { type Picture, toPrice } from './picture.ts';
import type { Shown } from './result.ts';
import type { Surroundings } from './surroundings.ts';

const variations = 4;

/** A tool and its arguments. */
type Request = [string, object];

/** What can be done with a picture here, as buttons; `made` gets what comes of it. */
export function makeActions(picture: Picture, surroundings: Surroundings, made: (shown: Shown) => void): HTMLElement {
  const { id, path, call: origin } = picture;
  const { call, ask, tell, pastes } = surroundings;
  const [row, panel, failed] = [
    make('div', { class: 'actions' }),
    make('div', { class: 'panel', hidden: true }),
    make('p', { class: 'failed' }),
  ];
  const attempt = (work: Promise<unknown>) => {
    failed.textContent = '';
    work.catch((error: unknown) => {
      failed.textContent = textAt(error, 'message') ?? 'It did not work.';
      announce(failed.textContent);
    });
  };

  /** A button that opens what there is to say before it is paid for. */
  function addPanel(label: string, price: string, toRequest: (words: string) => Request, field?: HTMLTextAreaElement): void {
    const go = makeButton(
      call ? label : ask ? 'Ask the agent' : 'Copy the request',
      () => {
        const words = field?.value.trim() ?? '';
        if (words || !field) return attempt(send(go, toRequest(words), surroundings, made));
        announce('Say what to change first.');
        field.focus();
      },
      { class: 'primary' },
    );
    const toggle = makeButton(
      label,
      () => {
        const isOpen = !panel.hidden && panel.contains(go);
        for (const other of row.querySelectorAll('[aria-expanded]')) other.ariaExpanded = String(other === toggle && !isOpen);
        panel.hidden = isOpen;
        panel.replaceChildren(...(field ? [make('label', {}, 'What to change', field)] : []), make('p', {}, price), go);
        (field ?? go).focus();
      },
      { 'aria-expanded': 'false' },
    );
    row.append(toggle);
  }

  if (ask || tell) row.append(makeButton('Use this one', () => attempt(choose(picture, surroundings)), { class: 'primary' }));
  if (id && (call || ask || pastes)) {
    const field = make('textarea', { rows: '2', maxlength: '16000' });
    addPanel('Refine', toPrice(picture, 1), (prompt) => ['edit_image', { image: id, prompt }], field);
    const what = `${variations} of ${origin ? 'the same call' : 'this picture'}. `;
    addPanel('Variations', what + toPrice(picture, variations), () => toVariations(picture));
  }
  if (path) row.append(makeButton('Copy path', () => copy(path, row, 'Path copied.')));
  return make('div', {}, row, panel, failed);
}

async function send(
  button: HTMLButtonElement,
  [tool, args]: Request,
  { call, ask, tell }: Surroundings,
  made: (shown: Shown) => void,
): Promise<void> {
  const words = `Call limner's ${tool} with ${JSON.stringify(args)}`;
  if (call) {
    const shown = await call(tool, args).finally(startWaiting(button));
    made(shown);
    await tell?.(`The person made this in limner's gallery, with ${tool}:\n${shown.pictures.map(toWords).join('\n')}`);
  } else if (ask) {
    await ask(words);
    announce('The agent was asked.');
  } else await copy(words, button, 'Copied: paste it to your agent.');
}

async function choose(picture: Picture, { ask, tell }: Surroundings): Promise<void> {
  await tell?.(`The person chose this picture in limner's gallery: ${toWords(picture)}`);
  await ask?.(`Use this one: ${toWords(picture)}`);
  announce('The agent knows.');
}

const toWords = ({ id, path }: Picture): string => `${id ?? ''} ${path ?? ''}`.trim();

/** The call that made the picture, four times; its file is there already, so only the folder stays. Where the call is not known, an edit. */
function toVariations({ id, call, format }: Picture): Request {
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
