import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Host, hosts } from '../src/hosts.ts';
import { planEntry, planRemoval } from '../src/setup/change.ts';

const start = { command: '/usr/bin/node', args: ['/opt/limner/dist/index.js'] };

function hostOf(id: string): Host {
  const host = hosts.find((candidate) => candidate.id === id);
  if (host === undefined) throw new Error(`no host ${id}`);
  return host;
}

/** Limner goes in, twice without a difference, and out again: the same bytes with the backup, and without it where its list stays. */
function expectRoundTrip(host: Host, text: string, standin: boolean, hasOtherServers: boolean): void {
  const { text: after = '' } = planEntry({ host, start, standin }, text);
  expect(after).not.toBe(text);
  expect(planEntry({ host, start, standin }, after)).toMatchObject({ kind: 'same', text: after });
  expect(planRemoval({ host, start }, after, text).text).toBe(text);
  if (hasOtherServers) expect(planRemoval({ host, start }, after, undefined).text).toBe(text);
  // Who draws is changed in place, and back.
  const { text: other = '' } = planEntry({ host, start, standin: !standin }, after);
  const { text: back = '' } = planEntry({ host, start, standin }, other);
  expect(planEntry({ host, start, standin }, back).kind).toBe('same');
}

const gap = fc.constantFrom(
  '',
  ' ',
  '\n',
  '\n  ',
  '\t',
  '\r\n    ',
  ' // c "x": {}\n',
  '/* b */',
  ' /* a\n b */ ',
  '\n// own line, {\n    ',
);
const name = fc.oneof(
  fc.string({ maxLength: 6 }).filter((text) => text !== '__proto__' && text !== 'limner' && text !== 'mcpServers'),
  fc.constantFrom('a', 'command'),
);
const servers = fc.dictionary(name, fc.record({ command: fc.string(), env: fc.dictionary(name, fc.string(), { maxKeys: 2 }) }), {
  maxKeys: 3,
});

/** JSON with comments and white space wherever they may be, and here and there a comma at the end. */
function write(value: unknown, gaps: readonly string[]): string {
  let taken = 0;
  const next = () => gaps[taken++ % gaps.length] ?? '';
  const list = (items: readonly string[]) =>
    items.map((item) => `${next()}${item}${next()}`).join(',') + (items.length % 3 === 2 ? `,${next()}` : next());
  const toText = (inner: unknown): string => {
    if (Array.isArray(inner)) return `[${list(inner.map(toText))}]`;
    if (typeof inner !== 'object' || inner === null) return JSON.stringify(inner);
    return `{${list(Object.entries(inner).map(([key, item]) => `${JSON.stringify(key)}${next()}:${next()}${toText(item)}`))}}`;
  };
  return next() + toText(value) + next();
}

test('JSON of any layout and with any comments gets limner and loses it without a trace', () => {
  const host = hostOf('cursor');
  const others = fc.dictionary(name, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 });
  fc.assert(
    fc.property(
      others,
      fc.option(servers),
      fc.array(gap, { minLength: 1, maxLength: 40 }),
      fc.boolean(),
      (values, mcpServers, gaps, standin) => {
        const text = write(mcpServers === null ? values : { ...values, mcpServers }, gaps);
        expectRoundTrip(host, text, standin, mcpServers !== null && Object.keys(mcpServers).length > 0);
      },
    ),
    { numRuns: 500 },
  );
});

const sections = [
  '[profiles.fast]\nmodel = "x" # quick\n',
  '[[hooks]]\nrun = [ "a", # first\n  "b" ]\n',
  '[mcp_servers.github]\ncommand = "npx"\nenv = { TOKEN = "t" }\n',
  '  [mcp_servers."with space"] # odd\n  command = \'x\'\n',
  '[mcp_servers.gitlab.tools.search]\nmode = "ask"\n',
  '# a comment of its own\n\n\n',
  '[projects."/home/ada"]\ntrust = "yes"\nsince = 2026-11-01T07:32:00Z\n',
  '[notes]\ntext = """\n[mcp_servers.limner]\ncommand = "no"\n"""\n',
];

test('TOML of any order and with any comments gets limner and loses it without a trace', () => {
  const host = hostOf('codex');
  const tops = ['', 'model = "gpt" # mine\n', '# only a comment\n', 'mcp_servers.top.command = "x"\n', 'a.b = 1\n\n'];
  fc.assert(
    fc.property(
      fc.constantFrom(...tops),
      fc.shuffledSubarray(sections),
      fc.constantFrom('\n', '\r\n'),
      fc.boolean(),
      (top, chosen, lineBreak, standin) => {
        const text = (top + chosen.join('\n')).replaceAll('\n', lineBreak);
        expectRoundTrip(host, text, standin, text !== '');
      },
    ),
    { numRuns: 200 },
  );
});
