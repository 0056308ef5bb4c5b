import { readFile } from 'node:fs/promises';
import type { Plugin } from 'rolldown';

/** Marks the demo's own copy of what its client and a server both use. */
const copy = '?client';

/**
 * Leaves out every schema of the SDK's that nothing here asks for. It declares one for each type of the specification while it is loaded, and fills two tables with all of them that
 * only their users need: what has no other effect is marked as such, which the bundler cannot know by itself. The demo's client asks for all of them, and has a copy to itself.
 */
export const specTypes: Plugin = {
  name: 'spec-types',
  async resolveId(id, importer = '') {
    const isShared = /@modelcontextprotocol[\\/]client[\\/]/.test(importer) && id.startsWith('@modelcontextprotocol/core');
    if (!isShared && !(importer.endsWith(copy) && id.startsWith('.'))) return null;
    const found = await this.resolve(id, importer.replace(copy, ''), { skipSelf: true });
    return found && { ...found, id: `${found.id}${copy}` };
  },
  load: (id) => (id.endsWith(copy) ? readFile(id.replace(copy, ''), 'utf8') : null),
  transform(code, id) {
    if (/@modelcontextprotocol[\\/]core[\\/]dist[\\/](schemas|auth)-[\w-]+\.mjs$/.test(id)) return markSchemas(code);
    return /@modelcontextprotocol[\\/]server[\\/]dist[\\/]src-[\w-]+\.mjs$/.test(id) ? markTables(code) : null;
  },
};

/** A schema is put together by functions that do nothing else. */
function markSchemas(code: string): string {
  return code.replace(
    /^const (\w+Schema) = ([\s\S]*?);$(?=\n+(?:const |function |export |\/))/gm,
    'const $1 = /* @__PURE__ */ (() => $2)();',
  );
}

function markTables(code: string): string {
  const [filling] = /^const _specTypeSchemas = \{\};$[\s\S]*?^const isSpecType = Object\.freeze\(_isSpecType\);$/m.exec(code) ?? [];
  if (filling === undefined) throw new Error('the tables of the SDK’s types are no longer where they were: see bundle/spec-types.ts');
  return code.replace(filling, () => `${toPure(filling, 'specTypeSchemas')}\n${toPure(filling, 'isSpecType')}`);
}

/** One of the tables, as what a function returns that does all of it. */
function toPure(filling: string, table: string): string {
  return `const ${table} = /* @__PURE__ */ (() => {\n${filling}\nreturn ${table};\n})();`;
}
