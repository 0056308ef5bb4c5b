import { createHash } from 'node:crypto';
import {
  type CallToolResult,
  type InputRequiredResult,
  isInputRequiredResult,
  type McpServer,
  type ServerContext,
} from '@modelcontextprotocol/server';
import type { Asked, Consent } from './asked.ts';
import { ask, canAsk, saidOfFolder, saidToPay, toFolderElsewhere, toFolderForm, toFolderNo, toPayForm, toPriceNo } from './asking.ts';
import { type ClosedFolder, ToolError } from './errors.ts';
import { isOpenable } from './files/openable.ts';
import { openFolder } from './files/paths.ts';
import { showPath } from './text.ts';
import type { Deps } from './tool.ts';

/** Folders a person is asked to open for one call. */
const mostFolders = 4;

/** A call, as far as the person has a say in it. */
export interface Asking {
  server: McpServer;
  context: ServerContext;
  deps: Deps;
  asked: Asked;
  /** The tool and its arguments as they came: what was said to one call counts for no other. */
  call: readonly [tool: string, raw: unknown];
  /** Fires when nobody waits. */
  gone: AbortSignal;
  /** Without a model nothing can be paid for. */
  hasModel(): Promise<boolean>;
  /** Says what is waited for. */
  report(message: string): void;
}

type Refusal = ToolError & { folder: ClosedFolder };

/**
 * Makes a call, and makes it again each time the person lifts what refused it: a price above the limit, a folder that is not open. Resolves with its result, or
 * with the question where the host puts it. Throws the refusal where nobody can be asked, it would be a nuisance, or the answer is no.
 */
export async function withConsent(
  make: (consent: Consent) => Promise<CallToolResult>,
  asking: Asking,
): Promise<CallToolResult | InputRequiredResult> {
  let consent = await readConsent(asking);
  for (;;) {
    try {
      return await make(consent);
    } catch (refusal) {
      if (!(refusal instanceof ToolError) || asking.gone.aborted) throw refusal;
      const lifted = await lift(refusal, consent, asking);
      if (isInputRequiredResult(lifted)) return lifted;
      consent = lifted;
    }
  }
}

/** What the person has agreed to so far, when this call is one that was answered with a question before. */
async function readConsent(asking: Asking): Promise<Consent> {
  const { mcpReq } = asking.context;
  const state = mcpReq.requestState();
  const kept = typeof state === 'string' ? asking.asked.take(state) : undefined;
  const round = kept?.call === toCallId(asking) ? kept : undefined;
  const before = round?.consent ?? { pay: false, folders: [] };
  const consent = { ...before, pay: before.pay || saidToPay(mcpReq.inputResponses) };
  return round?.folder === undefined ? consent : settle(round.folder, mcpReq.inputResponses, consent, asking);
}

function toCallId({ call }: Asking): string {
  return createHash('sha256').update(JSON.stringify(call)).digest('hex');
}

async function lift(refusal: ToolError, consent: Consent, asking: Asking): Promise<Consent | InputRequiredResult> {
  if (refusal.question !== undefined) return liftPrice(refusal, refusal.question, consent, asking);
  return isOfFolder(refusal) ? liftFolder(refusal, consent, asking) : Promise.reject(refusal);
}

function isOfFolder(refusal: ToolError): refusal is Refusal {
  return refusal.folder !== undefined;
}

async function liftPrice(refusal: ToolError, question: string, consent: Consent, asking: Asking): Promise<Consent | InputRequiredResult> {
  const { server, context, gone, asked, report } = asking;
  if (!(await asking.hasModel()) || !canAsk(server, context)) throw refusal;
  const said = context.mcpReq.inputResponses;
  if (said !== undefined && said.folder === undefined) throw toPriceNo(refusal);
  report('Waiting for the person to agree to the price');
  const round = { call: toCallId(asking), consent };
  const answer = await ask({ name: 'pay', form: toPayForm(question), round }, context, gone, asked);
  if (answer === undefined) throw refusal;
  if (isInputRequiredResult(answer)) return answer;
  if (!saidToPay(answer.said)) throw toPriceNo(refusal);
  return { ...consent, pay: true };
}

async function liftFolder(refusal: Refusal, consent: Consent, asking: Asking): Promise<Consent | InputRequiredResult> {
  const { server, context, deps, asked } = asking;
  const { path } = refusal.folder;
  if (consent.folders.includes(path)) throw toFolderElsewhere(refusal);
  if (!canAsk(server, context) || consent.folders.length >= mostFolders) throw refusal;
  if (!isOpenable(path, deps.config)) throw refusal;
  // Where the host asks while the call goes on, others wait: what is said to this question may be their answer too.
  const isAskedNow = context.mcpReq.envelope === undefined;
  return isAskedNow ? asked.inTurn(() => askForFolder(refusal, consent, asking)) : askForFolder(refusal, consent, asking);
}

async function askForFolder(refusal: Refusal, consent: Consent, asking: Asking): Promise<Consent | InputRequiredResult> {
  const { context, gone, deps, asked, report } = asking;
  const { path } = refusal.folder;
  // Meanwhile the folder may have been opened for good, and the call just goes on.
  if (!isOpenable(path, deps.config)) return consent;
  if (asked.isRefused(path)) throw toFolderNo(refusal);
  if (asked.isTiresome(path) || gone.aborted) throw refusal;
  report('Waiting for the person to allow a folder');
  const form = toFolderForm(refusal.folder, deps.config.keepsFolders);
  const answer = await ask({ name: 'folder', form, round: { call: toCallId(asking), consent, folder: path } }, context, gone, asked);
  if (answer === undefined) {
    if (!gone.aborted) asked.settle(path, 'unanswered');
    throw refusal;
  }
  if (isInputRequiredResult(answer)) return answer;
  const now = await settle(path, answer.said, consent, asking);
  if (asked.isRefused(path)) throw toFolderNo(refusal);
  return now;
}

/** What follows from what the person said. The folder that counts is the one they were asked about, whatever the call says now. */
async function settle(
  folder: string,
  said: Parameters<typeof saidOfFolder>[0],
  consent: Consent,
  { deps, asked }: Pick<Asking, 'deps' | 'asked'>,
): Promise<Consent> {
  const answer = saidOfFolder(said);
  if (answer === 'no') asked.settle(folder, 'no');
  if (answer === 'always' && deps.config.keepsFolders && (await keep(folder, deps))) return consent;
  return answer === 'no' ? consent : { ...consent, folders: [...consent.folders, folder] };
}

/** Opens a folder for good: in the settings file, and for this process from now on. False, and said, where it is open for this call alone. */
async function keep(folder: string, deps: Asking['deps']): Promise<boolean> {
  const opened = await openFolder(folder, deps.config);
  if (opened === undefined) return false;
  try {
    const { keepFolder } = await import('./setup/keep-folder.ts');
    await keepFolder(folder, deps.config);
  } catch (error) {
    if (!(error instanceof ToolError)) deps.logError(error);
    const why = error instanceof ToolError ? error.message.replace(/\.$/, '') : 'it could not be written';
    deps.notices.push(`${showPath(folder)} is open for this call alone, since ${showPath(deps.config.userFile)} was not changed: ${why}.`);
    return false;
  }
  deps.config = opened;
  deps.notices.push(`As the person chose, ${showPath(folder)} was added to LIMNER_ALLOWED_DIRS in ${showPath(deps.config.userFile)}.`);
  return true;
}
