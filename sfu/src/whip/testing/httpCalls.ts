import { errorBody } from '@maydan/contracts';
import { offerOf } from './offers.ts';

/** Where an sfu is reached, for example a `WhipStand`. */
interface Reached {
  readonly url: string;
}

export interface Call {
  readonly method?: string;
  readonly token?: string;
  readonly type?: string;
  readonly body?: string;
  readonly ifMatch?: string;
  readonly headers?: Record<string, string>;
}

export const sdp = 'application/sdp';
export const fragment = 'application/trickle-ice-sdpfrag';
export const obs = offerOf('obsPublisher');

/** One HTTP request, as a client of WHIP or WHEP might make it, or not. */
export function call(
  stand: Reached,
  path: string,
  { method = 'POST', token, type, body, ifMatch, headers }: Call,
): Promise<Response> {
  return fetch(new URL(path, stand.url), {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(type === undefined ? {} : { 'content-type': type }),
      ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
  });
}

export function publish(stand: Reached, token: string, body = obs): Promise<Response> {
  return call(stand, '/whip', { token, type: sdp, body });
}

/** What a refusal says, after its body was held to both shapes that it has. */
export async function refusal(response: Response): Promise<{ status: number; code: string; detail: string }> {
  const body = (await response.json()) as { status: number; detail: string; title: string; type: string };
  expect(response.headers.get('content-type')).toContain('application/problem+json');
  expect(response.headers.get('access-control-allow-origin')).toBe('*');
  expect(body).toMatchObject({ type: 'about:blank', status: response.status });
  expect(body.title).not.toBe('');
  const { error } = errorBody.parse(body);
  expect(body.detail).toBe(error.message);
  return { status: response.status, code: error.code, detail: body.detail };
}
