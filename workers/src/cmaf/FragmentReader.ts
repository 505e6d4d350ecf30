import { FragmentError } from './FragmentError.ts';
import { readInitSegment, type TrackInit } from './initSegment.ts';
import { readMovieFragment, type SampleDescription } from './movieFragment.ts';

/** One frame of video or audio; times in ticks of the track's time scale. */
export interface Sample {
  /** Absolute decode time: tfdt plus the durations before it in its fragment. */
  readonly dts: number;
  /** Presentation time minus decode time; may be negative. */
  readonly cts: number;
  readonly duration: number;
  readonly isKey: boolean;
  /** May be a view of a chunk given to `push`: don't change it, copy it to keep it for long. */
  readonly data: Uint8Array;
}

export interface FragmentReaderOptions {
  /** Called once, before any sample. */
  readonly onInit: (init: TrackInit) => void;
  readonly onSample: (sample: Sample) => void;
  /** Bytes; a moov or moof box above it is refused. Default 1 MiB. */
  readonly maxHeaderBytes?: number;
  /** Bytes; a sample above it is refused. Default 16 MiB. */
  readonly maxSampleBytes?: number;
}

/** What the coming bytes are: a box's header, a box to be read as a whole, samples, or bytes of no interest. */
type Expected =
  | { readonly kind: 'header' }
  | { readonly kind: 'box'; readonly type: 'moov' | 'moof' }
  | { readonly kind: 'sample'; readonly sample: SampleDescription }
  | { readonly kind: 'nothing' };

/** Far above any box of one frame: what claims more is not ISO base media. */
const MAX_BOX_BYTES = 2 ** 28;

const HEADER: Expected = { kind: 'header' };
const NOTHING: Expected = { kind: 'nothing' };

/**
 * Incremental reader of a fragmented MP4 with one track (ISO/IEC 14496-12), as ffmpeg's mp4 muxer writes it with
 * `frag_every_frame+empty_moov+default_base_moof`. Chunks of any size go in; the init segment and samples come out as
 * soon as their last byte is there. Boxes of no interest are skipped without keeping them. Samples that lie within
 * one chunk are views of it; at most one incomplete sample or header is held.
 */
export class FragmentReader {
  readonly #options: FragmentReaderOptions;
  readonly #maxHeaderBytes: number;
  readonly #maxSampleBytes: number;
  #init: TrackInit | null = null;
  #expected: Expected = HEADER;
  /** Bytes still to come of what is expected. */
  #missing = 8;
  /** Holds what is expected while it spans chunks. */
  #partial: Buffer | null = null;
  /** Samples of the last moof box, and the distance from its start to the box that comes next. */
  #samples: SampleDescription[] = [];
  #nextSample = 0;
  #sinceMoof = 0;
  /** Position in the mdat box: offset from the moof box, and the bytes left of it. */
  #mdatOffset = 0;
  #mdatLeft = 0;
  #failure: FragmentError | null = null;

  constructor(options: FragmentReaderOptions) {
    this.#options = options;
    this.#maxHeaderBytes = options.maxHeaderBytes ?? 2 ** 20;
    this.#maxSampleBytes = options.maxSampleBytes ?? 2 ** 24;
  }

  /**
   * Takes the next bytes and calls back for what they complete. The chunk belongs to the reader from now on.
   * @throws FragmentError on bytes that can't be used, again at each later call; what a callback throws passes
   * through and leaves the reader unusable.
   */
  push(chunk: Uint8Array): void {
    if (this.#failure !== null) throw this.#failure;
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (let position = 0; position < bytes.length;) {
      const taken = Math.min(this.#missing, bytes.length - position);
      this.#take(bytes.subarray(position, position + taken));
      position += taken;
    }
  }

  /** True when the bytes so far end with a whole box: nothing of the stream was cut off. */
  get atBoundary(): boolean {
    return this.#expected.kind === 'header' && this.#partial === null && this.#missing === 8;
  }

  #take(bytes: Buffer): void {
    if (this.#expected.kind === 'nothing') {
      this.#missing -= bytes.length;
      if (this.#missing === 0) this.#expectAfterSkip();
      return;
    }
    if (this.#partial === null && bytes.length === this.#missing) return this.#complete(bytes);
    this.#partial ??= Buffer.allocUnsafeSlow(this.#missing);
    bytes.copy(this.#partial, this.#partial.length - this.#missing);
    this.#missing -= bytes.length;
    if (this.#missing === 0) this.#complete(this.#partial);
  }

  #complete(bytes: Buffer): void {
    const expected = this.#expected;
    this.#partial = null;
    if (expected.kind === 'sample') return this.#completeSample(expected.sample, bytes);
    this.#parse(() => {
      if (expected.kind === 'header') this.#completeHeader(bytes);
      else if (expected.kind === 'box') this.#completeBox(expected.type, bytes);
    });
    if (expected.kind === 'box' && expected.type === 'moov' && this.#init !== null)
      this.#options.onInit(this.#init);
  }

  /** Runs a step of parsing; reading past a buffer's end is a box that contradicts itself. */
  #parse(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#failure =
        error instanceof FragmentError
          ? error
          : new FragmentError('malformed', 'A box is cut short.', { cause: error });
      throw this.#failure;
    }
  }

  #completeHeader(header: Buffer): void {
    const type = header.toString('latin1', 4, 8);
    if (!/^[\x20-\x7e\xa9]{4}$/.test(type))
      throw new FragmentError('malformed', 'These bytes are not a box.');
    const size = header.readUInt32BE(0);
    if (size === 1 && header.length === 8) return this.#expectLargeHeader(header);
    const length = size === 1 ? Number(header.readBigUInt64BE(8)) : size;
    const payload = length - header.length;
    if (payload < 0 || length > MAX_BOX_BYTES) {
      throw new FragmentError('malformed', `Box ${JSON.stringify(type)} has an impossible size.`);
    }
    this.#startBox(type, payload, header.length);
  }

  /** A size of 1 means that eight bytes with the true size follow the type. */
  #expectLargeHeader(header: Buffer): void {
    this.#partial = Buffer.alloc(16);
    header.copy(this.#partial);
    this.#missing = 8;
  }

  #startBox(type: string, payload: number, headerLength: number): void {
    this.#mdatOffset = this.#sinceMoof + headerLength;
    this.#mdatLeft = type === 'mdat' ? payload : 0;
    this.#sinceMoof += headerLength + payload;
    if (type === 'mdat') return this.#expectNextSample();
    if (type !== 'moov' && type !== 'moof') return this.#skip(payload);
    if (payload > this.#maxHeaderBytes) throw new FragmentError('tooLarge', `A ${type} of ${payload} bytes.`);
    if (payload === 0) throw new FragmentError('malformed', `An empty ${type} box.`);
    this.#expect({ kind: 'box', type }, payload);
  }

  #completeBox(type: 'moov' | 'moof', payload: Buffer): void {
    this.#expect(HEADER, 8);
    if (type === 'moov') {
      if (this.#init !== null) throw new FragmentError('unsupported', 'A second moov box.');
      this.#init = readInitSegment(payload);
      return;
    }
    if (this.#init === null) throw new FragmentError('malformed', 'A moof box before the moov box.');
    if (this.#nextSample < this.#samples.length)
      throw new FragmentError('malformed', 'Samples without data.');
    this.#samples = readMovieFragment(payload, this.#init);
    this.#nextSample = 0;
    this.#sinceMoof = payload.length + 8;
  }

  #completeSample(sample: SampleDescription, data: Buffer): void {
    const { dts, cts, duration, isKey } = sample;
    this.#options.onSample({ dts, cts, duration, isKey, data });
    this.#mdatOffset += data.length;
    this.#mdatLeft -= data.length;
    this.#parse(() => {
      this.#expectNextSample();
    });
  }

  /** Within mdat: the bytes up to the next sample are skipped, after the last sample the rest of the box. */
  #expectNextSample(): void {
    const sample = this.#samples[this.#nextSample];
    if (sample === undefined) return this.#skip(this.#mdatLeft);
    const gap = sample.offset - this.#mdatOffset;
    if (gap < 0 || gap + sample.size > this.#mdatLeft) {
      throw new FragmentError('malformed', 'A sample lies outside of its mdat box.');
    }
    if (sample.size > this.#maxSampleBytes)
      throw new FragmentError('tooLarge', `A sample of ${sample.size} bytes.`);
    if (sample.size === 0) throw new FragmentError('malformed', 'An empty sample.');
    if (gap > 0) return this.#skip(gap);
    this.#nextSample += 1;
    this.#expect({ kind: 'sample', sample }, sample.size);
  }

  #skip(bytes: number): void {
    if (bytes === 0) this.#expect(HEADER, 8);
    else this.#expect(NOTHING, bytes);
  }

  #expectAfterSkip(): void {
    const skippedToSample = this.#nextSample < this.#samples.length && this.#mdatLeft > 0;
    if (!skippedToSample) return this.#expect(HEADER, 8);
    const sample = this.#samples[this.#nextSample];
    if (sample === undefined) return;
    this.#mdatLeft -= sample.offset - this.#mdatOffset;
    this.#mdatOffset = sample.offset;
    this.#parse(() => {
      this.#expectNextSample();
    });
  }

  #expect(expected: Expected, bytes: number): void {
    this.#expected = expected;
    this.#missing = bytes;
  }
}
