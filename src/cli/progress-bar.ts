import { guessDone } from '../progress.ts';
import type { CliContext, StatusLine } from './context.ts';
import { toCell } from './layout.ts';
import type { Manner } from './manner.ts';

/** How a call goes on, for the person who waits for it. */
interface ProgressBar {
  report(message: string, done: number, total: number): void;
  stop(): void;
}

/** Times between two drawings, in milliseconds. */
const redrawMs = 200;

const barWidth = 20;

const stopping = 'Stopping; what is under way has a moment to arrive';

/** A bar on the terminal's line, gone when the call has ended; without a terminal nothing or, where the person wants to hear of it, a line a step. */
export function startProgressBar(
  { status, printError }: Pick<CliContext, 'status' | 'printError'>,
  { isVerbose, isPaid }: Pick<Manner, 'isVerbose' | 'isPaid'>,
  stopped: AbortSignal,
): ProgressBar {
  if (status === undefined) return { report: isVerbose ? toLines(printError) : () => undefined, stop: () => undefined };
  const started = performance.now();
  let state = { message: isPaid ? 'Starting' : 'Working', done: 0, total: 1 };
  const draw = () => drawBar(status, stopped.aborted ? { ...state, message: stopping } : state, (performance.now() - started) / 1000);
  const timer = setInterval(draw, redrawMs);
  draw();
  return {
    report(message, done, total) {
      state = { message, done, total };
    },
    stop() {
      clearInterval(timer);
      status.clear();
    },
  };
}

function drawBar(status: StatusLine, state: { message: string; done: number; total: number }, seconds: number): void {
  const { message, done, total } = state;
  const filled = Math.round((barWidth * guessDone(done, total, seconds)) / total);
  const count = total > 1 ? ` ${done}/${total}` : '';
  const time = ` ${Math.floor(seconds)} s`;
  // The last cell stays free: a terminal that has filled it may be in the next line already.
  const room = status.columns() - 1 - barWidth - count.length - time.length;
  if (room < 2) status.draw([{ text: toCell(`${count}${time}`.trim(), Math.max(1, status.columns() - 1), 'left') }]);
  else
    status.draw([
      { text: '█'.repeat(filled), look: 'bright' },
      { text: '░'.repeat(barWidth - filled), look: 'dim' },
      { text: `${count} ${toCell(message, Math.min(room - 1, message.length), 'left')}` },
      { text: time, look: 'dim' },
    ]);
}

function toLines(printError: CliContext['printError']): ProgressBar['report'] {
  let last = '';
  return (message) => {
    if (message !== last) printError(`limner: ${message}`);
    last = message;
  };
}
