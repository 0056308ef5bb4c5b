import type { Picture } from './picture.ts';
import type { Shown } from './result.ts';

/** What the page can do where it is: in a host, as far as that lets it, or in a browser of its own. */
export interface Surroundings {
  /** Pictures can be had by their ids alone. */
  canRead: boolean;
  /** Address of a small picture; undefined when it cannot be had. */
  small(picture: Picture): Promise<string | undefined>;
  /** Address of the picture as it was delivered. Rejects when it cannot be had, in words where there is more to say. */
  full(picture: Picture): Promise<string>;
  /** All that a picture shares its history with, oldest first; empty where nothing is known. */
  family(picture: Picture): Promise<readonly Picture[]>;
  /** Calls a tool of limner's. Absent where that is not possible. Rejects with what went wrong, in words. */
  call?: ((tool: string, args: object) => Promise<Shown>) | undefined;
  /** Says something to the agent in the person's name. */
  ask?: ((words: string) => Promise<unknown>) | undefined;
  /** Lets the agent know something, without asking for anything. */
  tell?: ((words: string) => Promise<unknown>) | undefined;
  /** What cannot be asked for is copied, to be pasted to an agent. */
  pastes?: boolean;
  /** A picture is looked at, or none any more: room is wanted, or given back. */
  look?(isOpen: boolean): void;
}
