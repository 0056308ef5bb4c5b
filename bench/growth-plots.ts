import { type Figures, summarise } from './figures.ts';
import { type Curve, drawPlot } from './plot.ts';

const axes = {
  calls: { title: 'Pictures of 1K at once', xTitle: 'calls at once' },
  size: { title: 'Pictures from small to 4K', xTitle: 'MB of the picture the model sends (PNG)' },
} as const;

/** The plots of how cost grows, by file name; none when it was not measured. `names` are the servers, a curve each. */
export function drawGrowth(figures: Figures, names: readonly string[], caption: string): Record<string, string> {
  const plots = (['calls', 'size'] as const).flatMap((way) => {
    const panels = [
      { yTitle: 'ms over the latency of the model', curves: toCurves(figures, names, way, 'ms') },
      { yTitle: 'MB of memory at most, all processes', isLinear: true, curves: toCurves(figures, names, way, 'MB') },
    ].filter(({ curves }) => curves.length > 0);
    return panels.length === 0 ? [] : [[`growth-${way}.svg`, drawPlot({ ...axes[way], caption, panels })]];
  });
  return Object.fromEntries(plots);
}

function toCurves(figures: Figures, names: readonly string[], way: string, unit: string): Curve[] {
  return names.flatMap((name) => {
    const points = [...figures].flatMap(([figure, measured]) => {
      const x = new RegExp(`^growth ${way} ([\\d.]+) ${unit}$`).exec(figure)?.[1];
      const y = summarise(measured.get(name))?.median;
      return x === undefined || y === undefined ? [] : [{ x: Number(x), y }];
    });
    return points.length === 0 ? [] : [{ name, points: points.sort((a, b) => a.x - b.x) }];
  });
}
