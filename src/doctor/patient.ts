import type { Archive } from '../archive/archive.ts';
import type { Ledger } from '../archive/ledger.ts';
import type { Config } from '../config.ts';
import type { Offer, Unknown } from '../model/availability.ts';

/** What is looked at. */
export interface Patient {
  config: Config;
  archive: Archive;
  ledger: Ledger;
  /** The environment limner was started in. */
  env: Readonly<Record<string, string | undefined>>;
  runtime: Runtime;
}

/** The Node that limner runs on. */
export interface Runtime {
  /** Without the `v`. */
  version: string;
}

/** What Google said; undefined when it was not asked: offline, without a key, or with the stand-in. */
export type Answer = Offer | Unknown | undefined;
