import { gzipAccepted } from './gzipAccepted.ts';
import { parseRoute, type Route } from './route.ts';

/** A request of the kind that players send by the thousand. */
export interface QuickRequest {
  readonly route: Route;
  readonly acceptsGzip: boolean;
  readonly requestId: string | undefined;
}

const REQUEST_LINE = /^GET (\/hls\/[!-~]{1,1024}) HTTP\/1\.1\r\n/;
/** Header names are tokens, values printable (RFC 9110 §5): no folded lines, no lone line breaks, no controls. */
const HEADERS = /^(?:[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}:[\t -~\x80-\xff]{0,4096}\r\n){1,64}\r\n$/;
/** What changes the meaning of a request or comes with a body. */
const UNUSUAL =
  /(?:^|\n)(?:(?:range|if-[a-z-]+|content-[a-z-]+|transfer-encoding|te|trailer|expect|upgrade|x-maydan-[a-z-]+):|connection:(?![\t ]*keep-alive[\t ]*\r))/i;
const HOST = /(?:^|\n)host:/i;

const valueOf = (headers: string, name: string): string | undefined =>
  new RegExp(`(?:^|\\n)${name}:[\\t ]*([^\\r]*)`, 'i').exec(headers)?.[1];

/**
 * Reads a whole, plain GET of an HLS resource; null for anything else, be it rare, unusual or malformed, which is
 * node:http's to judge. `text` is all that was received, as latin1.
 */
export function parseQuickRequest(text: string): QuickRequest | null {
  const line = REQUEST_LINE.exec(text);
  if (!line?.[1]) return null;
  const headers = text.slice(line[0].length);
  if (!HEADERS.test(headers) || UNUSUAL.test(headers) || !HOST.test(headers)) return null;
  const route = parseRoute(line[1]);
  return (
    route && {
      route,
      acceptsGzip: gzipAccepted(valueOf(headers, 'accept-encoding')),
      requestId: valueOf(headers, 'x-request-id'),
    }
  );
}
