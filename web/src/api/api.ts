import { createApiClient } from '@maydan/contracts';

export { problemOf } from './problem.ts';
export type { ApiProblem } from './problem.ts';

/** The REST API of the server that served this page. */
export const api = createApiClient({ baseUrl: location.origin });
