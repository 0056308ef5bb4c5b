import type { Plugin } from 'rolldown';

/** An import of one of Node's own modules as a minified chunk begins with: all of it, its default, or names. */
const builtinImport =
  /^import ?(?:\*as (?<all>[\w$]+) |(?<whole>[\w$]+) |(?:(?<main>[\w$]+),)?\{(?<names>[^}]*)\})from"(?<id>node:[\w/]+)";/;

/** Any import a chunk begins with. */
const anyImport = /^import(?:[^"'();]*from)?"[^"]+";/;

/**
 * Takes Node's own modules as they are. An import makes a second face of each, for which everything in it is looked at, and some of it made for that alone: a twentieth of
 * the time to the answer of `initialize`.
 */
export const builtins: Plugin = {
  name: 'builtins',
  generateBundle(_options, bundle) {
    for (const file of Object.values(bundle)) if (file.type === 'chunk') file.code = takeAsTheyAre(file.code);
  },
};

function takeAsTheyAre(code: string): string {
  const start = /^#!.*\n/.exec(code)?.[0] ?? '';
  let [rest, imports, taken] = [code.slice(start.length), '', ''];
  for (let found = anyImport.exec(rest); found; found = anyImport.exec(rest)) {
    const [statement] = found;
    const declaration = toDeclaration(statement);
    if (declaration === undefined) imports += statement;
    else taken += declaration;
    rest = rest.slice(statement.length);
  }
  return start + imports + taken + rest;
}

/** Undefined for an import of anything else, and where the whole module is named among its parts. */
function toDeclaration(statement: string): string | undefined {
  const { all, whole, main, names, id } = builtinImport.exec(statement)?.groups ?? {};
  if (id === undefined || /\bdefault\b/.test(names ?? '')) return undefined;
  const picked = names?.replace(/([\w$]+) as (?=[\w$])/g, '$1:');
  const patterns = [all ?? whole ?? main, picked === undefined ? undefined : `{${picked}}`].filter((pattern) => pattern !== undefined);
  return patterns.map((pattern) => `const ${pattern}=globalThis.process.getBuiltinModule("${id}");`).join('');
}
