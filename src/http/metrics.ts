/** What a tool call came to. */
interface CallFigures {
  tool: string;
  /** `ok`, `dry_run`, the code of an error, or `gone` for a caller who did not wait. */
  outcome: string;
  seconds: number;
  pictures: number;
  dollars: number;
  person: string;
}

/** What is there at this moment. */
export interface Levels {
  underWay: number;
  waiting: number;
  people: number;
}

export interface Metrics {
  request(route: string, status: number): void;
  call(figures: CallFigures): void;
  /** The text Prometheus reads: no prompts, and no names unless they were asked for. */
  toText(levels: Levels): string;
}

/** Upper bounds of the histogram, in seconds: a list of tools to a picture in 4K that was tried again. */
const bounds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320] as const;

export function createMetrics(withNames: boolean): Metrics {
  const [requests, calls, pictures, dollars] = [createCounter(), createCounter(), createCounter(), createCounter()];
  const seconds = new Map<string, { buckets: number[]; sum: number; count: number }>();
  return {
    request: (route, status) => requests.add(toLabels({ route, status: String(status) }), 1),
    call({ tool, outcome, seconds: took, pictures: made, dollars: spent, person }) {
      const whose = withNames ? { person } : {};
      calls.add(toLabels({ tool, outcome, ...whose }), 1);
      pictures.add(toLabels({ tool, ...whose }), made);
      dollars.add(toLabels({ tool, ...whose }), spent);
      const histogram = seconds.get(tool) ?? { buckets: bounds.map(() => 0), sum: 0, count: 0 };
      histogram.sum += took;
      histogram.count += 1;
      for (const [index, bound] of bounds.entries()) if (took <= bound) histogram.buckets[index] = (histogram.buckets[index] ?? 0) + 1;
      seconds.set(tool, histogram);
    },
    toText: ({ underWay, waiting, people }) =>
      [
        ...toFamily('limner_requests_total', 'counter', 'HTTP requests by route and status.', requests.lines()),
        ...toFamily('limner_calls_total', 'counter', 'Tool calls by tool and outcome.', calls.lines()),
        ...toFamily('limner_pictures_total', 'counter', 'Pictures delivered.', pictures.lines()),
        ...toFamily('limner_dollars_total', 'counter', 'US dollars the calls cost.', dollars.lines()),
        ...toFamily(
          'limner_call_seconds',
          'histogram',
          'Time of tool calls, from their request to their answer.',
          [...seconds].flatMap(toHistogram),
        ),
        ...toFamily('limner_calls_under_way', 'gauge', 'Tool calls under way.', [` ${underWay}`]),
        ...toFamily('limner_calls_waiting', 'gauge', 'Tool calls that wait for their turn.', [` ${waiting}`]),
        ...toFamily('limner_people', 'gauge', 'People this process has answered since it was started.', [` ${people}`]),
        ...toFamily('process_resident_memory_bytes', 'gauge', 'Resident memory of this process.', [` ${process.memoryUsage.rss()}`]),
        ...toFamily('process_cpu_seconds_total', 'counter', 'Processor time of this process.', [` ${toSeconds(process.cpuUsage())}`]),
        '',
      ].join('\n'),
  };
}

function createCounter(): { add(labels: string, by: number): void; lines(): string[] } {
  const counts = new Map<string, number>();
  return {
    add: (labels, by) => void counts.set(labels, (counts.get(labels) ?? 0) + by),
    lines: () => [...counts].map(([labels, count]) => `${labels} ${count}`),
  };
}

/** Each line is what follows the name: labels and value, with the name's own ending before them where it has one. */
function toFamily(name: string, type: 'counter' | 'gauge' | 'histogram', help: string, lines: readonly string[]): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines.map((line) => `${name}${line}`)];
}

function toHistogram([tool, { buckets, sum, count }]: [string, { buckets: number[]; sum: number; count: number }]): string[] {
  const labels = { tool };
  return [
    ...bounds.map((bound, index) => `_bucket${toLabels({ ...labels, le: String(bound) })} ${buckets[index]}`),
    `_bucket${toLabels({ ...labels, le: '+Inf' })} ${count}`,
    `_sum${toLabels(labels)} ${sum}`,
    `_count${toLabels(labels)} ${count}`,
  ];
}

/** Values are names of ours, or of people, which hold nothing that has to be escaped. */
function toLabels(labels: Record<string, string>): string {
  return `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${value}"`)
    .join(',')}}`;
}

function toSeconds({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1e6;
}
