import { basename, join } from 'node:path';
import type { CallToolResult } from '@modelcontextprotocol/server';
import type { ErrorCode } from './errors.ts';
import { numbered } from './files/draft.ts';
import type { Forecast } from './forecast.ts';
import { toExtension } from './media.ts';
import type { Plan } from './plan.ts';
import { describePixels } from './plan-finish.ts';
import { maxTextLength, toNotes } from './result.ts';
import { describeToday } from './result-words.ts';
import { cleanText, formatBytes, formatDollars, showPath } from './text.ts';

/** Key of the plan a dry run answers with. */
const planKey = 'limner/plan';

/** What a call would do: the same as text and as JSON. `canAsk`: the host can ask the person to pay for a call above the limit. */
export function toForecastResult(forecast: Forecast, notices: readonly string[], canAsk: boolean): CallToolResult {
  const goOn = isRefused(forecast, canAsk) ? [] : ['To make it, send the same call without dry_run.'];
  const lines = [...describeForecast(forecast, canAsk), ...goOn, ...toNotes(notices)];
  return {
    content: [{ type: 'text', text: `${cleanText(lines.join('\n'), maxTextLength)}\n` }],
    _meta: { [planKey]: toPlanFacts(forecast) },
  };
}

/** Whether the call would be refused, as things are now, without anybody being asked. */
export function isRefused({ refusals }: Forecast, canAsk: boolean): boolean {
  return refusals.some(({ code }) => !isAsked(code, canAsk));
}

function isAsked(code: ErrorCode, canAsk: boolean): boolean {
  return code === 'over_call_limit' && canAsk;
}

/** What the call would do and cost: the same lines for an agent and for a person. */
export function describeForecast(forecast: Forecast, canAsk: boolean): string[] {
  const { plan, refusals, warnings } = forecast;
  return [
    'Dry run: nothing was sent, written or charged.',
    ...refusals.map(({ code, message }) => `${isAsked(code, canAsk) ? 'The person would be asked first' : 'Would be refused'}: ${message}`),
    ...(forecast.late
      ? ['The same call was made before and its answer got lost: it would be answered with what that brought, at no cost.']
      : []),
    `${forecast.late ? 'Else requests' : 'Requests'}: ${describeRequests(forecast)}.`,
    ...plan.inputs.map(({ label, path, id }) => `${label}: ${id === undefined ? showPath(path) : `${showPath(path)}, ${id}`}`),
    ...describeHistory(plan),
    `Cost: ${describePrice(plan)}${describeToday(forecast.today)}${describeBudget(forecast)}.`,
    `To: ${describePlace(plan)}`,
    ...warnings.map((warning) => `Note: ${warning}`),
  ];
}

function describeRequests({ plan, backend }: Forecast): string {
  const { requests, model, aspectRatio, resolution, webSearch } = plan;
  const who = backend === 'standin' ? `the stand-in, which draws without AI (${model.id} was asked)` : model.id;
  return `${requests} to ${who}, ${aspectRatio}, ${resolution}${webSearch ? ', with web search' : ''}`;
}

function describeHistory({ history }: Plan): string[] {
  if (history === undefined) return [];
  const turns = history.turns === 1 ? '1 turn' : `${history.turns} turns`;
  return [`It goes on with the conversation of ${history.after}: ${turns}, ${formatBytes(history.length)}, sent along.`];
}

function describePrice({ price, requests }: Plan): string {
  if (price === undefined) return 'nobody knows: this model has no known price (LIMNER_PRICE_USD_PER_IMAGE can set one)';
  if (price.most === 0) return '$0';
  return `about ${formatDollars(price.likely * requests)}, at most ${formatDollars(price.most * requests)}`;
}

function describeBudget({ perDay }: Forecast): string {
  return perDay === undefined ? '' : `, of a budget of ${formatDollars(perDay)} a day`;
}

/** The names as far as they are known before the picture is. */
function describePlace({ output, variations, cropTo, background, region, alt }: Plan): string {
  const { folder, stem, named, format, extension, overwrite, width, height, maxKb } = output;
  const suffix = extension ?? (format && toExtension(format));
  const first = join(folder, `${stem}.${suffix ?? 'jpg'}`);
  const last = variations === 1 ? '' : ` to ${showPath(basename(numbered(first, variations)))}`;
  const guess = [...(suffix === undefined ? ['type as the model makes it'] : []), ...(named ? [] : ['a taken name is numbered on'])];
  const notes = [
    guess.length > 0 ? ` (${guess.join(', ')})` : '',
    width === undefined && height === undefined ? '' : `, ${describePixels(output)}`,
    cropTo ? `, cropped to ${cropTo}` : '',
    background ? `, transparent (${background.method}, painted on ${background.ground})` : '',
    region ? `, changed only in ${region.described}` : '',
    maxKb === undefined ? '' : `, at most ${maxKb} kB`,
    alt === undefined ? '' : ', with alt text',
    overwrite ? ', replacing what is there' : '',
  ];
  return `${showPath(first)}${last}${notes.join('')}`;
}

/** The forecast as JSON. */
export function toPlanFacts({ plan, backend, today, perDay, refusals, warnings, late }: Forecast) {
  const { price, requests, model, inputs, output, history, background, region } = plan;
  return {
    tool: plan.tool,
    backend,
    model: model.id,
    requests,
    aspectRatio: plan.aspectRatio,
    cropTo: plan.cropTo ?? null,
    background: background ? { method: background.method, ground: background.ground } : null,
    region: region?.described ?? null,
    alt: plan.alt ?? null,
    resolution: plan.resolution,
    webSearch: plan.webSearch,
    inputs: inputs.map(({ label, path, id }) => ({ label, path: showPath(path), id: id ?? null })),
    history: history ?? null,
    output: { ...output, folder: showPath(output.folder) },
    cost: { dollars: price ? price.likely * requests : null, atMost: price ? price.most * requests : null },
    today: { ...today, budget: perDay ?? null },
    overBudget: refusals.find(({ code }) => code !== 'repeated')?.message ?? null,
    refusals,
    late,
    warnings,
  };
}
