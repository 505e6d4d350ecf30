import { AsyncLocalStorage } from 'node:async_hooks';

/** Id of the request, or of the socket, for which code runs; none in what the process does by itself. */
export const requestScope = new AsyncLocalStorage<string>();
