import type { Plugin } from 'rolldown';

/** Writes characters beyond ASCII as escapes: V8 holds a text with a single one of them as two bytes a character, and takes longer to read it. */
export const ascii: Plugin = {
  name: 'ascii',
  generateBundle(_options, bundle) {
    for (const file of Object.values(bundle)) if (file.type === 'chunk') file.code = file.code.replace(/[^\0-\x7f]/g, toEscape);
  },
};

function toEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
