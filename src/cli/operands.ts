import { imageIdPattern } from '../archive/record.ts';
import { cleanText } from '../text.ts';
import type { Parsed } from './arguments.ts';

/** What stands on a command line by itself. */
export interface Operands {
  pictures: readonly string[];
  /** `-`: what stdin brings. Undefined when it comes from a file, or the command takes none. */
  prompt: string | undefined;
}

/** What a command takes: how many pictures, and words after them. */
export interface OperandRule {
  pictures: 'none' | 'some';
  takesPrompt: boolean;
  /** The name of the command. */
  command: string;
}

/** The prompt is the last, pictures come before it. What looks like a mistake is one: a prompt that is the name of a picture would be paid for. */
export function readOperands(words: readonly string[], hasPromptFile: boolean, rule: OperandRule): Parsed<Operands> {
  const wrong = findMistake(words, rule.takesPrompt && !hasPromptFile, rule);
  if (wrong !== undefined) return { wrong };
  if (!rule.takesPrompt || hasPromptFile) return { pictures: words, prompt: undefined };
  return { pictures: words.slice(0, -1), prompt: words.at(-1) };
}

function findMistake(words: readonly string[], wantsPrompt: boolean, { pictures, command }: OperandRule): string | undefined {
  const example = pictures === 'none' ? `limner ${command} "a red fox in snow"` : `limner ${command} fox.png "make it night"`;
  const last = words.at(-1);
  const before = wantsPrompt ? words.slice(0, -1) : words;
  if (wantsPrompt && (last === undefined || (pictures === 'some' && isPicture(last)))) return `The prompt is missing: ${example}`;
  if (pictures === 'none' && last !== undefined && [...before, last].some(isPicture))
    return `"${show([...before, last].find(isPicture))}" is a picture, and generate makes one from words alone. To change it: limner edit ${show(words.find(isPicture))} "make it night"`;
  if (pictures === 'some' && before.length === 0)
    return wantsPrompt ? `The picture is missing: ${example}` : 'Which pictures? Give their paths, ids, "last" or a folder.';
  const loose = wantsPrompt ? before.find((word) => !isPicture(word) && !/[\\/.]/.test(word)) : undefined;
  if (loose !== undefined || (pictures === 'none' && before.length > 0))
    return `The prompt is one argument, so put it in quotes: ${example}`;
  return undefined;
}

/** Names a picture and says nothing else. */
function isPicture(word: string): boolean {
  return word === 'last' || imageIdPattern.test(word) || /^\S+\.(png|jpe?g|webp|avif|gif)$/i.test(word) || /^https?:\/\/\S+$/i.test(word);
}

function show(word: string | undefined): string {
  return cleanText(word ?? '', 80);
}
