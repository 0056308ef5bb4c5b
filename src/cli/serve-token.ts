import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ToolError } from '../errors.ts';
import { changePeople, type Entry, hashToken, namePattern, newToken, TokenTrouble } from '../http/token-file.ts';
import { showPath } from '../text.ts';
import { type Parsed, refuseArguments, tryParse } from './arguments.ts';
import type { CliContext } from './context.ts';
import { toOneLine } from './layout.ts';

interface TokenArguments {
  name: string;
  file: string;
  isRemoved: boolean;
  limits: Omit<Entry, 'sha256'>;
}

/** `limner serve token`: a person into the file of tokens, another token for them, or out of it. The token is shown this once and kept nowhere. */
export async function tokenCommand(args: string[], usage: string, context: CliContext): Promise<number> {
  const parsed = parseToken(args, context.cwd);
  if ('wrong' in parsed) return refuseArguments(parsed.wrong, usage, context);
  const { name, file, isRemoved, limits } = parsed;
  const token = newToken();
  try {
    const entry = isRemoved ? undefined : { ...limits, sha256: hashToken(token).toString('hex') };
    const done = await changePeople(file, name, entry);
    if (!isRemoved) context.print(token);
    context.printError(toRemark(done, name, showPath(file)));
    return done === 'absent' ? 1 : 0;
  } catch (error) {
    if (!(error instanceof TokenTrouble || error instanceof ToolError)) throw error;
    context.printError(`limner: ${error.message}`);
    return 1;
  }
}

function toRemark(done: Awaited<ReturnType<typeof changePeople>>, name: string, file: string): string {
  if (done === 'absent') return `limner: ${file} names no ${name}.`;
  if (done === 'removed') return `${name} is not let in any more. Their space stays until you remove its folder.`;
  const instead = done === 'changed' ? ' The token before it is good no more.' : '';
  return `This is the token of ${name}, shown this once; its hash is in ${file}.${instead} Running servers know it already.`;
}

function parseToken(args: string[], cwd: string): Parsed<TokenArguments> {
  return tryParse(() => {
    const text = { type: 'string' } as const;
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { tokens: text, 'usd-per-day': text, 'usd-per-call': text, requests: text, 'calls-each': text, remove: { type: 'boolean' } },
    });
    const [name = '', ...others] = positionals;
    if (others.length > 0 || !namePattern.test(name))
      return {
        wrong: `the name of a person is small letters, digits, - and _, and begins with a letter; "${toOneLine(positionals.join(' '))}" is none.`,
      };
    if (values.tokens === undefined) return { wrong: 'token needs --tokens FILE, the file the hashes are in.' };
    const given = [
      ['usd_per_day', 'usd-per-day', /^\d{1,9}(\.\d{1,6})?$/],
      ['usd_per_call', 'usd-per-call', /^\d{1,9}(\.\d{1,6})?$/],
      ['requests_per_minute', 'requests', /^[1-9]\d{0,5}$/],
      ['calls_at_once', 'calls-each', /^[1-9]\d{0,5}$/],
    ] as const;
    const spoilt = given.find(([, option, pattern]) => values[option] !== undefined && !pattern.test(values[option]));
    if (spoilt) return { wrong: `--${spoilt[1]} is "${toOneLine(values[spoilt[1]] ?? '')}"; it must be a number such as 5.` };
    const limits = Object.fromEntries(
      given.flatMap(([key, option]) => (values[option] === undefined ? [] : [[key, Number(values[option])]])),
    );
    return { name, file: resolve(cwd, values.tokens), isRemoved: values.remove === true, limits };
  });
}
