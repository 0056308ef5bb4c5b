/** Rounds of relaxation and its overshoot, enough for a grid of this size to come to rest. */
const relaxation = { rounds: 160, factor: 1.85, stiffness: 1.5 } as const;

/** The smoothest sheet that keeps to the values where they are trusted: smoothness against trust, relaxed cell by cell (SOR). Three values a cell. */
export function stretchMembrane(values: Float32Array, trust: Float32Array, columns: number, rows: number): Float32Array {
  // A frame of cells that pull at nothing saves asking for the edges.
  const stride = columns + 2;
  const sheets = [0, 1, 2].map(() => new Float32Array(stride * (rows + 2)));
  const held = sheets.map((_, channel) => Float32Array.from(trust, (weight, cell) => weight * (values[3 * cell + channel] ?? 0)));
  const steps = Float32Array.from(trust, (weight, cell) => {
    const [x, y] = [cell % columns, Math.floor(cell / columns)];
    const neighbours = Number(x > 0) + Number(x < columns - 1) + Number(y > 0) + Number(y < rows - 1);
    const pull = weight + relaxation.stiffness * neighbours;
    return pull > 0 ? relaxation.factor / pull : 0;
  });
  for (let round = 0; round < relaxation.rounds; round++) {
    sheets.forEach((sheet, channel) => {
      relax(sheet, held[channel] ?? trust, steps, columns);
    });
  }
  return Float32Array.from(values, (_, index) => {
    const cell = Math.floor(index / 3);
    return sheets[index % 3]?.[(Math.floor(cell / columns) + 1) * stride + (cell % columns) + 1] ?? 0;
  });
}

/** One round over all cells of a framed sheet. */
function relax(sheet: Float32Array, held: Float32Array, steps: Float32Array, columns: number): void {
  const stride = columns + 2;
  for (let cell = 0, at = stride + 1; cell < steps.length; at += 2) {
    for (const end = cell + columns; cell < end; cell++, at++) {
      const around = (sheet[at - 1] ?? 0) + (sheet[at + 1] ?? 0) + (sheet[at - stride] ?? 0) + (sheet[at + stride] ?? 0);
      const wanted = (held[cell] ?? 0) + relaxation.stiffness * around;
      sheet[at] = (1 - relaxation.factor) * (sheet[at] ?? 0) + (steps[cell] ?? 0) * wanted;
    }
  }
}
