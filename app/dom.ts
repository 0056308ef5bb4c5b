type Attribute = string | boolean | undefined | ((event: Event) => unknown);

/** An element with attributes, listeners and children; texts become texts, never markup. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Record<string, Attribute>,
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(key, value);
    else if (value || value === '') element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children);
  return element;
}

export const makeButton = (name: string, click: () => unknown, attributes: Record<string, Attribute> = {}): HTMLButtonElement =>
  make('button', { click, ...attributes }, name);

/** The element of the page with this id. */
export function find(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element) return element;
  throw new Error(id);
}

/** Tells everybody, those who hear the page too. */
export function announce(words: string): void {
  find('status').textContent = words;
}

/** Puts words on the clipboard; where that is denied, as in many sandboxes, they are shown selected. */
export async function copy(words: string, beside: Element, done: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(words);
    announce(done);
  } catch {
    const field = make('input', { readonly: true, value: words, 'aria-label': 'To copy' });
    beside.nextElementSibling?.matches('input') && beside.nextElementSibling.remove();
    beside.after(field);
    field.select();
    announce('Copy what is selected.');
  }
}
