import { basename, join } from 'node:path';
import type { CallToolResult } from '@modelcontextprotocol/server';
import type { ErrorCode } from './errors.ts';
import { numbered } from './files/publish.ts';
import type { Forecast } from './forecast.ts';
import { toExtension } from './media.ts';
import type { Plan } from './plan.ts';
import { describeToday, maxTextLength, toNotes } from './result.ts';
import { cleanText, formatBytes, formatDollars } from './text.ts';

/** Key of the plan a dry run answers with. */
const planKey = 'limner/plan';

/** What a call would do: the same as text and as JSON. `canAsk`: the host can ask the person to pay for a call above the limit. */
export function toForecastResult(forecast: Forecast, notices: readonly string[], canAsk: boolean): CallToolResult {
  const lines = [...describeForecast(forecast, canAsk), ...toNotes(notices)];
  return {
    content: [{ type: 'text', text: `${cleanText(lines.join('\n'), maxTextLength)}\n` }],
    _meta: { [planKey]: toPlanFacts(forecast) },
  };
}

function describeForecast(forecast: Forecast, canAsk: boolean): string[] {
  const { plan, refusals, warnings } = forecast;
  const asks = (code: ErrorCode) => code === 'over_call_limit' && canAsk;
  return [
    'Dry run: nothing was sent, written or charged.',
    ...refusals.map(({ code, message }) => `${asks(code) ? 'The person would be asked first' : 'Would be refused'}: ${message}`),
    ...(forecast.late
      ? ['The same call was made before and its answer got lost: it would be answered with what that brought, at no cost.']
      : []),
    `${forecast.late ? 'Else requests' : 'Requests'}: ${describeRequests(forecast)}.`,
    ...plan.inputs.map(({ label, path, id }) => `${label}: ${id === undefined ? path : `${path}, ${id}`}`),
    ...describeHistory(plan),
    `Cost: ${describePrice(plan)}${describeToday(forecast.today)}${describeBudget(forecast)}.`,
    `To: ${describePlace(plan)}`,
    ...warnings.map((warning) => `Note: ${warning}`),
    ...(refusals.every(({ code }) => asks(code)) ? ['To make it, send the same call without dry_run.'] : []),
  ];
}

function describeRequests({ plan, backend }: Forecast): string {
  const { variations, model, aspectRatio, resolution, webSearch } = plan;
  const who = backend === 'standin' ? `the stand-in, which draws without AI (${model.id} was asked)` : model.id;
  return `${variations} to ${who}, ${aspectRatio}, ${resolution}${webSearch ? ', with web search' : ''}`;
}

function describeHistory({ history }: Plan): string[] {
  if (history === undefined) return [];
  const turns = history.turns === 1 ? '1 turn' : `${history.turns} turns`;
  return [`It goes on with the conversation of ${history.after}: ${turns}, ${formatBytes(history.length)}, sent along.`];
}

function describePrice({ price, variations }: Plan): string {
  if (price === undefined) return 'nobody knows: this model has no known price (LIMNER_PRICE_USD_PER_IMAGE can set one)';
  if (price.most === 0) return '$0';
  return `about ${formatDollars(price.likely * variations)}, at most ${formatDollars(price.most * variations)}`;
}

function describeBudget({ perDay }: Forecast): string {
  return perDay === undefined ? '' : `, of a budget of ${formatDollars(perDay)} a day`;
}

/** The names as far as they are known before the picture is. */
function describePlace({ output, variations, cropTo }: Plan): string {
  const { folder, stem, named, format, extension, overwrite } = output;
  const suffix = extension ?? (format && toExtension(format));
  const first = join(folder, `${stem}.${suffix ?? 'jpg'}`);
  const last = variations === 1 ? '' : ` to ${basename(numbered(first, variations))}`;
  const guess = [...(suffix === undefined ? ['type as the model makes it'] : []), ...(named ? [] : ['a taken name is numbered on'])];
  const notes = [
    guess.length > 0 ? ` (${guess.join(', ')})` : '',
    cropTo ? `, cropped to ${cropTo}` : '',
    overwrite ? ', replacing what is there' : '',
  ];
  return `${first}${last}${notes.join('')}`;
}

function toPlanFacts({ plan, backend, today, perDay, refusals, warnings, late }: Forecast) {
  const { price, variations, model, inputs, output, history } = plan;
  return {
    tool: plan.tool,
    backend,
    model: model.id,
    requests: variations,
    aspectRatio: plan.aspectRatio,
    cropTo: plan.cropTo ?? null,
    resolution: plan.resolution,
    webSearch: plan.webSearch,
    inputs: inputs.map(({ label, path, id }) => ({ label, path, id: id ?? null })),
    history: history ?? null,
    output,
    cost: { dollars: price ? price.likely * variations : null, atMost: price ? price.most * variations : null },
    today: { ...today, budget: perDay ?? null },
    overBudget: refusals.find(({ code }) => code !== 'repeated')?.message ?? null,
    refusals,
    late,
    warnings,
  };
}
