import { toUrlRule, type UrlRule } from './allowed-hosts.ts';
import type { Backend } from './backend.ts';
import type { Fault } from './fault.ts';
import { createRedactor, type Redactor } from './redactor.ts';
import type { Remote } from './remote.ts';
import { type Folders, toFolders } from './settings/folders.ts';
import { checkCertificates, findKeyName, type Secret, toBaseUrl, toKey, toSecrets } from './settings/key.ts';
import { toProxy, type WebProxy } from './settings/proxy.ts';
import { type Findings, type Origins, readSettings, type Surroundings } from './settings/source.ts';
import {
  type Budget,
  type ToolGroup,
  toArchiveMaxBytes,
  toBackend,
  toBudget,
  toMaxRepeats,
  toPreview,
  toTimeout,
  toToolGroups,
} from './settings/values.ts';
import { toVertex, type VertexPlace } from './settings/vertex.ts';
import { toUserFile } from './system-folders.ts';

export interface Config extends Folders {
  /** Whoever calls is on another computer; absent for callers on this one. */
  remote?: Remote;
  /** Whether a folder that is added to the per-user file counts the next time: a list in the environment wins over it. */
  keepsFolders: boolean;
  backend: Backend;
  apiKey: Secret | undefined;
  /** The setting that key, or the spoilt one there is, was taken from. */
  keyName: 'GEMINI_API_KEY' | 'GOOGLE_API_KEY' | undefined;
  /** Keeps that key, any other that was set, tokens of Vertex AI and the proxy's password out of what leaves. */
  redactor: Redactor;
  baseUrl: string | undefined;
  /** What counts with `vertex` alone. */
  vertex: VertexPlace;
  /** On the way to Google. */
  proxy: WebProxy | undefined;
  model: string;
  /** Where pictures may be downloaded from. */
  urls: UrlRule;
  /** Longest edge of a preview in pixels. */
  preview: 1024 | 768 | 512 | 'none';
  timeoutMs: number;
  /** Bytes the archive may take. */
  archiveMaxBytes: number;
  budget: Budget;
  /** Identical calls that are let through within ten minutes; 0: any number. */
  maxRepeats: number;
  /** What is listed beside the tools everybody has. */
  toolGroups: readonly ToolGroup[];
  userFile: string;
  origins: Origins;
  home: string;
  platform: NodeJS.Platform;
  /** Settings that are wrong and were replaced by a safe default. Told once, with the first result. */
  warnings: readonly Fault[];
  /** Settings that are wrong and have no safe default: every call is refused until they are mended. */
  problems: readonly Fault[];
}

/** Everything limner can be told, checked. Never throws: what is wrong is collected, all of it, and a wrong setting never widens a right. */
export function loadConfig(surroundings: Surroundings): Config {
  const found: Findings = { warnings: [], problems: [] };
  const { setting, origins } = readSettings(surroundings, found);
  checkCertificates(surroundings, found);
  const backend = toBackend(setting('LIMNER_BACKEND'), found);
  const { proxy, secrets } = toProxy(surroundings, backend, found);
  return {
    ...toFolders(setting, surroundings, found),
    keepsFolders: !surroundings.env.LIMNER_ALLOWED_DIRS?.trim(),
    backend,
    apiKey: toKey(setting, found),
    keyName: findKeyName(setting),
    redactor: createRedactor([...toSecrets(setting), ...secrets]),
    baseUrl: toBaseUrl('GOOGLE_GEMINI_BASE_URL', setting, found),
    vertex: toVertex(setting, surroundings, backend, found),
    proxy,
    model: setting('LIMNER_MODEL') ?? 'flash',
    urls: toUrlRule(setting('LIMNER_ALLOW_URLS'), surroundings.env, found.warnings),
    preview: toPreview(setting('LIMNER_PREVIEW'), found),
    timeoutMs: toTimeout(setting('LIMNER_TIMEOUT_MS'), found),
    archiveMaxBytes: toArchiveMaxBytes(setting, found),
    budget: toBudget(setting, found),
    maxRepeats: toMaxRepeats(setting('LIMNER_MAX_REPEATS'), found),
    toolGroups: toToolGroups(setting('LIMNER_TOOLS'), found),
    userFile: toUserFile(surroundings),
    origins,
    home: surroundings.home,
    platform: surroundings.platform,
    ...found,
  };
}
