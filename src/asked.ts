import { isAbsolute, relative } from 'node:path';

/** What the person agreed to, for one call. */
export interface Consent {
  /** It may cost more than one call may. */
  pay: boolean;
  /** Folders that are open to it. */
  folders: readonly string[];
}

/** A question that was the answer to a call: the host sends the same call again with what the person said. */
export interface Round {
  /** Says which call it belongs to. */
  call: string;
  /** What the person agreed to before. */
  consent: Consent;
  /** The folder they are asked to open. */
  folder?: string;
}

/** What this process has asked its person, so that nobody is asked twice, and no answer counts for more than it was given for. */
export interface Asked {
  /** Notes what became of a question; a folder is never asked for again. */
  settle(folder: string, outcome: 'no' | 'unanswered'): void;
  /** Whether the person said no to this very folder. */
  isRefused(folder: string): boolean;
  /** Whether it would be a nuisance to ask: for a folder that was asked for, one in it or around it, or after several noes. */
  isTiresome(folder: string): boolean;
  /** Keeps a round until it is taken, and says under which word. */
  keep(round: Round): string;
  /** Once, and within ten minutes. */
  take(word: string): Round | undefined;
  /** One question at a time. */
  inTurn<T>(ask: () => Promise<T>): Promise<T>;
}

/** After so many noes none is asked for any more. */
const mostNoes = 3;

/** A person may think for this long, in milliseconds; and so many rounds are kept. */
const [keptFor, mostKept] = [600_000, 100];

export function createAsked(): Asked {
  const outcomes = new Map<string, 'no' | 'unanswered'>();
  const rounds = new Map<string, { round: Round; until: number }>();
  let turn: Promise<unknown> = Promise.resolve();
  return {
    settle: (folder, outcome) => void outcomes.set(folder, outcome),
    isRefused: (folder) => outcomes.get(folder) === 'no',
    isTiresome: (folder) =>
      outcomes.size >= mostNoes || [...outcomes.keys()].some((other) => isWithin(other, folder) || isWithin(folder, other)),
    keep(round) {
      // Loaded when somebody is asked: every start would take longer.
      const word = process.getBuiltinModule('node:crypto').randomBytes(16).toString('hex');
      rounds.set(word, { round, until: Date.now() + keptFor });
      for (const oldest of rounds.keys()) if (rounds.size > mostKept) rounds.delete(oldest);
      return word;
    },
    take(word) {
      const kept = rounds.get(word);
      rounds.delete(word);
      return kept && kept.until > Date.now() ? kept.round : undefined;
    },
    inTurn(ask) {
      const mine = turn.then(ask);
      turn = mine.catch(() => undefined);
      return mine;
    },
  };
}

function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return !(/^\.\.([\\/]|$)/.test(way) || isAbsolute(way));
}
