import { type ErrorCode, ToolError } from '../errors.ts';
import { named, toSentence } from '../fault.ts';
import { readPersonFile } from '../files/person-file.ts';
import { createRedactor } from '../redactor.ts';
import { findKeyFault, unquote } from '../settings/key.ts';
import { readStoredKey, removeKey, storeKey } from '../setup/key-file.ts';
import { Unreadable } from '../setup/text-format.ts';
import { showPath } from '../text.ts';
import type { CliContext } from './context.ts';
import { toHomePath } from './layout.ts';
import type { SetupArguments } from './setup-arguments.ts';

type KeyArguments = Pick<SetupArguments, 'keyFile' | 'noKey' | 'removeKey' | 'standin' | 'yes'>;

/** What is wrong with the key, or with the place it is kept. */
class KeyTrouble extends Error {}

/** Sees to it that limner has a key, and checks it. Resolves with the exit code. */
export async function settleKey(args: KeyArguments, context: CliContext): Promise<number> {
  const { config, print, printError } = context;
  const place = toHomePath(config.userFile, config.home);
  if (args.standin && args.keyFile === undefined) {
    print('\nKey: none is needed, since the drawings are stand-ins. Running setup again without --standin ends that.');
    return 0;
  }
  try {
    const key = args.noKey ? await readStoredKey(config.userFile) : await findKey(args, context);
    if (key !== undefined) return await checkKey(key, context);
    print(
      `\nKey: none is stored. limner lists its tools and says how to get one when a picture is asked for; --key-file FILE stores one in ${place}.`,
    );
    return 0;
  } catch (error) {
    if (!(error instanceof KeyTrouble || error instanceof ToolError || error instanceof Unreadable)) throw error;
    printError(`limner: ${error instanceof Unreadable ? `${place} was not touched: ${error.message}.` : error.message}`);
    return 1;
  }
}

/** The key that is stored afterwards. */
async function findKey(args: KeyArguments, context: CliContext): Promise<string | undefined> {
  const { config, print } = context;
  const place = toHomePath(config.userFile, config.home);
  const stored = await readStoredKey(config.userFile);
  const given = args.keyFile === undefined ? undefined : await readGiven(args.keyFile, context);
  if (given !== undefined && given !== stored) return replaceKey(given, stored, args, context);
  if (stored !== undefined) {
    print(`\nKey: the one in ${place} stays.`);
    return stored;
  }
  const around = config.apiKey?.reveal();
  const why = 'This shell has a key, but hosts hand on little of a shell’s environment.';
  if (around !== undefined && (args.yes || (await context.ask?.(`\n${why} Store it in ${place}, for you alone?`))))
    return keep(around, `\nKey: this shell's was stored in ${place}, for you alone.`, context);
  if (around !== undefined) print(`\n${why}`);
  const asked = around === undefined && !args.yes ? await askForKey(context) : undefined;
  return asked === undefined ? undefined : keep(asked, `Key: stored in ${place}, for you alone.`, context);
}

async function keep(key: string, message: string, { config, print }: CliContext): Promise<string> {
  await storeKey(config.userFile, key);
  print(message);
  return key;
}

async function replaceKey(key: string, stored: string | undefined, { yes }: KeyArguments, context: CliContext): Promise<string> {
  const place = toHomePath(context.config.userFile, context.config.home);
  if (stored === undefined || yes)
    return keep(key, `\nKey: ${stored === undefined ? 'stored' : 'replaced'} in ${place}, for you alone.`, context);
  const agreed = context.ask?.(`\n${place} holds another key. Replace it?`);
  if (agreed === undefined) throw new KeyTrouble(`${place} holds another key, and there is nobody here to ask; add --yes to replace it.`);
  if (await agreed) return keep(key, 'Key: replaced.', context);
  context.print('Key: the one that was there stays.');
  return stored;
}

/** The key a file or stdin holds; `NAME=` before it, as in a shell's file, is passed over. */
async function readGiven(file: string, { readInput, cwd }: CliContext): Promise<string> {
  const path = (await import('node:path')).resolve(cwd, file);
  const text = file === '-' ? await readInput() : (await readPersonFile(path)).text;
  if (text === undefined) throw new KeyTrouble(`there is no file ${showPath(path)} to take the key from.`);
  const key = unquote(text.trim().replace(/^(export\s+)?(GEMINI|GOOGLE)_API_KEY\s*=\s*/, '')) ?? '';
  const fault = key === '' ? { says: 'is empty' } : findKeyFault(key);
  if (fault !== undefined) throw new KeyTrouble(toSentence(named(file === '-' ? 'stdin' : showPath(path), fault)));
  return key;
}

const tries = 3;

/** Undefined when the person goes on without one, and when there is nobody to ask. */
async function askForKey(context: CliContext): Promise<string | undefined> {
  context.print('\nA Gemini API key is made at https://aistudio.google.com/apikey; image models need billing.');
  for (let round = 0; round < tries; round += 1) {
    const answer = await context.askText?.('Key (not shown while you type or paste; Enter goes on without):', { hidden: true });
    const key = unquote(answer) ?? '';
    if (key === '') return undefined;
    const fault = findKeyFault(key);
    if (fault === undefined) return key;
    context.printError(toSentence(named('What you entered', fault)));
  }
  return undefined;
}

/** What the person has to mend before any picture can come. */
const refusals: readonly ErrorCode[] = ['key_rejected', 'permission', 'billing', 'region'];

/** Asks Google for its list of models, which is free, and says what that shows. Only a refusal is a failure: without a network there is nothing wrong with the set-up. */
async function checkKey(key: string, { config, print, printError }: CliContext): Promise<number> {
  if (config.problems.length > 0) {
    printError('limner: the key was not checked, since a setting is wrong; it is named above.');
    return 1;
  }
  const { findAvailability } = await import('../model/availability.ts');
  const { checkGoogle } = await import('../doctor/google.ts');
  const redactor = createRedactor([key]);
  const answer = await findAvailability({ apiKey: { reveal: () => key }, baseUrl: config.baseUrl, redactor, proxy: config.proxy });
  const origins = { ...config.origins, GEMINI_API_KEY: 'file' as const };
  for (const { state, says, fix } of checkGoogle({ ...config, keyName: 'GEMINI_API_KEY', origins }, answer)) {
    const line = redactor.redact(`${says}.${fix === undefined ? '' : ` Fix: ${fix}.`}`);
    if (state === 'ok') print(`Checked, for free: ${line} Whether billing is on shows with the first picture.`);
    else printError(`limner: the key could not be checked: ${line}`);
  }
  return 'error' in answer && refusals.includes(answer.error.code) ? 1 : 0;
}

/** Takes the key out of the per-user file where that was asked for. Resolves with the exit code. */
export async function dropKey({ removeKey: isWanted, yes }: KeyArguments, { config, ask, print, printError }: CliContext): Promise<number> {
  if (!isWanted) return 0;
  const place = toHomePath(config.userFile, config.home);
  try {
    if ((await readStoredKey(config.userFile)) === undefined) {
      print(`Key: there is none in ${place}.`);
      return 0;
    }
    const agreed = yes || (await ask?.(`Remove the key from ${place}?`));
    if (agreed === undefined) throw new KeyTrouble('there is nobody here to ask, so the key stays; add --yes to remove it.');
    print(agreed && (await removeKey(config.userFile)) ? `Key: removed from ${place}.` : 'Key: it stays.');
    return agreed ? 0 : 1;
  } catch (error) {
    if (!(error instanceof KeyTrouble || error instanceof ToolError || error instanceof Unreadable)) throw error;
    printError(`limner: ${error instanceof Unreadable ? `${place} was not touched: ${error.message}.` : error.message}`);
    return 1;
  }
}
