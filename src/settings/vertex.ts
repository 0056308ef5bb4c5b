import { posix, win32 } from 'node:path';
import type { Backend } from '../backend.ts';
import { expandHome, toNamedFolder, toPathJoin } from '../system-folders.ts';
import { quote } from '../text.ts';
import { toBaseUrl } from './key.ts';
import type { Findings, Setting, Surroundings } from './source.ts';

/** Which project on Vertex AI is asked, and by what right. */
export interface VertexPlace {
  /** Empty where none is named: then every call is refused. */
  project: string;
  location: string;
  /** Google's own for that location when absent. */
  baseUrl: string | undefined;
  credentials: CredentialPlaces;
}

/** Where application default credentials are looked for, in this order. */
export interface CredentialPlaces {
  /** Absolute. */
  file: string;
  /** `GOOGLE_APPLICATION_CREDENTIALS` names that file, so that nothing else will do; else it is where gcloud keeps them. */
  isNamed: boolean;
  /** The metadata server of a computer in Google's cloud, as an address; undefined: not to be asked. */
  metadata: string | undefined;
}

const defaultLocation = 'global';

/** Reads as much as is needed for `LIMNER_BACKEND=vertex`; what is wrong is only told there, since other programs have these variables as well. */
export function toVertex(setting: Setting, surroundings: Surroundings, backend: Backend, found: Findings): VertexPlace {
  const project = setting('GOOGLE_CLOUD_PROJECT') ?? '';
  const location = (setting('GOOGLE_CLOUD_LOCATION') ?? defaultLocation).toLowerCase();
  const told: Findings = backend === 'vertex' ? found : { warnings: [], problems: [] };
  checkProject(project, told);
  checkLocation(location, told);
  const baseUrl = toBaseUrl('GOOGLE_VERTEX_BASE_URL', setting, told);
  return { project, location, baseUrl, credentials: toCredentialPlaces(setting, surroundings, told) };
}

function checkProject(project: string, { problems }: Findings): void {
  if (project === '')
    problems.push({
      says: 'LIMNER_BACKEND is vertex and GOOGLE_CLOUD_PROJECT is not set',
      fix: 'set it to the id of the Google Cloud project that pays (`gcloud projects list` shows them)',
    });
  // Ids, numbers, and ids under the domain of a company. It becomes part of an address.
  else if (!/^(([a-z0-9-]+\.)+[a-z]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$|^\d{6,20}$/.test(project))
    problems.push({
      says: `GOOGLE_CLOUD_PROJECT is ${quote(project)}`,
      expected: 'the id of a project, such as my-project-123, or its number',
    });
}

function checkLocation(location: string, { problems }: Findings): void {
  // It becomes the name of a host.
  if (!/^[a-z][a-z0-9-]{0,30}[a-z0-9]$/.test(location))
    problems.push({ says: `GOOGLE_CLOUD_LOCATION is ${quote(location)}`, expected: 'global, or a region such as us-central1' });
}

function toCredentialPlaces(setting: Setting, surroundings: Surroundings, { problems }: Findings): CredentialPlaces {
  const { home, platform } = surroundings;
  const named = setting('GOOGLE_APPLICATION_CREDENTIALS');
  const file = named === undefined ? toKnownFile(surroundings) : expandHome(named, home);
  // A relative one would lie in whatever project is open, whose owner would then choose the account.
  if (!(platform === 'win32' ? win32 : posix).isAbsolute(file))
    problems.push({ says: `GOOGLE_APPLICATION_CREDENTIALS is ${quote(file, 200)}`, expected: 'an absolute path' });
  return { file, isNamed: named !== undefined, metadata: toMetadataServer(surroundings, problems) };
}

/** Where `gcloud auth application-default login` writes. */
function toKnownFile(system: Surroundings): string {
  const join = toPathJoin(system);
  const windows = system.platform === 'win32' ? (toNamedFolder(system, 'APPDATA') ?? join(system.home, 'AppData', 'Roaming')) : undefined;
  const folder =
    toNamedFolder(system, 'CLOUDSDK_CONFIG') ?? (windows === undefined ? join(system.home, '.config', 'gcloud') : join(windows, 'gcloud'));
  return join(folder, 'application_default_credentials.json');
}

/** By the variables Google's own libraries read. It is asked in clear, as it only can be; what it is told is nothing. */
function toMetadataServer({ env }: Surroundings, problems: Findings['problems']): string | undefined {
  if (env.METADATA_SERVER_DETECTION?.trim() === 'none') return undefined;
  const host = env.GCE_METADATA_HOST?.trim() || env.GCE_METADATA_IP?.trim() || '169.254.169.254';
  if (/^[a-z0-9.-]+(:\d{1,5})?$/i.test(host) && URL.canParse(`http://${host}`)) return `http://${host}`;
  problems.push({ says: `GCE_METADATA_HOST is ${quote(host)}`, expected: 'a host, with its port where it has one' });
  return undefined;
}
