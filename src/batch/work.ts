import type { Memory } from '../archive/identify.ts';
import type { Config } from '../config.ts';
import { ToolError } from '../errors.ts';
import type { Call } from '../generate.ts';
import type { BatchUpstream } from '../model/index.ts';

/** What works on a batch is given. */
export interface Worker extends Memory {
  config: Config & { isPerson?: boolean };
  upstream: BatchUpstream | undefined;
  /** What tells this machine from others that share the state folder. */
  host: string;
  /** Fires when nobody waits any more: nothing new is begun. */
  signal: AbortSignal;
  report(message: string, done: number, total: number): void;
  logError(error: unknown): void;
  explainMissingKey(): string;
}

/** Where the files of a batch go, and where its relative paths start. */
export interface Place {
  folder: string;
  projectDir?: string | undefined;
}

/** What the rooms of a call are given when it is a line of a batch: they ask no model, and make no preview. */
export function toCall({ config, archive, ledger, signal, logError }: Worker, { folder, projectDir }: Place): Call {
  const { projectDir: _here, ...rest } = config;
  return {
    config: { ...rest, preview: 'none', outputDir: folder, projectDir },
    archive,
    ledger,
    model: {
      backend: 'gemini',
      generate: async () => {
        throw new Error('a line of a batch was sent by itself');
      },
    },
    cancelled: signal,
    gone: signal,
    approved: true,
    report: () => undefined,
    logError,
  };
}

/** Where batches are sent. Throws in words for upstreams that have none. */
export function requireUpstream({ upstream, config, explainMissingKey }: Worker): BatchUpstream {
  if (upstream) return upstream;
  if (config.backend === 'gemini') throw new ToolError('no_key', explainMissingKey());
  const why =
    config.backend === 'standin'
      ? 'the stand-in (LIMNER_BACKEND=standin) draws at once and for nothing, so it has no batches: make the calls themselves'
      : `limner sends batches to Google's Gemini API alone, and LIMNER_BACKEND is ${config.backend}`;
  throw new ToolError('unsupported', `A batch cannot be sent: ${why}.`);
}
