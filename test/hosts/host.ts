import type { Pin } from '../foreign/pins.ts';
import type { Wire } from './model.ts';

/** A person's computer with one host on it. */
export interface Place {
  home: string;
  project: string;
  /** The checkout of limner. */
  limner: string;
  /** Address of what stands in for the host's model. */
  model: string;
  /** Runs a line in the project as the person's shell would, the host's program on its PATH; throws when it fails. */
  sh(line: string): Promise<void>;
  /** Writes a file below the home. */
  write(path: string, text: string): Promise<void>;
}

/** A host on the command line: how it was before, and how it is asked for something without a person to answer questions. */
export interface Host {
  /** As the README calls it. */
  name: string;
  /** As `limner setup` knows it. */
  id: string;
  pin: Pin;
  /** What it speaks with its model. */
  wire: Wire;
  /** Whether its model gets to see the pictures of results. */
  showsPictures: boolean;
  /** What its row in the README has to say of how it was walked, where another way may bring something else. */
  condition?: string;
  /** What it makes of the words of a schema, where it changes them. */
  rewrite?(words: string): string;
  /** What its person had in it before limner. */
  furnish?(place: Place): Promise<void>;
  /** Writes `permission` where it belongs. */
  permit?(place: Place): Promise<void>;
  /** The line that asks it whether limner is there, and what it says then. */
  check: { line: string; says: RegExp };
  /** The line that asks it for a picture. */
  ask: string;
  /** What else a person writes for that, so that it asks nothing back. */
  permission?: string;
  /** Variables that send it to the local model and nowhere else. */
  env(place: Pick<Place, 'model'>): Record<string, string>;
}
