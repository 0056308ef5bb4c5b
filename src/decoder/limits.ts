import type { JobName } from './jobs.ts';

/** What a job may take before its process is killed. */
export interface Limit {
  seconds: number;
  /** Seconds of a processor, so that a busy computer refuses no picture that a quiet one takes; absent: as many as there are in `seconds`. */
  work?: number;
  /** Of the whole process, in megabytes: resident memory, of which 75 are there before any picture. */
  megabytes: number;
}

/** Looking at anybody's picture. The largest AVIF there may be takes 565 MB, and with alpha 4 s; with the server it stays below 700 MB. */
const reading: Limit = { seconds: 40, work: 10, megabytes: 580 };

/** Making it small enough to be sent encodes it several times; so does a sheet of sixteen. */
const shrinking: Limit = { seconds: 60, work: 30, megabytes: 580 };

/** Making files as somebody wishes them: an AVIF of 16 million pixels under a ceiling is encoded five times, which takes 30 s and 710 MB. */
const making: Limit = { seconds: 300, work: 120, megabytes: 1600 };

/** Something small, to see whether anything works here. */
const trying: Limit = { seconds: 12, megabytes: 300 };

export const limits: Record<JobName, Limit> = {
  inspect: reading,
  hasTransparency: reading,
  measureMask: reading,
  makeGuide: reading,
  readSize: reading,
  makePreview: reading,
  previewFile: reading,
  lookAtBackground: reading,
  prepareOne: shrinking,
  makeContactSheet: shrinking,
  previewFiles: shrinking,
  cutFromKey: making,
  cutFromTwo: making,
  layIn: making,
  finish: making,
  exportOne: making,
  exportSheet: making,
  tryFormats: trying,
};
