/** A sample to be written; ticks of the track's time scale. */
export interface FragmentSample {
  readonly duration: number;
  /** Presentation time minus decode time, from -2^31 to 2^31-1. */
  readonly cts: number;
  readonly isKey: boolean;
  readonly data: Uint8Array;
}

/** One moof+mdat: a CMAF chunk. */
export interface Fragment {
  /** Of mfhd; rises with every fragment of a rendition. */
  readonly sequenceNumber: number;
  readonly trackId: number;
  /** Decode time of the first sample (tfdt). */
  readonly baseMediaDecodeTime: number;
  readonly samples: readonly FragmentSample[];
}

/** sample_depends_on 2 (on no other) for key frames; 1 and non-sync for the others (ISO/IEC 14496-12 §8.8.3.1). */
const KEY_FLAGS = 0x02000000;
const NON_KEY_FLAGS = 0x01010000;

const TFHD_DEFAULT_BASE_IS_MOOF = 0x020000;
const TFHD_DURATION = 0x08;
const TFHD_FLAGS = 0x20;
const TRUN_DATA_OFFSET = 0x01;
const TRUN_DURATION = 0x100;
const TRUN_SIZE = 0x200;
const TRUN_FLAGS = 0x400;
const TRUN_CTS = 0x800;

/** What goes into tfhd once instead of into trun for each sample, and the sizes that follow from it. */
interface Layout {
  readonly commonDuration: boolean;
  readonly commonKind: boolean;
  readonly hasCts: boolean;
  readonly trunBytes: number;
  readonly trafBytes: number;
  readonly moofBytes: number;
  readonly mdatBytes: number;
}

function layOut({ samples }: Fragment): Layout {
  const [first] = samples;
  let commonDuration = true;
  let commonKind = true;
  let hasCts = false;
  let dataBytes = 0;
  for (const sample of samples) {
    if (sample.duration !== first?.duration) commonDuration = false;
    if (sample.isKey !== first?.isKey) commonKind = false;
    if (sample.cts !== 0) hasCts = true;
    dataBytes += sample.data.length;
  }
  const perSample = 4 + (commonDuration ? 0 : 4) + (commonKind ? 0 : 4) + (hasCts ? 4 : 0);
  const trunBytes = 20 + samples.length * perSample;
  const tfhdBytes = 16 + (commonDuration ? 4 : 0) + (commonKind ? 4 : 0);
  const trafBytes = 8 + tfhdBytes + 20 + trunBytes;
  return {
    commonDuration,
    commonKind,
    hasCts,
    trunBytes,
    trafBytes,
    moofBytes: 8 + 16 + trafBytes,
    mdatBytes: 8 + dataBytes,
  };
}

/** Writes numbers one after the other. */
class Cursor {
  readonly #target: Buffer;
  offset: number;

  constructor(target: Buffer, offset: number) {
    this.#target = target;
    this.offset = offset;
  }

  word(value: number): void {
    this.offset = this.#target.writeUInt32BE(value >>> 0, this.offset);
  }

  box(bytes: number, type: string): void {
    this.word(bytes);
    this.offset += this.#target.write(type, this.offset, 'latin1');
  }

  long(value: number): void {
    this.offset = this.#target.writeBigUInt64BE(BigInt(value), this.offset);
  }

  data(bytes: Uint8Array): void {
    this.#target.set(bytes, this.offset);
    this.offset += bytes.length;
  }
}

/** Bytes of fragments one after the other, in one allocation, and where each begins. */
export function buildFragments(fragments: readonly Fragment[]): { bytes: Buffer; offsets: number[] } {
  const layouts = fragments.map(layOut);
  const length = layouts.reduce((sum, { moofBytes, mdatBytes }) => sum + moofBytes + mdatBytes, 0);
  // Not from Node's shared pool: these bytes live long, and would hold a whole slab of it.
  const bytes = Buffer.allocUnsafeSlow(length);
  const cursor = new Cursor(bytes, 0);
  const offsets: number[] = [];
  fragments.forEach((fragment, index) => {
    const layout = layouts[index];
    if (layout === undefined) return;
    offsets.push(cursor.offset);
    writeFragment(cursor, fragment, layout);
  });
  return { bytes, offsets };
}

/** Bytes of one moof+mdat. */
export function buildFragment(fragment: Fragment): Buffer {
  return buildFragments([fragment]).bytes;
}

function writeFragment(cursor: Cursor, fragment: Fragment, layout: Layout): void {
  cursor.box(layout.moofBytes, 'moof');
  cursor.box(16, 'mfhd');
  cursor.word(0);
  cursor.word(fragment.sequenceNumber);
  cursor.box(layout.trafBytes, 'traf');
  writeTrackHeader(cursor, fragment, layout);
  cursor.box(20, 'tfdt');
  cursor.word(0x01000000);
  cursor.long(fragment.baseMediaDecodeTime);
  writeRun(cursor, fragment, layout);
  cursor.box(layout.mdatBytes, 'mdat');
  for (const sample of fragment.samples) cursor.data(sample.data);
}

function writeTrackHeader(cursor: Cursor, { trackId, samples }: Fragment, layout: Layout): void {
  const { commonDuration, commonKind } = layout;
  cursor.box(16 + (commonDuration ? 4 : 0) + (commonKind ? 4 : 0), 'tfhd');
  cursor.word(
    TFHD_DEFAULT_BASE_IS_MOOF | (commonDuration ? TFHD_DURATION : 0) | (commonKind ? TFHD_FLAGS : 0),
  );
  cursor.word(trackId);
  if (commonDuration) cursor.word(samples[0]?.duration ?? 0);
  if (commonKind) cursor.word(samples[0]?.isKey === true ? KEY_FLAGS : NON_KEY_FLAGS);
}

/** Version 1, so that composition offsets may be negative. */
function writeRun(cursor: Cursor, { samples }: Fragment, layout: Layout): void {
  const { commonDuration, commonKind, hasCts } = layout;
  const optional =
    (commonDuration ? 0 : TRUN_DURATION) | (commonKind ? 0 : TRUN_FLAGS) | (hasCts ? TRUN_CTS : 0);
  cursor.box(layout.trunBytes, 'trun');
  cursor.word(0x01000000 | TRUN_DATA_OFFSET | TRUN_SIZE | optional);
  cursor.word(samples.length);
  cursor.word(layout.moofBytes + 8);
  for (const sample of samples) {
    if (!commonDuration) cursor.word(sample.duration);
    cursor.word(sample.data.length);
    if (!commonKind) cursor.word(sample.isKey ? KEY_FLAGS : NON_KEY_FLAGS);
    if (hasCts) cursor.word(sample.cts);
  }
}
