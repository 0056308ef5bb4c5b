import type { Config } from '../config.ts';
import { chooseModel } from '../model/catalog.ts';
import { about, type Finding } from './finding.ts';
import { toList } from './google.ts';
import type { Answer } from './patient.ts';

const { ok, warning, problem } = about('model');

/** Whether the model of calls that name none can be used, how long it will last, and which of the others cannot be had. */
export function checkModel({ model: wanted, backend, budget }: Config, answer: Answer): Finding[] {
  if (backend === 'standin') return [];
  const { model, warning: notice } = chooseModel(wanted, backend);
  const asker = backend === 'vertex' ? 'this project' : 'this key';
  const name = model.nickname === model.id ? model.id : `${model.nickname} (${model.id})`;
  const offer = answer === undefined || 'error' in answer ? undefined : answer;
  const others = offer?.offered.filter((other) => other.notice === undefined).map(({ nickname }) => nickname) ?? [];
  if (offer && !offer.offers(model.id)) {
    const use =
      others.length > 0
        ? `set LIMNER_MODEL to ${others.join(' or ')}`
        : backend === 'vertex'
          ? 'set GOOGLE_CLOUD_LOCATION=global'
          : 'look at what this key may be used for, in Google AI Studio';
    return [
      problem(`model ${name}, used when a call names none: Google does not offer it to ${asker}; it is switched off, or kept from it`, use),
    ];
  }
  if (model.price === undefined && budget.pricePerImage === undefined && (budget.perDay ?? budget.perCall) !== undefined)
    return [
      problem(
        `model ${name}: there is a budget and its price is not known, so it is never used`,
        'set LIMNER_PRICE_USD_PER_IMAGE, or LIMNER_MODEL=flash',
      ),
    ];
  if (notice !== undefined) return [warning(`model ${name}: ${notice.replace(/\.$/, '')}`, 'set LIMNER_MODEL=flash')];
  const missing = offer?.missing.filter((other) => other.notice === undefined).map(({ nickname }) => nickname) ?? [];
  return [
    ok(`model ${name}, used when a call names none`),
    ...(missing.length > 0
      ? [
          warning(
            `${toList(missing)}: Google does not offer ${missing.length === 1 ? 'it' : 'them'} to ${asker}; a call that names one fails`,
            `use ${others.join(' or ')}`,
          ),
        ]
      : []),
  ];
}
