import type { Archive } from './archive/archive.ts';
import type { Config } from './config.ts';
import { type Draft, startDraft } from './files/draft.ts';
import { type Settling, startSettling } from './files/settling.ts';
import type { ArrivingPicture } from './model/image-model.ts';
import { isDeliveredAsItCame, type Plan } from './plan.ts';

/** What was written of a picture while it arrived. */
interface Drafts {
  /** In the archive. */
  original?: Draft;
  /** In the folder it is wanted in; absent where the file will be another than what came. */
  delivery?: Draft;
}

/** Takes the pictures of a call to the disk while they arrive, so that little is left to do when they are whole. */
export interface Landing {
  /** The names of the call's files on their way to the disk. */
  settling: Settling;
  /** The next picture begins; `toDeliver` unless it is for limner alone. */
  begin(toDeliver: boolean): ArrivingPicture;
  /** What was written of exactly these bytes. */
  find(bytes: Uint8Array): Drafts;
  /** Leaves nothing behind of what was not published, and waits for the names of what was. */
  clear(): Promise<void>;
}

export function createLanding(plan: Plan, { archive, config }: { archive: Archive; config: Config }): Landing {
  const settling = startSettling();
  const begun: Draft[] = [];
  const whole = new WeakMap<Uint8Array, Drafts>();
  return {
    settling,
    begin(toDeliver) {
      const original = archive.draftOriginal(settling);
      const delivery = toDeliver && isDeliveredAsItCame(plan) ? startDraft(plan.output.folder, { places: config, settling }) : undefined;
      const drafts = delivery ? [original, delivery] : [original];
      begun.push(...drafts);
      return {
        add: (bytes) => {
          for (const draft of drafts) draft.add(bytes);
        },
        end: (bytes) => {
          for (const draft of drafts) draft.complete();
          whole.set(bytes, { original, ...(delivery && { delivery }) });
        },
      };
    },
    find: (bytes) => whole.get(bytes) ?? {},
    async clear() {
      await Promise.all(begun.map((draft) => draft.discard()));
      await settling.settled();
    },
  };
}
