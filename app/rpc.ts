import { at, isObject, textAt } from './json.ts';

export interface Host {
  /** Rejects with what the host says went wrong. */
  request(method: string, params: object): Promise<unknown>;
  notify(method: string, params: object): void;
}

/** JSON-RPC with the window around this one, and nobody else. `heard` gets every notice; questions have no answer but that the page is there. */
export function connect(heard: (method: string, params: unknown) => void): Host {
  const waiting = new Map<unknown, { resolve(value: unknown): void; reject(error: Error): void }>();
  // Where the host is served from, nobody tells; what is sent holds no secret.
  const send = (message: object) => window.parent.postMessage({ jsonrpc: '2.0', ...message }, '*');
  window.addEventListener('message', ({ source, data }) => {
    if (source !== window.parent || !isObject(data)) return;
    const [method, id] = [textAt(data, 'method'), at(data, 'id')];
    if (method) {
      heard(method, at(data, 'params'));
      if (id !== undefined) send({ id, result: {} });
      return;
    }
    const error = at(data, 'error');
    if (error) waiting.get(id)?.reject(new Error(textAt(error, 'message') ?? 'The host refused.'));
    else waiting.get(id)?.resolve(at(data, 'result'));
    waiting.delete(id);
  });
  let id = 0;
  return {
    request: (method, params) =>
      new Promise((resolve, reject) => {
        id += 1;
        waiting.set(id, { resolve, reject });
        send({ id, method, params });
      }),
    notify: (method, params) => send({ method, params }),
  };
}
