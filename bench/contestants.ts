import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { type Answer, type Server, startServer } from './server.ts';

/** A server that is measured. */
export interface Contestant {
  name: string;
  /** With the places of this run filled in. */
  command: string;
  args: readonly string[];
  env: Record<string, string>;
  /** The tool that makes a picture, and its arguments. */
  tool: string;
  arguments: Record<string, unknown>;
}

/** What a file of other servers looks like; `servers.example.json` is one. */
const others = z.strictObject({
  servers: z.array(
    z.strictObject({
      name: z.string().min(1),
      command: z.string(),
      args: z.array(z.string()).default([]),
      env: z.record(z.string(), z.string()).default({}),
      tool: z.string(),
      arguments: z.record(z.string(), z.unknown()),
    }),
  ),
});

/** The two names every run has; without a preview, limner is measured under a name of its own. */
export const [floorName, limnerName, bareName] = ['floor', 'limner', 'limner, no preview'] as const;

const toPicture = { prompt: '{prompt}', resolution: '{resolution}' };
const withKey = { GEMINI_API_KEY: '{key}', GOOGLE_GEMINI_BASE_URL: '{upstream}' };
const limnerEnv = { ...withKey, LIMNER_STATE_DIR: '{folder}/state', LIMNER_MAX_REPEATS: '0' };
const root = join(import.meta.dirname, '..', '..');

/** The floor, limner as it is set up by default and without previews, and the servers of `configPath`, in the order in which they take turns. */
export async function listContestants(configPath?: string): Promise<Contestant[]> {
  const entry = join(
    root,
    z.object({ bin: z.object({ limner: z.string() }) }).parse(await readJson(join(root, 'package.json'))).bin.limner,
  );
  const limner = { command: '{node}', args: [entry], tool: 'generate_image', arguments: toPicture };
  const floor = join(import.meta.dirname, 'floor.js');
  return [
    { ...limner, name: floorName, args: [floor], env: { ...withKey, OUTPUT_DIR: '{folder}/project' } },
    { ...limner, name: limnerName, env: limnerEnv },
    { ...limner, name: bareName, env: { ...limnerEnv, LIMNER_PREVIEW: 'none' } },
    ...(configPath === undefined ? [] : others.parse(await readJson(configPath)).servers),
  ];
}

async function readJson(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, 'utf8'));
}

/** A contestant's server, started. */
export interface Running extends Server {
  name: string;
  /** One picture of that resolution; rejects when the tool reports an error. */
  draw(resolution: '1K' | '4K'): Promise<Answer>;
}

/** Starts servers for one run. What they write is removed when they are closed; their home stays for the run, as a person's does. */
export interface Arena {
  start(contestant: Contestant): Promise<Running>;
  close(): Promise<void>;
}

export async function openArena(node: string, upstream: string): Promise<Arena> {
  const ground = await mkdtemp(join(tmpdir(), 'limner-bench-'));
  let count = 0;
  const system = Object.fromEntries(passedOn.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name] ?? '']])));
  return {
    async start({ name, command, args, env, tool, arguments: given }) {
      count += 1;
      const home = join(ground, name.replace(/\W+/g, '-'));
      const folder = join(home, `run-${count}`);
      await mkdir(join(folder, 'project'), { recursive: true });
      const fill = (text: string, more: Record<string, string> = {}) =>
        text.replace(/\{(\w+)\}/g, (whole, key) => ({ node, upstream, folder, key: benchKey, ...more })[String(key)] ?? whole);
      const server = await startServer({
        command: fill(command),
        args: args.map((argument) => fill(argument)),
        env: {
          ...system,
          HOME: home,
          USERPROFILE: home,
          ...Object.fromEntries(Object.entries(env).map(([key, value]) => [key, fill(value)])),
        },
        cwd: join(folder, 'project'),
      });
      let calls = 0;
      return {
        ...server,
        name,
        async draw(resolution) {
          calls += 1;
          // No two calls are the same, so that no server answers from memory.
          const filled = JSON.parse(fill(JSON.stringify(given), { prompt: `A harbour at dusk, sheet ${calls}`, resolution }));
          const answer = await server.request('tools/call', { name: tool, arguments: filled });
          if (answer.result.isError) throw new Error(`${name}: ${tool} failed: ${JSON.stringify(answer.result.content).slice(0, 600)}`);
          return answer;
        },
        async close() {
          await server.close();
          await rm(folder, { recursive: true, force: true });
        },
      };
    },
    close: () => rm(ground, { recursive: true, force: true }),
  };
}

/** As long as a key of Google's. */
const benchKey = 'not-a-key-'.repeat(4).slice(1);

/** What a process needs of its system, and nothing of the person's settings. */
const passedOn = ['PATH', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot', 'APPDATA', 'LOCALAPPDATA'];
