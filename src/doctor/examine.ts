import type { Config } from '../config.ts';
import { readText } from '../files/read.ts';
import { findAvailability } from '../model/availability.ts';
import { chooseModel } from '../model/catalog.ts';
import { findVertexAvailability } from '../model/vertex-availability.ts';
import { cleanText } from '../text.ts';
import { checkCertificates } from './certificates.ts';
import { checkClock } from './clock.ts';
import { checkCredentials } from './credentials.ts';
import { about, type Finding } from './finding.ts';
import { checkFolders } from './folders.ts';
import { checkGoogle } from './google.ts';
import { checkHosts } from './hosts.ts';
import { checkKey } from './key.ts';
import { checkArchive, checkBudget, checkRequests } from './memory.ts';
import { checkModel } from './model.ts';
import { checkNode } from './node.ts';
import type { Answer, Patient } from './patient.ts';
import { checkPictures } from './pictures.ts';
import { checkProxy } from './proxy.ts';
import { checkSettings } from './settings.ts';

type Check = (patient: Patient, answer: Promise<Answer>) => Finding | Finding[] | Promise<Finding | Finding[]>;

/** Everything there is to look at, in the order of the report. */
const checks: readonly (readonly [name: string, check: Check])[] = [
  ['Node', ({ runtime }) => checkNode(runtime)],
  ['sharp', () => checkPictures()],
  ['backend', ({ config }) => checkBackend(config)],
  ['settings', ({ config }) => checkSettings(config)],
  ['key', async ({ config }, answer) => (config.backend === 'vertex' ? checkCredentials : checkKey)(config, await answer)],
  ['Google', async ({ config }, answer) => checkGoogle(config, await answer)],
  ['model', async ({ config }, answer) => checkModel(config, await answer)],
  ['clock', async (_, answer) => checkClock(await answer)],
  ['proxy', async ({ config }, answer) => checkProxy(config, await answer)],
  ['certificates', ({ env, config }) => checkCertificates(env, config)],
  ['folders', ({ config }) => checkFolders(config)],
  ['archive', (patient) => checkArchive(patient)],
  ['budget', (patient) => checkBudget(patient)],
  ['requests', (patient) => checkRequests(patient)],
  ['hosts', (patient) => checkHosts(patient)],
];

/** Looks at everything, side by side. Never rejects: a check that fails is a finding too. Without `isOffline`, one free request goes to Google. */
export async function examine(patient: Patient, isOffline: boolean): Promise<Finding[]> {
  const answer = isOffline ? Promise.resolve(undefined) : askGoogle(patient);
  const found = await Promise.all(checks.map(async ([name, check]) => settle(name, async () => check(patient, answer))));
  return found.flat();
}

async function askGoogle({ config }: Patient): Promise<Answer> {
  const { backend, apiKey, vertex, redactor, proxy } = config;
  if (backend === 'vertex' && vertex.project !== '')
    return findVertexAvailability({ vertex, redactor, proxy, readText }, chooseModel(config.model, backend).model.id);
  return backend === 'gemini' && apiKey ? findAvailability({ ...config, apiKey }) : undefined;
}

async function settle(name: string, check: () => Promise<Finding | Finding[]>): Promise<Finding[]> {
  try {
    return [await check()].flat();
  } catch (error) {
    const why = cleanText(error instanceof Error ? error.message : String(error), 200);
    return [
      about(name).problem(`${name}: could not be looked at (${why})`, 'this is a mistake in limner: please report it with this line'),
    ];
  }
}

function checkBackend({ backend, vertex: { project, location } }: Config): Finding[] {
  const { ok, warning } = about('backend');
  if (backend === 'vertex') return [ok(`backend: Vertex AI${project === '' ? '' : `, project ${project}, location ${location}`}`)];
  if (backend === 'gemini') return [];
  return [warning('LIMNER_BACKEND=standin: labelled drawings are made, no real pictures', 'take LIMNER_BACKEND away once there is a key')];
}
