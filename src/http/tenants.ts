import { join } from 'node:path';
import type { Memory } from '../archive/identify.ts';
import type { Config } from '../config.ts';
import { makeOwnFolder } from '../files/publish.ts';
import type { Deps, Opened } from '../tool.ts';
import type { LinkMaker } from './links.ts';
import type { Person } from './people.ts';
import { createRemote, type Space } from './told.ts';

/** One person's limner: their own files, archive, ledger, budget and history. */
export interface Tenant {
  /** As the file of tokens has them by now. */
  person: Person;
  deps: Deps;
  memory: Memory;
}

export interface Tenants {
  /** Made with the first need of it; what is allowed follows the file of tokens. */
  of(person: Person): Promise<Tenant>;
  count(): number;
  /** Enters every request of this process that is under way as perhaps billed, since the process is about to end. */
  giveUp(): Promise<void>;
}

/** What all of them share. */
export interface Shared extends Pick<Deps, 'gone' | 'track' | 'logError'> {
  config: Config;
  model: Opened['model'];
  host: string;
  /** The folder that holds every space; real. */
  root: string;
  makeLink: LinkMaker | undefined;
  openMemory(config: Config): Memory;
}

export function createTenants(shared: Shared): Tenants {
  const tenants = new Map<string, Promise<Tenant>>();

  async function make(person: Person): Promise<Tenant> {
    const { gone, track, logError, model, host } = shared;
    const space = toSpace(shared.root, person.name);
    for (const folder of [space.files, space.state]) makeOwnFolder(folder);
    const config = toConfig(person, space, shared);
    const memory = withoutOwnLast(shared.openMemory(config));
    const opened = { ...memory, model, host };
    return { person, memory, deps: { config, open: async () => opened, notices: [], asked: undefined, gone, track, logError } };
  }

  return {
    async of(person) {
      const made = tenants.get(person.name) ?? make(person);
      tenants.set(person.name, made);
      // What could not be opened is tried again by the next request.
      const tenant = await made.catch((error: unknown) => {
        tenants.delete(person.name);
        throw error;
      });
      tenant.person = person;
      const budget = toBudget(person, shared.config);
      if (JSON.stringify(budget) !== JSON.stringify(tenant.deps.config.budget)) tenant.deps.config = { ...tenant.deps.config, budget };
      return tenant;
    },
    count: () => tenants.size,
    async giveUp() {
      for (const tenant of await Promise.all(tenants.values())) await tenant.memory.ledger.giveUp();
    },
  };
}

function toSpace(root: string, name: string): Space {
  return { files: join(root, name, 'files'), state: join(root, name, 'state') };
}

/** The server's settings with the person's own places and limits: everything that goes by them is theirs. */
function toConfig(person: Person, space: Space, { config, root, makeLink }: Shared): Config {
  const { files, state } = space;
  return {
    ...config,
    outputDir: files,
    projectDir: files,
    allowedDirs: [files],
    keepsFolders: false,
    stateDir: state,
    budget: toBudget(person, config),
    remote: createRemote(person.name, root, space, makeLink),
    warnings: [],
    problems: [],
  };
}

/** The settings' budgets are for those who have none of their own. */
function toBudget({ allowed }: Person, { budget }: Config): Config['budget'] {
  const { usd_per_day: perDay = budget.perDay, usd_per_call: perCall = budget.perCall } = allowed;
  return { ...budget, ...(perDay !== undefined && { perDay }), ...(perCall !== undefined && { perCall }), isOfServer: true };
}

/** `last` is the newest picture of the space and not of this process: the call before may have come to another one. */
function withoutOwnLast({ archive, ledger }: Memory): Memory {
  return { archive, ledger: { ...ledger, lastAnswered: () => undefined } };
}
