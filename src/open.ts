import { openArchive } from './archive/archive.ts';
import type { Memory } from './archive/identify.ts';
import { openLedger } from './archive/ledger.ts';
import type { Config } from './config.ts';
import { readText } from './files/read.ts';
import { createModel } from './model/index.ts';
import type { Opened } from './tool.ts';

/** What outlives a call. `host` tells machines apart that share the state folder. */
export function openMemory(config: Config, host: string): Memory {
  return { archive: openArchive(config.stateDir, config.archiveMaxBytes), ledger: openLedger(config.stateDir, host) };
}

/** Everything calls work with. */
export function open(config: Config, host: string): Opened {
  return { ...openMemory(config, host), model: createModel(config, readText), host };
}
