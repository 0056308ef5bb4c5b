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
  cleanInside(copy, redactor);
  return 'id' in message ? Object.assign(copy, { id: message.id }) : copy;
}

function cleanInside(value: object, redactor: Redactor): void {
  const isPicture = 'mimeType' in value;
  for (const [name, inner] of Object.entries(value)) {
    const isExact = name === 'progressToken' || (isPicture && (name === 'data' || name === 'blob'));
    if (typeof inner === 'object' && inner !== null) cleanInside(inner, redactor);
    else if (typeof inner === 'string' && !isExact) Reflect.set(value, name, toOutgoing(inner, redactor));
  }
}
