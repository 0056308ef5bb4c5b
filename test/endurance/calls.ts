import { setTimeout } from 'node:timers/promises';
import { addUpDay } from '../../src/archive/ledger-lines.ts';
import { chooseModel } from '../../src/model/catalog.ts';
import { toDollars } from '../../src/model/price.ts';
import type { Answer } from '../answer.ts';
import type { Ground } from './ground.ts';
import { findUntrue, inspectLeftovers, readLedger } from './leftovers.ts';
import type { Prey } from './prey.ts';

/** What came of cancelled calls. */
export interface Cancels {
  cancels: number;
  /** Calls whose answer was out before the server had read that they were cancelled. */
  tooLate: number;
  /** Answers to calls that were cancelled before. */
  answered: string[];
  lost: string[];
  /** Prompts Google was asked for more than once. */
  paidTwice: string[];
  /** Retries that failed. */
  failed: string[];
}

/** Cancels calls at random moments and repeats each, at once or when the first has ended. */
export async function cancelAtRandom(ground: Ground, cancels: number): Promise<Cancels> {
  const computer = await ground.makeComputer();
  const prey = await ground.start(computer, { env: { LIMNER_MAX_REPEATS: '0' } });
  const figures: Cancels = { cancels: 0, tooLate: 0, answered: [], lost: [], paidTwice: [], failed: [] };
  const window = await measureCall(prey);
  const prompts: string[] = [];
  for (let index = 0; figures.cancels < cancels; index += 1) {
    const prompt = `A red fox, cancel ${index}`;
    prompts.push(prompt);
    await cancelOnce(prey, prompt, Math.random() * window, index % 2 === 0 ? 0 : window, figures);
    if (ground.requestsFor(prompt).length > 1) figures.paidTwice.push(prompt);
  }
  await prey.close();
  const { torn, lost } = await inspectLeftovers(
    computer,
    ground.sent.filter(({ prompt }) => prompts.includes(prompt)),
    ground.sent,
  );
  figures.lost.push(...torn, ...lost.map(({ prompt }) => prompt));
  return figures;
}

async function cancelOnce(prey: Prey, prompt: string, after: number, pause: number, figures: Cancels): Promise<void> {
  const id = prey.send('generate_image', { prompt });
  await setTimeout(after);
  await prey.cancel(id);
  if (prey.answerTo(id)) {
    figures.tooLate += 1;
    return;
  }
  figures.cancels += 1;
  await setTimeout(pause);
  const retry = await prey.call('generate_image', { prompt });
  if (retry === undefined || retry.isError) figures.failed.push(`${prompt}: ${retry?.text}`);
  else figures.failed.push(...(await findUntrue(retry)));
  if (prey.answerTo(id)) figures.answered.push(prompt);
}

/** Milliseconds a call takes, once everything is loaded. */
async function measureCall(prey: Prey): Promise<number> {
  await prey.call('generate_image', { prompt: 'A red fox, first' });
  const started = performance.now();
  await prey.call('generate_image', { prompt: 'A red fox, second' });
  return performance.now() - started;
}

export interface SameNames {
  /** Different paths, and different pictures at them. */
  files: number;
  pictures: number;
  requests: number;
  wrong: string[];
}

/** The files of calls that two servers make side by side, all for the same name. */
export async function takeSameName(ground: Ground, perServer: number, identical = false): Promise<SameNames> {
  const computer = await ground.makeComputer();
  const begin = `A red fox that sits in the snow under a very old pine tree and looks at the ${identical ? 'stars' : 'moon'}`;
  const env = { LIMNER_MAX_REPEATS: '0' };
  const servers = await Promise.all([ground.start(computer, { env }), ground.start(computer, { env })]);
  const toPrompt = (which: number, index: number) => (identical ? begin : `${begin} ${which} ${index}`);
  const answers = await Promise.all(
    servers.map((prey, which) => callMany(prey, perServer, (index) => ({ prompt: toPrompt(which, index) }))),
  );
  await Promise.all(servers.map((prey) => prey.close()));
  const wrong = (await Promise.all(answers.flat().map(async (answer) => (answer.isError ? [answer.text] : findUntrue(answer))))).flat();
  const files = answers.flat().flatMap((answer) => (answer.isError ? [] : answer.facts.images));
  const left = await inspectLeftovers(
    computer,
    ground.sent.filter(({ prompt }) => prompt.startsWith(begin)),
  );
  return {
    files: new Set(files.map(({ path }) => path)).size,
    pictures: new Set(files.map(({ sha256 }) => sha256)).size,
    requests: ground.google.requests.filter(({ texts }) => texts[0]?.startsWith(begin)).length,
    wrong: [...wrong, ...left.torn, ...left.lost.map(({ prompt }) => prompt), ...left.parts],
  };
}

/** So many calls of one server at a time. */
const atOnce = 4;

async function callMany(prey: Prey, count: number, toArgs: (index: number) => object): Promise<Answer[]> {
  const answers: Answer[] = [];
  let next = 0;
  const work = async () => {
    while (next < count) {
      const index = next;
      next += 1;
      const answer = await prey.call('generate_image', toArgs(index));
      if (answer === undefined) throw new Error(`the server died:\n${prey.log()}`);
      answers.push(answer);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return answers;
}

export interface Spending {
  calls: number;
  /** US dollars, by limner's ledger and by what Google was asked for. */
  ledger: number;
  google: number;
  made: number;
  refused: number;
  /** Requests of calls made after the budget was used up. */
  after: number;
  otherErrors: string[];
}

/** Two servers in a loop under one budget. */
export async function spendInLoop(ground: Ground, calls: number, dollars: number): Promise<Spending> {
  const computer = await ground.makeComputer();
  const env = { LIMNER_BUDGET_USD_PER_DAY: String(dollars) };
  const servers = await Promise.all([ground.start(computer, { env }), ground.start(computer, { env })]);
  const before = ground.google.requests.length;
  const loop = (count: number, name: string) =>
    Promise.all(servers.map((prey, which) => callMany(prey, count, (index) => ({ prompt: `A red fox ${name} ${which} ${index}` }))));
  const answers = (await loop(calls / 2, 'in a loop')).flat();
  const requests = ground.google.requests.slice(before);
  const later = (await loop(10, 'later')).flat();
  await Promise.all(servers.map((prey) => prey.close()));
  const errors = [...answers, ...later].flatMap((answer) => (answer.isError ? [answer] : []));
  return {
    calls: answers.length,
    ledger: addUpDay(await readLedger(computer.state)).dollars,
    google: requests.length * priceAtGoogle(),
    made: answers.filter(({ isError }) => !isError).length,
    refused: errors.filter(({ code }) => code === 'over_budget').length,
    after: ground.google.requests.length - before - requests.length,
    otherErrors: errors.filter(({ code }) => code !== 'over_budget').map(({ text }) => text),
  };
}

/** What Google's double bills for one picture of the default model: 1120 tokens of picture, 163 of remarks, 174 of thoughts, a short prompt. */
function priceAtGoogle(): number {
  return toDollars(chooseModel('flash').model, { input: 10, image: 1120, text: 163 + 174 }) ?? Number.NaN;
}
