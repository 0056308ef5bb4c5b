/** What was measured: for each figure and each contestant, a number per round. */
export type Figures = Map<string, Map<string, number[]>>;

/** Adds a round's number. */
export function note(figures: Figures, figure: string, contestant: string, value: number | undefined): void {
  if (value === undefined) return;
  const all = figures.get(figure) ?? new Map<string, number[]>();
  figures.set(figure, all);
  all.set(contestant, [...(all.get(contestant) ?? []), value]);
}

export interface Summary {
  median: number;
  min: number;
  max: number;
  values: readonly number[];
}

/** Undefined when nothing was measured. The median of an even count is the mean of the middle two. */
export function summarise(values: readonly number[] = []): Summary | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (low === undefined || high === undefined || min === undefined || max === undefined) return undefined;
  return { median: (low + high) / 2, min, max, values };
}
