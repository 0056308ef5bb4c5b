/** The hunts of this folder have two forms: a short one in `npm test`, and the whole of it in `npm run test:security`, which prints its figures. */
const isWhole = process.env.TEST_FORM === 'whole';

/** How many, or how long: in the short form, in the whole one. */
export function amount(short: number, whole: number): number {
  return isWhole ? whole : short;
}

/** Prints what was found, in the whole form: a line a goal, for the README and for whoever checks it. */
export function figure(goal: string, found: string): void {
  if (isWhole) process.stdout.write(`${goal}: ${found}\n`);
}

/** A folder of hostile files and lists made by others, where somebody has one, for the whole form; the tests bring their own and need none. */
export const corpora = isWhole ? process.env.TEST_CORPORA : undefined;
