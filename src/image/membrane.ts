/** Rounds of relaxation and its overshoot, enough for a grid of this size to come to rest. */
const relaxation = { rounds: 160, factor: 1.85, stiffness: 1.5 } as const;

/** The smoothest sheet that keeps to the values where they are trusted: smoothness against trust, relaxed cell by cell (SOR). Three values a cell. */
export function stretchMembrane(values: Float32Array, trust: Float32Array, columns: number, rows: number): Float32Array {
  const sheet = new Float32Array(values.length);
  for (let round = 0; round < relaxation.rounds; round++) {
    for (let cell = 0; cell < trust.length; cell++) {
      const [x, y] = [cell % columns, Math.floor(cell / columns)];
      const weight = trust[cell] ?? 0;
      for (let channel = 0; channel < 3; channel++) {
        const i = cell * 3 + channel;
        let [sum, pull] = [weight * (values[i] ?? 0), weight];
        if (x > 0) [sum, pull] = [sum + relaxation.stiffness * (sheet[i - 3] ?? 0), pull + relaxation.stiffness];
        if (x < columns - 1) [sum, pull] = [sum + relaxation.stiffness * (sheet[i + 3] ?? 0), pull + relaxation.stiffness];
        if (y > 0) [sum, pull] = [sum + relaxation.stiffness * (sheet[i - 3 * columns] ?? 0), pull + relaxation.stiffness];
        if (y < rows - 1) [sum, pull] = [sum + relaxation.stiffness * (sheet[i + 3 * columns] ?? 0), pull + relaxation.stiffness];
        if (pull > 0) sheet[i] = (sheet[i] ?? 0) + relaxation.factor * (sum / pull - (sheet[i] ?? 0));
      }
    }
  }
  return sheet;
}
