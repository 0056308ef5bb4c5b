import { bareName, floorName, limnerName } from './contestants.ts';
import { type Figures, type Summary, summarise } from './figures.ts';

/** What is to be reached: a figure of limner's held against the floor's, or against a number. */
interface Goal {
  title: string;
  /** Which measure brings it, as `--only` names it. */
  measure: MeasureName;
  figure: string;
  unit: 'ms' | 'MB' | 'kB' | '';
  /** Whose figure, where it is not that of limner as it is set up by default. */
  of?: string;
  /** `ratio` and `difference` are to the floor; `most` is limner's own. */
  kind: 'ratio' | 'difference' | 'most';
  goal: number;
}

export const measureNames = ['start', 'calls', 'memory', 'stall', 'install', 'growth'] as const;
export type MeasureName = (typeof measureNames)[number];

/** Every goal. What a start may cost depends on the Node the servers run under: from 22 on it can keep compiled code. */
export function listGoals(nodeMajor: number): readonly Goal[] {
  const calls = { measure: 'calls', unit: 'ms' } as const;
  const peak = { measure: 'memory', unit: 'MB', kind: 'ratio' } as const;
  return [
    {
      title: 'spawn → `initialize` answered',
      measure: 'start',
      figure: 'start',
      unit: 'ms',
      kind: 'ratio',
      goal: nodeMajor >= 22 ? 2.2 : 2.5,
    },
    { title: 'memory after `initialize`', measure: 'start', figure: 'idle', unit: 'MB', kind: 'ratio', goal: 1.5 },
    { title: '1K JPEG, with preview', ...calls, figure: 'call 1k-jpeg', kind: 'difference', goal: 45 },
    { title: '1K JPEG, no preview', ...calls, figure: 'call 1k-jpeg', of: bareName, kind: 'ratio', goal: 1.15 },
    { title: '4K JPEG, with preview', ...calls, figure: 'call 4k-jpeg', kind: 'difference', goal: 110 },
    { title: '4K JPEG, no preview', ...calls, figure: 'call 4k-jpeg', of: bareName, kind: 'ratio', goal: 1 },
    { title: '4K PNG, with preview', ...calls, figure: 'call 4k-png', kind: 'ratio', goal: 2.8 },
    { title: '4K PNG, no preview', ...calls, figure: 'call 4k-png', of: bareName, kind: 'ratio', goal: 1 },
    ...(['4k-jpeg', '4k-png'] as const).flatMap((name) => {
      const picture = name === '4k-jpeg' ? '4K JPEG' : '4K PNG';
      return [
        { title: `peak memory, one ${picture}: all processes`, ...peak, figure: `peak 1 × ${name}, all`, goal: 0.9 },
        { title: `peak memory, one ${picture}: server`, ...peak, figure: `peak 1 × ${name}, server`, goal: 0.6 },
        { title: `peak memory, eight ${picture}: all processes`, ...peak, figure: `peak 8 × ${name}, all`, goal: 0.9 },
        { title: `peak memory, eight ${picture}: server`, ...peak, figure: `peak 8 × ${name}, server`, goal: 0.8 },
      ];
    }),
    { title: 'longest stall, eight 4K JPEG', measure: 'stall', figure: 'stall 4k-jpeg', unit: 'ms', kind: 'most', goal: 40 },
    { title: 'longest stall, eight 4K PNG', measure: 'stall', figure: 'stall 4k-png', unit: 'ms', kind: 'most', goal: 40 },
    { title: 'answer, 1K JPEG', measure: 'calls', figure: 'answer 1k-jpeg', unit: 'kB', kind: 'most', goal: 130 },
    { title: 'answer, 4K JPEG', measure: 'calls', figure: 'answer 4k-jpeg', unit: 'kB', kind: 'most', goal: 130 },
    { title: 'answer, 4K PNG', measure: 'calls', figure: 'answer 4k-png', unit: 'kB', kind: 'most', goal: 130 },
    { title: 'installed package', measure: 'install', figure: 'install, MB', unit: 'MB', kind: 'most', goal: 30 },
    { title: 'packages with native code', measure: 'install', figure: 'install, native', unit: '', kind: 'most', goal: 1 },
    { title: 'install scripts of ours', measure: 'install', figure: 'install, scripts', unit: '', kind: 'most', goal: 0 },
  ];
}

/** A goal and what came of it. Whatever was not measured is undefined. */
export interface Row extends Goal {
  limner: Summary | undefined;
  floor: Summary | undefined;
  /** The other servers' by name. */
  others: Record<string, Summary | undefined>;
  /** The ratio, the difference or the figure itself: what is held against the goal. */
  reached: number | undefined;
  met: boolean | undefined;
}

export function toRows(figures: Figures, measures: readonly MeasureName[], nodeMajor: number): Row[] {
  return listGoals(nodeMajor)
    .filter(({ measure }) => measures.includes(measure))
    .map((goal) => toRow(goal, figures));
}

function toRow(goal: Goal, figures: Figures): Row {
  const measured = figures.get(goal.figure);
  const [limner, floor] = [summarise(measured?.get(goal.of ?? limnerName)), summarise(measured?.get(floorName))];
  const rest = [...(measured ?? [])].filter(([name]) => ![floorName, limnerName, bareName].some((known) => known === name));
  const reached = compare(goal.kind, limner?.median, floor?.median);
  const others = Object.fromEntries(rest.map(([name, values]) => [name, summarise(values)]));
  return { ...goal, limner, floor, others, reached, met: reached === undefined ? undefined : reached <= goal.goal };
}

function compare(kind: Goal['kind'], limner: number | undefined, floor: number | undefined): number | undefined {
  if (kind === 'most' || limner === undefined) return limner;
  if (floor === undefined) return undefined;
  return kind === 'ratio' ? limner / floor : limner - floor;
}
