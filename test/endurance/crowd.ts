import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { addUpDay, parseLine } from '../../src/archive/ledger-lines.ts';
import { toSha256 } from '../../src/archive/record.ts';
import { facts } from '../answer.ts';
import { type Computer, withKey } from '../fixtures.ts';
import { answers, bytesOf, type Google, startGoogle } from '../google/index.ts';
import { makeToken, post, startTeam, type Team, toHeaders, tokensOf } from '../team.ts';

/** Somebody with a token, and what they may spend in a day. */
interface Member {
  name: string;
  token: string;
  budget: number | undefined;
}

/** What Google has sent, whole, for whom. */
interface Sent {
  owner: string;
  sha256: string;
}

/** What came of a crowd of callers at several processes with one state folder. */
export interface Crowd {
  seconds: number;
  /** Calls by what became of them. */
  outcomes: Map<string, number>;
  /** Milliseconds of the calls that brought a picture, sorted. */
  times: number[];
  pictures: number;
  faults: number;
  /** Pictures that Google sent and that are not in their owner's archive. */
  lost: string[];
  /** Whatever of one person's another was given, or has. */
  crossed: string[];
  /** People who have spent more than they may, by their ledger or by Google's bill. */
  overBudget: string[];
  /** What was asked for over again, and for whatever else must not be. */
  wrong: string[];
  /** Pictures looked at once more, from any process, with their owner's token and with another's. */
  fetched: number;
  /** Most resident memory of a process, in bytes. */
  memory: number;
}

const [members, processes] = [10, 4];
/** The last of them have budgets that are soon used up; in US dollars. */
const [budgeted, budget] = [3, 1];
const faultShare = 0.01;

/** Lets `callers` ask for pictures for some seconds, each again as soon as it is answered. */
export async function letIn(computer: Computer, callers: number, seconds: number): Promise<Crowd> {
  const crowd: Crowd = {
    seconds,
    outcomes: new Map(),
    times: [],
    pictures: 0,
    faults: 0,
    lost: [],
    crossed: [],
    overBudget: [],
    wrong: [],
    fetched: 0,
    memory: 0,
  };
  const sent: Sent[] = [];
  const google = await startGoogle();
  google.always(async (request) => {
    const owner = ownerOf(request.texts[0]);
    if (Math.random() < faultShare) {
      crowd.faults += 1;
      const fault = faults[crowd.faults % faults.length];
      if (fault) return fault(request);
    }
    const look = { width: 128, height: 96, signatureBytes: 0 };
    sent.push({ owner, sha256: toSha256(await bytesOf(look, request)) });
    return answers.picture(look)(request);
  });
  const people = await Promise.all(Array.from({ length: members }, (_, index) => `person-${index}`).map((name) => ({ name })));
  const all: Member[] = [];
  for (const [index, { name }] of people.entries()) {
    const own = index >= members - budgeted ? budget : undefined;
    all.push({ name, budget: own, token: await makeToken(computer, name, own === undefined ? {} : { usd_per_day: own }) });
  }
  const limits = ['--tokens', tokensOf(computer), '--calls', String(callers), '--calls-each', String(callers), '--requests', '999999'];
  const env = { ...withKey(google), LIMNER_ARCHIVE_MAX_GB: '50' };
  const teams = await Promise.all(Array.from({ length: processes }, () => startTeam(computer, limits, env)));
  const until = performance.now() + seconds * 1000;
  const watch = setInterval(() => void look(teams, crowd), 5000);
  let codes: (number | null)[] = [];
  try {
    await Promise.all(Array.from({ length: callers }, (_, index) => callOnAndOn(index, all, teams, until, crowd)));
    await look(teams, crowd);
  } finally {
    clearInterval(watch);
    codes = await Promise.all(teams.map((team) => team.stop()));
  }
  if (codes.some((code) => code !== 0)) crowd.wrong.push(`exit codes ${codes.join()}`);
  for (const line of teams.flatMap((team) => team.log()))
    if (line.event === 'bug' || line.event.startsWith('gave up')) crowd.wrong.push(JSON.stringify(line));
  await audit(computer, all, sent, google, crowd);
  await google.close();
  crowd.times.sort((a, b) => a - b);
  return crowd;
}

/** Faults of Google's, each for one request. */
const faults = [answers.overloaded(), answers.reset(), answers.html(502), answers.truncatedJson(), answers.refusal('IMAGE_SAFETY')];

const ownerOf = (prompt = '') => /^(person-\d+)/.exec(prompt)?.[1] ?? 'nobody';

const result = z.object({
  result: z.object({ content: z.array(z.looseObject({ text: z.string().optional() })), _meta: z.record(z.string(), z.unknown()) }),
});
const failure = z.object({ error: z.object({ code: z.string() }) });

async function callOnAndOn(caller: number, all: readonly Member[], teams: readonly Team[], until: number, crowd: Crowd): Promise<void> {
  const member = all[caller % all.length];
  if (member === undefined) return;
  for (let call = 0; performance.now() < until; call += 1) {
    const prompt = `${member.name} asks for picture ${call} of caller ${caller}`;
    // One in ten does not wait, and asks again.
    if (call % 10 === 5) await leave(pick(teams), member, prompt);
    const began = performance.now();
    const outcome = await ask(pick(teams), member, prompt, crowd).catch((error: unknown) => `unanswered: ${error}`);
    crowd.outcomes.set(outcome, (crowd.outcomes.get(outcome) ?? 0) + 1);
    if (outcome === 'ok') crowd.times.push(performance.now() - began);
  }
  async function leave(team: Team, { token }: Member, prompt: string): Promise<void> {
    await post(team.url, token, 'tools/call', toCall(prompt), AbortSignal.timeout(Math.round(2000 * Math.random()))).catch(() => undefined);
  }
  async function ask(team: Team, asking: Member, prompt: string, figures: Crowd): Promise<string> {
    const response = await post(team.url, asking.token, 'tools/call', toCall(prompt));
    const text = await response.text();
    if (response.status !== 200) return `status ${response.status}`;
    const data = /^data: (.*)$/m.exec(text)?.[1] ?? '';
    const { _meta } = result.parse(JSON.parse(data)).result;
    const failed = failure.safeParse(_meta['limner/result']);
    if (failed.success) return failed.data.error.code;
    const { images, unclaimed } = facts.parse(_meta['limner/result']);
    figures.pictures += images.length;
    const others = all.filter(({ name }) => name !== asking.name).map(({ name }) => `${name}-`);
    // Its own words are in the name of the file, and in nothing that is another's.
    const isOwn = images.every(({ path }) => path.startsWith(`${asking.name}-`)) && !others.some((other) => text.includes(other));
    if (!isOwn)
      figures.crossed.push(`${asking.name} was answered with ${images.map(({ path }) => path).join()} ${JSON.stringify(unclaimed)}`);
    if (Math.random() < 0.05) for (const { id, sha256 } of images) await fetchAgain(id, sha256, asking, figures);
    return 'ok';
  }
  async function fetchAgain(id: string, sha256: string, owner: Member, figures: Crowd): Promise<void> {
    figures.fetched += 1;
    const get = (token: string) => fetch(`${pick(teams).url}/images/${id}`, { headers: toHeaders(token) });
    const own = await get(owner.token);
    if (toSha256(new Uint8Array(await own.arrayBuffer())) !== sha256)
      figures.lost.push(`${id} was answered and cannot be fetched (${own.status})`);
    const other = all.find(({ name }) => name !== owner.name);
    const foreign = other && (await get(other.token));
    if (foreign?.status !== 404) figures.crossed.push(`${id} of ${owner.name} was given to ${other?.name}`);
    await foreign?.arrayBuffer();
  }
}

const toCall = (prompt: string) => ({ name: 'generate_image', arguments: { prompt } });

function pick(teams: readonly Team[]): Team {
  const team = teams[Math.floor(Math.random() * teams.length)];
  if (team === undefined) throw new Error('there is no server');
  return team;
}

async function look(teams: readonly Team[], crowd: Crowd): Promise<void> {
  for (const { figures } of teams) {
    const text = await fetch(figures).then(
      (response) => response.text(),
      () => '',
    );
    crowd.memory = Math.max(crowd.memory, Number(/^process_resident_memory_bytes (\d+)$/m.exec(text)?.[1] ?? 0));
  }
}

/** Everything Google sent has to lie in its owner's archive and in no other; what was spent has to be within what may be, by the ledger and by Google's own count. */
async function audit({ state }: Computer, all: readonly Member[], sent: readonly Sent[], google: Google, crowd: Crowd): Promise<void> {
  for (const { name, budget: most } of all) {
    const own = join(state, 'people', name, 'state');
    const names = (await readdir(join(own, 'images'))).filter((file) => !file.endsWith('.json'));
    const kept = new Set<string>();
    for (const file of names) kept.add(toSha256(await readFile(join(own, 'images', file))));
    const mine = sent.filter(({ owner }) => owner === name);
    const known = new Set(mine.map(({ sha256 }) => sha256));
    crowd.lost.push(...mine.filter(({ sha256 }) => !kept.has(sha256)).map(({ sha256 }) => `${name}: ${sha256.slice(0, 12)}`));
    crowd.crossed.push(
      ...[...kept].filter((sha256) => !known.has(sha256)).map((sha256) => `${name} has ${sha256.slice(0, 12)}, which is not theirs`),
    );
    const folder = join(own, 'ledger');
    const days = await Promise.all(
      (await readdir(folder)).map(async (file) => (await readFile(join(folder, file), 'utf8')).trim().split('\n')),
    );
    const lines = days.flat().flatMap((line) => parseLine(line) ?? []);
    const { dollars } = addUpDay(lines);
    const prices = lines.flatMap((line) => (line.event === 'arrived' ? [line.dollars ?? 0] : []));
    const bill = mine.length * Math.max(0, ...prices);
    if (most !== undefined && Math.max(dollars, bill) > most + 1e-9)
      crowd.overBudget.push(`${name}: ledger ${dollars}, Google ${bill}, budget ${most}`);
  }
  if (google.requests.some(({ texts }) => ownerOf(texts[0]) === 'nobody'))
    crowd.wrong.push('Google was asked for something nobody asked for');
}

export function describeCrowd({
  seconds,
  outcomes,
  times,
  pictures,
  faults: made,
  lost,
  crossed,
  overBudget,
  fetched,
  memory,
}: Crowd): string {
  const at = (share: number) => `${Math.round(times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0)} ms`;
  const calls = [...outcomes].map(([outcome, count]) => `${count} ${outcome}`).join(', ');
  return (
    `${processes} processes, ${seconds} s: ${pictures} pictures answered (${(pictures / seconds).toFixed(1)} a second), ${made} faults at Google; calls: ${calls}\n` +
    `  latency p50 ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}, most ${at(1)}; ${fetched} fetched again; most memory of a process ${Math.round(memory / 1e6)} MB\n` +
    `  ${lost.length} lost, ${crossed.length} crossed, ${overBudget.length} over budget`
  );
}
