import { quote } from '../text.ts';
import { parseGoogleError, toBadRequest, toMissingModel, toPermissionFailure, toQuotaFailure } from './google-errors.ts';
import { fail, type RequestFailure } from './request-failure.ts';
import { toVertexFailure } from './vertex-failures.ts';
import { type Barrier, NotSent } from './wire.ts';

/** What is known of one HTTP exchange that failed. */
export interface Exchange {
  model: string;
  /** The project on Vertex AI that was asked; absent: it was the Gemini API. */
  place?: AskedPlace;
  /** Absent: no answer came. */
  status?: number;
  /** Start of the body, of an error or of an answer. */
  body?: string;
  /** The answer passed the size we read. */
  tooLarge?: boolean;
  /** What was thrown. */
  thrown: unknown;
}

/** What Vertex AI knows a caller by. */
export interface AskedPlace {
  project: string;
  location: string;
}

/** An HTTP exchange that brought no answer: one row of Google's error table, or of what networks do. Never shows upstream text it did not clean; keys were taken out of it before. */
export function toFailure(exchange: Exchange): RequestFailure {
  if (exchange.tooLarge)
    return fail('bad_answer', "Google's answer was far larger than any picture and was not read to its end. It may have been billed.", {
      maybeBilled: true,
    });
  const { status, place } = exchange;
  if (status === undefined) return toNetworkFailure(exchange.thrown, place);
  if (status >= 200 && status < 300) return toCutOffFailure(exchange.thrown);
  const google = parseGoogleError(exchange.body);
  const ofVertex = place && toVertexFailure(status, google, exchange.model, place);
  if (ofVertex) return ofVertex;
  if (status === 429) return toQuotaFailure(google);
  if (status >= 500) return toServerFailure(status);
  if (status === 400) return toBadRequest(google);
  if (status === 401 || status === 403) return toPermissionFailure(google);
  if (status === 404) return toMissingModel(exchange.model);
  if (status >= 300 && status < 400) {
    return fail(
      'upstream_fault',
      `The API answered with a redirect (${status}), which limner does not follow: the key stays with the address it is meant for. Check ${nameAddress(place)}.`,
    );
  }
  return fail(
    'upstream_fault',
    `Google answered with HTTP ${status}, which limner does not know. Try again later; if it stays, check ${nameAddress(place)}.`,
  );
}

/** What the system calls it, such as `ENOTFOUND`; undefined where it has no name for it. */
export function findReason(thrown: unknown): string | undefined {
  return causesOf(thrown)[0]?.code;
}

/** Whether nothing of the request can have reached anybody. */
export function isUnsent(thrown: unknown): boolean {
  return findUnsentReason(thrown) !== undefined;
}

function findUnsentReason(thrown: unknown): string | undefined {
  return thrown instanceof NotSent ? findReason(thrown) : causesOf(thrown).find(isNeverSent)?.code;
}

/** The setting that says where requests go. */
function nameAddress(place: AskedPlace | undefined): string {
  return place ? 'GOOGLE_VERTEX_BASE_URL' : 'GOOGLE_GEMINI_BASE_URL';
}

/** The proxy that was not passed, where there was one. */
export function findBarrier(thrown: unknown): Barrier | undefined {
  if (!(thrown instanceof Error)) return undefined;
  return (thrown instanceof NotSent ? thrown.barrier : undefined) ?? findBarrier(thrown.cause);
}

/** A proxy that is not there, or does not let the request through: nothing was sent. */
export function toBarrierFailure({ proxy, target, status }: Barrier, reason: string | undefined): RequestFailure {
  const name = `The proxy ${quote(new URL(proxy.url).host)} (${proxy.name})`;
  const unsent = 'Nothing was sent or billed.';
  if (status === 407 && proxy.authorization === undefined)
    return fail(
      'unreachable',
      `${name} wants a name and a password (407). ${unsent} The person must write them into ${proxy.name}, as in http://NAME:PASSWORD@proxy.example:3128, other signs than letters and digits escaped (%40 is @).`,
    );
  if (status === 407)
    return fail(
      'unreachable',
      `${name} does not take the name and password in ${proxy.name} (407). ${unsent} The person must mend them there.`,
    );
  if (status !== undefined)
    return fail(
      'unreachable',
      `${name} does not let requests through to ${target} (${status}). ${unsent} It has to allow CONNECT to that host.`,
      {
        maxRequests: status >= 500 ? 3 : 1,
        waitingFor: 'the proxy does not answer, trying again',
      },
    );
  const again = { maxRequests: 3, waitingFor: 'the proxy cannot be reached, trying again' } as const;
  return fail(
    'unreachable',
    `${name} cannot be reached${reason === undefined ? '' : ` (${reason})`}. ${unsent} Check ${proxy.name}; a host that needs no proxy is named in NO_PROXY.`,
    again,
  );
}

/** A certificate this computer does not trust, or no TLS where it should be. */
export const untrusted = /CERT|SELF_SIGNED|UNABLE_TO|SSL|TLS|EPROTO/;

function toNetworkFailure(thrown: unknown, place: AskedPlace | undefined): RequestFailure {
  const barrier = findBarrier(thrown);
  if (barrier) return toBarrierFailure(barrier, findReason(thrown));
  const reason = findUnsentReason(thrown);
  if (reason === undefined) {
    return fail('unreachable', 'The connection to Google broke before an answer came. The request may have been billed. Try again.', {
      maxRequests: 2,
      maybeBilled: true,
      waitingFor: 'the connection broke, trying again',
    });
  }
  const again = { maxRequests: 3, waitingFor: 'Google cannot be reached, trying again' } as const;
  const unreached = `Google's API cannot be reached (${reason}). Nothing was sent or billed.`;
  if (isUntrusted(reason))
    return fail(
      'unreachable',
      `${unreached} This computer does not trust the certificate that came. Where a proxy or a firewall opens encrypted connections, the person must set NODE_EXTRA_CA_CERTS to the file (PEM) of its certificate authority, in the environment of the server; else check ${nameAddress(place)}.`,
    );
  const where = place && reason === 'ENOTFOUND' ? `GOOGLE_CLOUD_LOCATION (${place.location}), ` : '';
  return fail('unreachable', `${unreached} Check ${where}the network, the proxy and ${nameAddress(place)}, then try again.`, again);
}

/** Of a chain that ends at nobody who is known, as against one that has expired or is for another host. */
function isUntrusted(reason: string): boolean {
  return /SELF_SIGNED|UNABLE_TO/.test(reason);
}

/** Error codes of what can only fail before a connection stands: names, a closed door, certificates, the handshake. */
const beforeConnection =
  /^(ENOTFOUND|EAI_\w+|ECONNREFUSED|UND_ERR_CONNECT_TIMEOUT|ERR_SSL_(WRONG_VERSION_NUMBER|UNSUPPORTED_PROTOCOL|NO_\w+|\w*HANDSHAKE\w*|\w*PROTOCOL_VERSION)|ERR_TLS_\w+|CERT_\w+|\w*SELF_SIGNED\w*|UNABLE_TO_\w+)$/;

/** Whether nothing can have been sent. A route or a wire may also fail under an open connection, after the request has arrived. */
function isNeverSent({ code, syscall }: SystemError): boolean {
  return beforeConnection.test(code) || syscall === 'connect' || syscall === 'getaddrinfo';
}

/** A connection that broke under the answer, as against an answer that is none. */
function isBrokenConnection(thrown: unknown): boolean {
  return causesOf(thrown).some(({ code }) => /^(UND_ERR_\w+|ECONNRESET|EPIPE|HPE_\w+)$/.test(code));
}

interface SystemError {
  code: string;
  /** What was being done, such as `connect` or `read`. */
  syscall: string | undefined;
}

/** What the system said of an error and its causes, outermost first. */
function causesOf(thrown: unknown, depth = 0): SystemError[] {
  if (!(thrown instanceof Error) || depth > 5) return [];
  const syscall = 'syscall' in thrown && typeof thrown.syscall === 'string' ? thrown.syscall : undefined;
  const own = 'code' in thrown && typeof thrown.code === 'string' ? [{ code: thrown.code, syscall }] : [];
  const inner = thrown instanceof AggregateError ? thrown.errors.flatMap((error) => causesOf(error, depth + 1)) : [];
  return [...own, ...inner, ...causesOf(thrown.cause, depth + 1)];
}

function toCutOffFailure(thrown: unknown): RequestFailure {
  const message = isBrokenConnection(thrown)
    ? "The connection broke in the middle of Google's answer"
    : "Google's answer was cut off or garbled";
  return fail('bad_answer', `${message}. It may have been billed. Try again.`, {
    maxRequests: 2,
    maybeBilled: true,
    waitingFor: 'the answer was cut off, trying again',
  });
}

function toServerFailure(status: number): RequestFailure {
  if (status === 504) {
    return fail(
      'timeout',
      'Google took too long and gave up (504). It may have been billed. Try again later, or ask for a lower resolution.',
      { maybeBilled: true },
    );
  }
  if (status === 500) {
    return fail(
      'upstream_fault',
      'Google had an internal error (500). This is on their side: try again in a minute; if it stays, shorten the prompt.',
      {
        maxRequests: 2,
        waitingFor: 'Google had an internal error, trying again',
      },
    );
  }
  return fail('overloaded', `Google's image service is overloaded or down (${status}). Nothing was billed. Try again in a minute.`, {
    maxRequests: 3,
    retryAfterSeconds: 60,
    waitingFor: 'Google is overloaded, trying again',
  });
}
