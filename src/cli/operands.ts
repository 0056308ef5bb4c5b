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
  const last = words.at(-1);
  if (pictures === 'none') return findMistakeOfWords(words, wantsPrompt, command);
  const example = `limner ${command} fox.png "make it night"`;
  if (wantsPrompt && (last === undefined || isPicture(last))) return `The prompt is missing: ${example}`;
  const named = wantsPrompt ? words.slice(0, -1) : words;
  if (named.length === 0)
    return wantsPrompt ? `The picture is missing: ${example}` : 'Which pictures? Give their paths, ids, "last" or a folder.';
  const isLoose = wantsPrompt && named.some((word) => !isPicture(word) && !/[\\/.]/.test(word));
  return isLoose ? `The prompt is one argument, so put it in quotes: ${example}` : undefined;
}

/** Of a command that takes words alone. */
function findMistakeOfWords(words: readonly string[], wantsPrompt: boolean, command: string): string | undefined {
  const example = `limner ${command} "a red fox in snow"`;
  const picture = words.find(isPicture);
  if (picture !== undefined)
    return `"${show(picture)}" is a picture, and ${command} makes one from words alone. To change it: limner edit ${show(picture)} "make it night"`;
  if (!wantsPrompt) return words.length > 0 ? '--prompt-file and a prompt were mixed; use one of them.' : undefined;
  if (words.length === 0) return `The prompt is missing: ${example}`;
  return words.length > 1 ? `The prompt is one argument, so put it in quotes: ${example}` : undefined;
}

/** Names a picture and says nothing else. */
function isPicture(word: string): boolean {
  return word === 'last' || imageIdPattern.test(word) || /^\S+\.(png|jpe?g|webp|avif|gif)$/i.test(word) || /^https?:\/\/\S+$/i.test(word);
}

function show(word: string): string {
  return cleanText(word, 80);
}
