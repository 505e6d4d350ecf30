import { request, type IncomingHttpHeaders } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { parseMultivariant } from './multivariantRules.ts';
import { parseMediaPlaylist } from './parsePlaylist.ts';
import { nextMsn, type MediaPlaylist, type Violation } from './playlistModel.ts';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

function ask(url: string, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers: { 'accept-encoding': 'gzip' }, agent: false });
    outgoing.once('error', reject);
    outgoing.once('response', (incoming) => {
      const { statusCode: status = 0, headers } = incoming;
      buffer(incoming).then((body) => resolve({ status, headers, body }), reject);
    });
    outgoing.end();
  });
}

const maxAge = (answer: Answer): number =>
  Number(/max-age=(\d+)/.exec(answer.headers['cache-control'] ?? '')?.[1] ?? NaN);

type Check = (url: string, playlist: MediaPlaylist) => Promise<string[]>;

async function expectStatus(url: string, queries: readonly string[], status: number): Promise<string[]> {
  const answers = await Promise.all(
    queries.map(async (query) => [query, await ask(`${url}?${query}`)] as const),
  );
  return answers
    .filter(([, answer]) => answer.status !== status)
    .map(([query, answer]) => `${query} answered ${answer.status}, not ${status}`);
}

/** Rules of PROTOCOLS A for requests, as far as one can ask for them without waiting long. */
const checks: Readonly<Record<string, Check>> = {
  'nonsense and what is too far ahead are refused': (url, playlist) =>
    expectStatus(
      url,
      [
        '_HLS_part=0',
        '_HLS_msn=x',
        '_HLS_msn=-1',
        `_HLS_msn=${nextMsn(playlist)}&_HLS_part=1.5`,
        `_HLS_msn=${nextMsn(playlist) + 4}`,
      ],
      400,
    ),

  'what is there already is answered at once': (url, playlist) =>
    expectStatus(
      url,
      [`_HLS_msn=${playlist.mediaSequence}`, `_HLS_msn=${nextMsn(playlist) - 1}`, `_HLS_msn=0&_HLS_part=99`],
      200,
    ),

  'order and repetition of parameters make no difference': async (url, playlist) => {
    const msn = nextMsn(playlist) - 1;
    const [first, ...others] = await Promise.all(
      [
        `_HLS_msn=${msn}&_HLS_part=0`,
        `_HLS_part=0&_HLS_msn=${msn}`,
        `x=1&_HLS_msn=${msn}&_HLS_msn=${msn}&_HLS_part=0`,
      ].map((query) => ask(`${url}?${query}`)),
    );
    const differ = others.some((other) => other.status !== 200 || maxAge(other) !== maxAge(first ?? other));
    return differ ? ['equal requests are answered differently'] : [];
  },

  'blocking answers are cacheable for 6 target durations, plain ones for half of one': async (
    url,
    playlist,
  ) => {
    const target = playlist.targetDurationSec;
    const blocking = maxAge(await ask(`${url}?_HLS_msn=${nextMsn(playlist) - 1}`));
    const plain = maxAge(await ask(url));
    return [
      ...(blocking === 6 * target ? [] : [`blocking: ${blocking} s`]),
      ...(plain <= Math.max(1, target / 2) ? [] : [`plain: ${plain} s`]),
    ];
  },

  'playlists are gzipped, typed and open to any page': async (url) => {
    const { headers } = await ask(url);
    return [
      ...(headers['content-encoding'] === 'gzip' ? [] : ['not gzipped']),
      ...(headers['content-type'] === 'application/vnd.apple.mpegurl'
        ? []
        : [String(headers['content-type'])]),
      ...(headers['access-control-allow-origin'] === '*' ? [] : ['no CORS']),
    ];
  },

  'what is neither listed nor hinted is not found, for a short time': async (url, playlist) => {
    const hint = playlist.hints.find(({ type }) => type === 'PART')?.uri ?? '';
    const beyond = hint.replace(/\.p(\d+)\./, (_, part: string) => `.p${Number(part) + 40}.`);
    const answer = await ask(new URL(beyond, url).href);
    return answer.status === 404 && maxAge(answer) <= 2
      ? []
      : [`${beyond} answered ${answer.status}, ${maxAge(answer)} s`];
  },

  'a hinted part is held and then sent': async (url) => {
    const hint = parseMediaPlaylist(await (await fetch(url)).text()).hints[0]?.uri;
    if (hint === undefined) return ['no hint'];
    const answer = await ask(new URL(hint, url).href);
    return answer.status === 200 && answer.body.length > 0 ? [] : [`${hint} answered ${answer.status}`];
  },

  'other methods are refused': async (url) => {
    const { status } = await ask(url, 'POST');
    return status === 405 ? [] : [`POST answered ${status}`];
  },
};

/** The playlist once it has two complete segments, for which the request is held if need be. */
async function withSegments(url: string): Promise<MediaPlaylist> {
  const now = parseMediaPlaylist(await (await fetch(url)).text());
  if (now.segments.length >= 2) return now;
  return parseMediaPlaylist(await (await fetch(`${url}?_HLS_msn=${now.mediaSequence + 1}`)).text());
}

/** Puts the questions of PROTOCOLS A to the origin of a live playback; the answers that are wrong. */
export async function probeRequests(multivariantUrl: string): Promise<Violation[]> {
  const { variants } = parseMultivariant(await (await fetch(multivariantUrl)).text());
  const violations: Violation[] = [];
  for (const { uri, id } of variants) {
    const url = new URL(uri, multivariantUrl).href;
    for (const [rule, check] of Object.entries(checks)) {
      const playlist = await withSegments(url);
      for (const detail of await check(url, playlist)) violations.push({ rule, where: id, detail });
    }
  }
  return violations;
}
