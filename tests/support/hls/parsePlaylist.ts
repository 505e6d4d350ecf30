import type { ListedPart, ListedSegment, MediaPlaylist, OpenSegment } from './playlistModel.ts';

/** `NAME=value,NAME="quoted, value"` (RFC 8216bis §4.2). */
export function parseAttributes(list: string): Map<string, string> {
  const found = list.matchAll(/([A-Z0-9-]+)=("[^"]*"|[^",]*)(?:,|$)/g);
  return new Map([...found].map(([, name = '', value = '']) => [name, value.replace(/^"|"$/g, '')]));
}

interface Pending {
  programDateTimeMs: number | null;
  discontinuity: boolean;
  gap: boolean;
  durationSec: number | null;
  byteRange: { length: number; offset: number } | null;
  parts: ListedPart[];
}

const nothingPending = (): Pending => ({
  programDateTimeMs: null,
  discontinuity: false,
  gap: false,
  durationSec: null,
  byteRange: null,
  parts: [],
});

/** Tags that must come before the first part of the segment they apply to (RFC 8216bis §4.4.4.9). */
const BEFORE_PARTS = new Set(['EXT-X-MAP', 'EXT-X-DISCONTINUITY', 'EXT-X-PROGRAM-DATE-TIME', 'EXT-X-KEY']);
/** Tags allowed once (RFC 8216bis §4.4.3, §4.4.5.2). */
const ONCE = new Set([
  'EXT-X-VERSION',
  'EXT-X-TARGETDURATION',
  'EXT-X-MEDIA-SEQUENCE',
  'EXT-X-DISCONTINUITY-SEQUENCE',
  'EXT-X-PART-INF',
  'EXT-X-SERVER-CONTROL',
  'EXT-X-SKIP',
  'EXT-X-ENDLIST',
]);

class Reader {
  readonly faults: string[] = [];
  readonly segments: ListedSegment[] = [];
  readonly hints: { type: string; uri: string }[] = [];
  readonly reports: { uri: string; lastMsn: number; lastPart: number | null }[] = [];
  readonly #seen = new Set<string>();
  readonly #values = new Map<string, string>();
  #pending = nothingPending();
  #mapUri: string | null = null;
  #dsn: number | null = null;

  read(text: string): MediaPlaylist {
    const lines = text.split('\n');
    if (lines[0] !== '#EXTM3U') this.faults.push('does not begin with #EXTM3U');
    if (lines.pop() !== '') this.faults.push('does not end with a line break');
    for (const line of lines.slice(1)) this.#line(line);
    return this.#playlist();
  }

  #line(line: string): void {
    if (!line.startsWith('#')) return this.#uri(line);
    const match = /^#(EXT[A-Z0-9-]*)(?::(.*))?$/.exec(line);
    if (!match?.[1]) return void this.faults.push(`unreadable line: ${line}`);
    this.#tag(match[1], match[2] ?? '');
  }

  #tag(name: string, value: string): void {
    if (ONCE.has(name) && this.#seen.has(name)) this.faults.push(`${name} appears twice`);
    if (BEFORE_PARTS.has(name) && this.#pending.parts.length > 0)
      this.faults.push(`${name} after the first part of its segment`);
    this.#seen.add(name);
    switch (name) {
      case 'EXTINF':
        this.#pending.durationSec = Number.parseFloat(value);
        break;
      case 'EXT-X-MAP':
        this.#mapUri = parseAttributes(value).get('URI') ?? null;
        break;
      case 'EXT-X-PROGRAM-DATE-TIME':
        this.#pending.programDateTimeMs = Date.parse(value);
        break;
      case 'EXT-X-DISCONTINUITY':
        this.#pending.discontinuity = true;
        this.#dsn = this.#currentDsn() + 1;
        break;
      case 'EXT-X-GAP':
        this.#pending.gap = true;
        break;
      case 'EXT-X-BYTERANGE':
        this.#byteRange(value);
        break;
      case 'EXT-X-PART':
        this.#part(parseAttributes(value));
        break;
      case 'EXT-X-PRELOAD-HINT':
        this.#hint(parseAttributes(value));
        break;
      case 'EXT-X-RENDITION-REPORT':
        this.#report(parseAttributes(value));
        break;
      default:
        this.#values.set(name, value);
    }
  }

  #currentDsn(): number {
    return this.#dsn ?? Number(this.#values.get('EXT-X-DISCONTINUITY-SEQUENCE') ?? 0);
  }

  #byteRange(value: string): void {
    const [length = NaN, offset = NaN] = value.split('@').map(Number);
    if (Number.isNaN(length) || Number.isNaN(offset)) this.faults.push(`byte range ${value}`);
    this.#pending.byteRange = { length, offset };
  }

  #part(attributes: Map<string, string>): void {
    const uri = attributes.get('URI');
    const durationSec = Number(attributes.get('DURATION'));
    if (uri === undefined || !(durationSec > 0)) this.faults.push('a part without URI or DURATION');
    this.#pending.parts.push({
      uri: uri ?? '',
      durationSec,
      independent: attributes.get('INDEPENDENT') === 'YES',
      gap: attributes.get('GAP') === 'YES',
    });
  }

  #hint(attributes: Map<string, string>): void {
    this.hints.push({ type: attributes.get('TYPE') ?? '', uri: attributes.get('URI') ?? '' });
  }

  #report(attributes: Map<string, string>): void {
    const lastPart = attributes.get('LAST-PART');
    this.reports.push({
      uri: attributes.get('URI') ?? '',
      lastMsn: Number(attributes.get('LAST-MSN')),
      lastPart: lastPart === undefined ? null : Number(lastPart),
    });
  }

  #uri(uri: string): void {
    const { durationSec, ...pending } = this.#pending;
    if (uri === '' || durationSec === null || Number.isNaN(durationSec))
      return void this.faults.push(`a URI without EXTINF, or an empty line: «${uri}»`);
    this.segments.push({ ...pending, ...this.#place(), uri, durationSec });
    this.#pending = nothingPending();
  }

  #place(): { msn: number; dsn: number; mapUri: string | null } {
    const msn = this.#number('EXT-X-MEDIA-SEQUENCE', 0) + this.#skipped() + this.segments.length;
    return { msn, dsn: this.#currentDsn(), mapUri: this.#mapUri };
  }

  #skipped(): number {
    return Number(parseAttributes(this.#values.get('EXT-X-SKIP') ?? '').get('SKIPPED-SEGMENTS') ?? 0);
  }

  #number(name: string, missing: number): number {
    return this.#values.has(name) ? Number(this.#values.get(name)) : missing;
  }

  #open(): OpenSegment | null {
    const { parts, programDateTimeMs, discontinuity } = this.#pending;
    return parts.length === 0 ? null : { parts, programDateTimeMs, discontinuity, ...this.#place() };
  }

  #playlist(): MediaPlaylist {
    const partInf = this.#values.get('EXT-X-PART-INF');
    const control = this.#values.get('EXT-X-SERVER-CONTROL');
    if (!this.#values.has('EXT-X-TARGETDURATION')) this.faults.push('no EXT-X-TARGETDURATION');
    return {
      version: this.#number('EXT-X-VERSION', 1),
      targetDurationSec: this.#number('EXT-X-TARGETDURATION', NaN),
      mediaSequence: this.#number('EXT-X-MEDIA-SEQUENCE', 0),
      discontinuitySequence: this.#number('EXT-X-DISCONTINUITY-SEQUENCE', 0),
      serverControl: control === undefined ? null : parseAttributes(control),
      partTargetSec: partInf === undefined ? null : Number(parseAttributes(partInf).get('PART-TARGET')),
      playlistType: this.#values.get('EXT-X-PLAYLIST-TYPE') ?? null,
      iFramesOnly: this.#values.has('EXT-X-I-FRAMES-ONLY'),
      ended: this.#values.has('EXT-X-ENDLIST'),
      skipped: this.#skipped(),
      segments: this.segments,
      open: this.#open(),
      hints: this.hints,
      reports: this.reports,
      faults: this.faults,
    };
  }
}

/** Reads a media or I-frame playlist strictly; what is wrong with it is in `faults`. */
export const parseMediaPlaylist = (text: string): MediaPlaylist => new Reader().read(text);
