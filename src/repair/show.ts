/** What came, quoted: no control characters, at most 60 characters. */
export function show(value: unknown): string {
  if (typeof value === 'string') return `"${clip(value)}"`;
  return clip(toText(value));
}

export function toText(value: unknown): string {
  try {
    return typeof value === 'string' || (typeof value === 'object' && value !== null) ? JSON.stringify(value) : String(value);
  } catch {
    // Nested thousands deep.
    return 'a deeply nested value';
  }
}

export function clip(text: string, most = 60): string {
  const characters = [...text.slice(0, most * 4).replace(/\p{C}+/gu, ' ')];
  return characters.length > most ? `${characters.slice(0, most - 1).join('')}…` : characters.join('');
}
