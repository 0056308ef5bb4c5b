import type { JobName } from './jobs.ts';

/** What a job may take before its process is killed. */
export interface Limit {
  milliseconds: number;
  /** Of the whole process, in megabytes: resident memory, of which 75 are there before any picture. */
  megabytes: number;
}

/** Looking at anybody's picture. The largest AVIF there may be takes 530 MB and 1.4 s. */
const reading: Limit = { milliseconds: 10_000, megabytes: 560 };

/** Making it small enough to be sent encodes it several times; so does a sheet of sixteen. */
const shrinking: Limit = { ...reading, milliseconds: 30_000 };

/** Making files as somebody wishes them: an AVIF of 16 million pixels under a ceiling is encoded five times and takes 680 MB; two shots of 4096² as much. */
const making: Limit = { milliseconds: 120_000, megabytes: 1600 };

export const limits: Record<JobName, Limit> = {
  inspect: reading,
  hasTransparency: reading,
  measureMask: reading,
  makeGuide: reading,
  readSize: reading,
  makePreview: reading,
  lookAtBackground: reading,
  prepareOne: shrinking,
  makeContactSheet: shrinking,
  cutFromKey: making,
  cutFromTwo: making,
  layIn: making,
  finish: making,
  exportOne: making,
  exportSheet: making,
};
