import { createORPCClient, ORPCError } from '@orpc/client';
import type { ContractRouterClient } from '@orpc/contract';
import { OpenAPILink } from '@orpc/openapi-client/fetch';
import { contract, type Contract } from './contract.ts';
import { errorBody } from './errors.ts';
import { deviceHeader } from './viewing.ts';

export type ApiClient = ContractRouterClient<Contract>;

export interface ApiClientOptions {
  /** Origin of the api, for example `http://localhost:8080`; `/api/v1` is added. */
  readonly baseUrl: string;
  /** Called for each request; undefined sends none. */
  readonly accessToken?: () => string | undefined;
  /** Of `POST /sessions/{id}/viewing`. */
  readonly deviceToken?: () => string | undefined;
}

/**
 * A typed client of the REST API, for browsers and Node. Failures throw `ORPCError` whose `code` is one of
 * the error table's, `status` the HTTP status and `data` the details.
 */
export function createApiClient(options: ApiClientOptions): ApiClient {
  const link = new OpenAPILink(contract, {
    url: `${options.baseUrl.replace(/\/$/, '')}/api/v1`,
    headers: () => {
      const token = options.accessToken?.();
      const device = options.deviceToken?.();
      return {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(device === undefined ? {} : { [deviceHeader]: device }),
      };
    },
    customErrorResponseBodyDecoder: (body, response) => {
      const parsed = errorBody.safeParse(body);
      if (!parsed.success) return null;
      const { code, message, details } = parsed.data.error;
      return new ORPCError(code, { status: response.status, message, data: details });
    },
  });
  return createORPCClient<ApiClient>(link);
}
