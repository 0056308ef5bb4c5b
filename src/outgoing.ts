import type { Redactor } from './redactor.ts';
import { withoutHidden } from './text.ts';

/** The last thing that is done to a text before it leaves, whoever wrote it and wherever it goes: no hidden characters, no key. */
export function toOutgoing(text: string, { redact }: Redactor): string {
  return redact(withoutHidden(text));
}

/**
 * A message of the protocol with every text in it fit to leave: results, errors, progress and lists alike. Passed over are the bytes of pictures, and the
 * id and the progress token, which have to go back exactly as they came.
 */
export function toOutgoingMessage<Message extends object>(message: Message, redactor: Redactor): Message {
  const copy = structuredClone(message);
  changeTexts(copy, (text, { isPicture, name }) => (isPicture || name === 'progressToken' ? text : toOutgoing(text, redactor)));
  return 'id' in message ? Object.assign(copy, { id: message.id }) : copy;
}

/** Every text in a value as JSON has it, names of properties included. */
export function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [name, ...textsIn(inner)]);
}

/** Where in JSON a text stands. */
interface Place {
  /** Of the property, or the index; undefined for the name of a property itself. */
  name?: string;
  /** The text is a picture's bytes as base64, megabytes of it. */
  isPicture: boolean;
}

/** Changes every text in a value as JSON has it, names of properties included, in place. */
export function changeTexts(value: object, change: (text: string, place: Place) => string): void {
  const holdsPicture = 'mimeType' in value;
  for (const [name, inner] of Object.entries(value)) {
    if (typeof inner === 'object' && inner !== null) changeTexts(inner, change);
    const isPicture = holdsPicture && (name === 'data' || name === 'blob');
    const [newName, now] = [change(name, { isPicture: false }), typeof inner === 'string' ? change(inner, { name, isPicture }) : inner];
    if (newName !== name) Reflect.deleteProperty(value, name);
    if (newName !== name || now !== inner) Reflect.set(value, newName, now);
  }
}
