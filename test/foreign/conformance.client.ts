import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect } from 'vitest';
import { z } from 'zod';
import { test } from '../fixtures.ts';
import { startTeam } from '../team.ts';
import { install, type Program } from './install.ts';
import { type Pin, pins } from './pins.ts';
import { run } from './run.ts';

interface Suite {
  name: string;
  pin: Pin;
  args: readonly string[];
  /** Of `expected-failures/`. */
  expected: string;
  /** Scenarios that have to check something, and find nothing wrong. */
  applies: readonly string[];
}

const always = ['tools-list', 'resources-list', 'dns-rebinding-protection'];
const suites: readonly Suite[] = [
  {
    name: 'the conformance suite 0.1',
    pin: pins.conformance,
    args: [],
    expected: 'stable',
    applies: [...always, 'server-initialize', 'ping'],
  },
  {
    name: 'the conformance suite 0.2 for 2025-11-25',
    pin: pins.conformanceAlpha,
    args: ['--spec-version', '2025-11-25'],
    expected: 'alpha-2025-11-25',
    applies: [...always, 'server-initialize', 'ping'],
  },
  {
    name: 'the conformance suite 0.2 for 2026-07-28',
    pin: pins.conformanceAlpha,
    args: ['--spec-version', '2026-07-28'],
    expected: 'alpha-2026-07-28',
    applies: [...always, 'http-header-validation', 'sep-2164-resource-not-found', 'input-required-result-unsupported-methods'],
  },
];

const check = z.object({ id: z.string(), status: z.string(), errorMessage: z.string().optional() });
type Check = z.infer<typeof check>;

/** What the suite wrote down: the checks of each scenario. */
async function readChecks(folder: string): Promise<Map<string, Check[]>> {
  const names = await readdir(folder);
  const read = async (name: string): Promise<[string, Check[]]> => {
    const checks = z.array(check).parse(JSON.parse(await readFile(join(folder, name, 'checks.json'), 'utf8')));
    return [name.replace(/^server-/, '').replace(/-\d{4}-\d\d-\d\dT.*$/, ''), checks];
  };
  return new Map(await Promise.all(names.map(read)));
}

/** The words in which the suite says that what it wants to try is not there: a tool, prompt or resource of its own, or a method of what is not declared. */
const missing =
  /Not testable|Prerequisite failed|Expected InputRequiredResult|(Tool|Prompt|Resource)[ \w':]* not found|Resource not found|There is no prompt "test_|Method not found|Tool '\w+' not found|Declared check .* is not testable/;

describe.for(suites)('$name', ({ pin, args, expected, applies }) => {
  let program: Program;
  beforeAll(async () => {
    program = await install(pin);
  });

  test('finds nothing wrong but what is not there to be tried', async ({ computer }) => {
    // The suite knows no tokens; on this computer none is needed.
    const server = await startTeam(computer, [], { LIMNER_BACKEND: 'standin' });
    const results = join(computer.home, 'results');
    const baseline = join(import.meta.dirname, 'expected-failures', `${expected}.yaml`);
    const options = ['--url', `${server.url}/mcp`, '--suite', 'all', '--expected-failures', baseline, '-o', results];
    const { exitCode, stdout } = await run(program, ['server', ...options, ...args], computer);
    expect(await server.stop()).toBe(0);
    expect(server.log().filter(({ event }) => event === 'bug')).toEqual([]);
    expect(exitCode, stdout.slice(-4000)).toBe(0);

    const checks = await readChecks(results);
    for (const scenario of applies) {
      const statuses = (checks.get(scenario) ?? []).map(({ status }) => status);
      expect(statuses, scenario).toContain('SUCCESS');
      expect(statuses, scenario).not.toContain('FAILURE');
    }
    const failed = [...checks.values()].flat().filter(({ status }) => status === 'FAILURE');
    for (const { id, errorMessage } of failed) expect(errorMessage, id).toMatch(missing);
  });
});
