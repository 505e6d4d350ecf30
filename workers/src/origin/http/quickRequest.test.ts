import { parseQuickRequest } from './quickRequest.ts';

const CRLF = '\r\n';
const chrome = [
  'GET /hls/abc/720p/index.m3u8?_HLS_msn=12&_HLS_part=3 HTTP/1.1',
  'Host: stream.example:8090',
  'Connection: keep-alive',
  'sec-ch-ua: "Chromium";v="156"',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64)',
  'Accept: */*',
  'Origin: https://web.example',
  'Upgrade-Insecure-Requests: 1',
  'Accept-Encoding: gzip, deflate, br',
  'X-Request-Id: r-7',
];
const text = (lines: readonly string[]): string => lines.join(CRLF) + CRLF + CRLF;
const withHeader = (header: string): string => text([...chrome.slice(0, 3), header, ...chrome.slice(3)]);

describe('plain requests', () => {
  it('are read as browsers send them', () => {
    expect(parseQuickRequest(text(chrome))).toEqual({
      route: {
        playbackId: 'abc',
        token: null,
        resource: { type: 'media', path: '720p/index.m3u8', rendition: '720p' },
        query: '_HLS_msn=12&_HLS_part=3',
      },
      acceptsGzip: true,
      requestId: 'r-7',
    });
    expect(parseQuickRequest(text(chrome.slice(0, 2)))).toMatchObject({ acceptsGzip: false });
  });

  it.each([
    'Range: bytes=0-1',
    'range:bytes=0-1',
    'If-None-Match: "x"',
    'If-Range: "x"',
    'Content-Length: 5',
    'Transfer-Encoding: chunked',
    'TE: trailers',
    'Expect: 100-continue',
    'Upgrade: h2c',
    'Connection: close',
    'Connection: keep-alive, Upgrade',
    'X-Maydan-Origin-Hop: 1',
    ' folded',
    'Bad Name: x',
    'No-Colon',
    'Lone: a\nb: c',
    'Lone: a\rb',
    'Null: \0',
  ])('are not those with «%s»', (header) => {
    expect(parseQuickRequest(withHeader(header))).toBeNull();
  });

  it.each([
    text(chrome).slice(0, -1),
    text(chrome) + text(chrome),
    text(chrome).replace('GET', 'POST'),
    text(chrome).replace('GET', 'HEAD'),
    text(chrome).replace('HTTP/1.1', 'HTTP/1.0'),
    text(chrome).replace('Host:', 'Hose:'),
    text(chrome).replace('/hls/abc/', '/hls/../'),
    text(chrome).replace('/hls/', 'http://other/hls/'),
    text(chrome).replaceAll('\r\n', '\n'),
    `GET /hls/abc/index.m3u8 HTTP/1.1${CRLF}${CRLF}`,
    '',
    '\x16\x03\x01',
  ])('are whole, single GETs of ours (%#)', (request) => {
    expect(parseQuickRequest(request)).toBeNull();
  });
});
