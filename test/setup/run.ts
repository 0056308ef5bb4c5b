import { lstat, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parse } from 'jsonc-parser';
import { expect } from 'vitest';
import { hosts } from '../../src/hosts.ts';
import { built, type Computer } from '../fixtures.ts';
import { runCli } from '../raw.ts';

/** Every host, as `--host` takes them. */
export const all = hosts.map(({ id }) => id).join();

/** Where a host of this computer has its configuration. */
export function fileOf({ home }: Computer, id: string): string {
  const host = hosts.find((candidate) => candidate.id === id);
  if (host === undefined) throw new Error(`no host ${id}`);
  return host.files({ env: {}, home, platform: 'linux' })[0];
}

export async function put(computer: Computer, id: string, text: string): Promise<string> {
  const file = fileOf(computer, id);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

export const read = (file: string) => readFile(file, 'utf8');
export const isThere = (file: string) =>
  lstat(file).then(
    () => true,
    () => false,
  );

/** Runs setup, which has to end with this code and never shows a secret of another server. */
export async function setUp(
  computer: Computer,
  args: readonly string[],
  { code = 0, ...more }: { code?: number; env?: Record<string, string>; input?: string } = {},
) {
  const result = await runCli(computer, ['setup', ...args], more.env, { input: more.input ?? '' });
  expect(result).toMatchObject({ code });
  expect(result.stdout + result.stderr).not.toContain('ghp_');
  return result;
}

/** The texts of all hosts' configurations; undefined where there is none. */
export async function readAll(computer: Computer): Promise<Record<string, string | undefined>> {
  const texts = hosts.map(async ({ id }) => [id, await read(fileOf(computer, id)).catch(() => undefined)] as const);
  return Object.fromEntries(await Promise.all(texts));
}

export const entry = { command: process.execPath, args: [built] };

/** The entry of limner as the host reads it. */
export async function readEntry(computer: Computer, id: string, container = 'mcpServers'): Promise<unknown> {
  const value: unknown = parse((await read(fileOf(computer, id))).replace(/^\uFEFF/, ''), [], { allowTrailingComma: true });
  return Reflect.get(Object(Reflect.get(Object(value), container)), 'limner');
}
