import { setTimeout } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Computer } from '../fixtures.ts';
import type { Ground } from './ground.ts';
import { findUntrue, inspectLeftovers } from './leftovers.ts';
import type { Prey } from './prey.ts';

/** A call whose server was killed before anybody had its answer. */
interface Killed {
  args: { prompt: string };
  /** The files of the archive hold at least one of its pictures. */
  arrived: boolean;
}

/** What came of the kills of a hunt. */
export interface Kills {
  kills: number;
  torn: string[];
  lost: string[];
  /** Killed calls whose pictures were in the archive. */
  arrived: number;
  /** Of these, those the same call was answered from, with no further request. */
  fromArchive: number;
  /** Calls whose answer was out before the kill. */
  answered: number;
  parts: number;
}

/** Picks one of the ways a call writes: as it came, converted, several at once, over another. */
export function toArguments(prompt: string, index: number): { prompt: string } {
  const ways = [{}, { format: 'webp' }, { count: 3 }, { output: 'hero.jpg', overwrite: true }, { output: `deep/er/${prompt}.png` }];
  return { prompt, ...ways[index % ways.length] };
}

/** One computer whose servers are killed one after the other; each start first repeats the call the last kill cut off. */
export class KillHunt {
  readonly figures: Kills = { kills: 0, torn: [], lost: [], arrived: 0, fromArchive: 0, answered: 0, parts: 0 };
  readonly #ground: Ground;
  readonly #computer: Computer;
  readonly #prompts = new Set<string>();
  #killed: Killed | undefined;

  constructor(ground: Ground, computer: Computer) {
    this.#ground = ground;
    this.#computer = computer;
  }

  /** Starts a server on what the last kill left, and checks that it goes on from there. */
  async start(env: Record<string, string> = {}, look: (prey: Prey) => Promise<void> = async () => undefined): Promise<Prey> {
    const prey = await this.#ground.start(this.#computer, { env });
    await look(prey);
    const killed = this.#killed;
    this.#killed = undefined;
    if (killed === undefined) return prey;
    const before = this.#ground.requestsFor(killed.args.prompt).length;
    const answer = await prey.call('generate_image', killed.args);
    expect(answer?.isError, answer?.text ?? prey.log()).toBe(false);
    if (answer) this.figures.torn.push(...(await findUntrue(answer)));
    const asked = this.#ground.requestsFor(killed.args.prompt).length - before;
    if (killed.arrived && asked > 0) this.figures.lost.push(`${killed.args.prompt} was asked for again though it had arrived`);
    if (killed.arrived && asked === 0) this.figures.fromArchive += 1;
    return prey;
  }

  /** Sends a call to a server that is gone when `kill` resolves, and looks at what is left. */
  async killDuring(prey: Prey, args: { prompt: string }, kill: (calling: Promise<unknown>) => Promise<void>): Promise<void> {
    this.#prompts.add(args.prompt);
    const calling = prey.call('generate_image', args);
    await kill(calling);
    const answer = await calling;
    const left = await inspectLeftovers(this.#computer, this.#sent());
    const arrived = this.#ground.sentFor(args.prompt).some(({ sha256 }) => left.originals.has(sha256));
    const { figures } = this;
    figures.kills += 1;
    figures.parts = left.parts.length;
    figures.torn.push(...left.torn);
    figures.lost.push(...left.lost.map(({ prompt }) => prompt));
    if (answer) {
      expect(answer.isError, answer.text).toBe(false);
      figures.torn.push(...(await findUntrue(answer)));
      figures.answered += 1;
    } else {
      this.#killed = { args, arrived };
      if (arrived) figures.arrived += 1;
    }
  }

  #sent() {
    return this.#ground.sent.filter(({ prompt }) => this.#prompts.has(prompt));
  }

  /** A call that is let through. */
  async callFully(prey: Prey, prompt: string): Promise<void> {
    this.#prompts.add(prompt);
    const answer = await prey.call('generate_image', { prompt });
    expect(answer?.isError, answer?.text ?? prey.log()).toBe(false);
  }

  /** Repeats what the last kill cut off, and ends. */
  async end(): Promise<void> {
    await (await this.start()).close();
  }

  /** A call that nobody kills; resolves with the milliseconds from Google's answer to the server's own. */
  async measure(prompt: string): Promise<number> {
    this.#prompts.add(prompt);
    const prey = await this.start();
    const calling = prey.call('generate_image', { prompt });
    await this.#ground.drawn(prompt);
    const drawn = performance.now();
    await calling;
    const took = performance.now() - drawn;
    await prey.close();
    return took;
  }
}

/** Kills servers at random moments between a request's arrival and shortly after Google's answer. `lanes` computers at once. */
export async function killAtRandom(ground: Ground, kills: number, lanes: number): Promise<Kills> {
  const perComputer = 25;
  const numbers = Array.from({ length: kills }, (_, index) => index);
  const work = async (lane: number): Promise<Kills[]> => {
    const mine = numbers.filter((index) => index % lanes === lane);
    const figures: Kills[] = [];
    for (let at = 0; at < mine.length; at += perComputer) figures.push(await killOnOneComputer(ground, mine.slice(at, at + perComputer)));
    return figures;
  };
  const all = await Promise.all(Array.from({ length: lanes }, (_, lane) => work(lane)));
  return addUp(all.flat());
}

async function killOnOneComputer(ground: Ground, numbers: readonly number[]): Promise<Kills> {
  const hunt = new KillHunt(ground, await ground.makeComputer());
  // Kills that come later hit nothing.
  const window = Math.max(60, await hunt.measure(`A red fox, before kill ${numbers[0]}`));
  for (const index of numbers) {
    const prompt = `A red fox, kill ${index}`;
    const prey = await hunt.start();
    await hunt.killDuring(prey, toArguments(prompt, Math.floor(Math.random() * 5)), async (calling) => {
      const moment = Math.random() < 0.1 ? ground.asked(prompt) : ground.drawn(prompt).then(() => setTimeout(Math.random() * window));
      await Promise.race([moment, calling]);
      await prey.kill();
    });
  }
  await hunt.end();
  return hunt.figures;
}

export function addUp(figures: readonly Kills[]): Kills {
  const sum = (pick: (each: Kills) => number) => figures.reduce((total, each) => total + pick(each), 0);
  return {
    kills: sum(({ kills }) => kills),
    torn: figures.flatMap(({ torn }) => torn),
    lost: figures.flatMap(({ lost }) => lost),
    arrived: sum(({ arrived }) => arrived),
    fromArchive: sum(({ fromArchive }) => fromArchive),
    answered: sum(({ answered }) => answered),
    parts: sum(({ parts }) => parts),
  };
}

export function describeKills({ kills, torn, lost, arrived, fromArchive, answered, parts }: Kills): string {
  return `${kills} kills: ${torn.length} torn, ${lost.length} lost, ${arrived} had arrived, ${fromArchive} answered from the archive, ${answered} answered before, ${parts} temporary files left`;
}
