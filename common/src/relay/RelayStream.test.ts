import { RelayStream, type FlvTag, type TagKind } from './RelayStream.ts';

const tag = (kind: TagKind, name: string, track = 0): FlvTag => ({ kind, track, bytes: Buffer.from(name) });

/** Tags are named in the order of the test; a consumer tells the names it was given. */
function join(stream: RelayStream) {
  const seen = { names: '', ended: 0 };
  const leave = stream.join({
    write: ({ bytes }) => (seen.names += `${bytes.toString()} `),
    end: () => (seen.ended += 1),
  });
  return { seen, leave };
}

function play(stream: RelayStream, tags: readonly [TagKind, string][]): void {
  for (const [kind, name] of tags) stream.push(tag(kind, name));
}

const opening: [TagKind, string][] = [
  ['metadata', 'm'],
  ['videoConfig', 'v'],
  ['audioConfig', 'a'],
  ['keyFrame', 'K1'],
  ['audio', 's1'],
  ['frame', 'f1'],
];

describe('a relay stream', () => {
  it('passes everything on in order to who is there', () => {
    const stream = new RelayStream();
    const { seen } = join(stream);
    play(stream, opening);
    expect(seen.names).toBe('m v a K1 s1 f1 ');
  });

  it('begins with the configuration and the last key frame for who joins later', () => {
    const stream = new RelayStream();
    play(stream, [...opening, ['keyFrame', 'K2'], ['frame', 'f2']]);
    const { seen } = join(stream);
    stream.push(tag('frame', 'f3'));
    expect(seen.names).toBe('m v a K2 f2 f3 ');
  });

  it('gives who joins the configuration that the cached key frame needs, and changes at their place', () => {
    const stream = new RelayStream();
    play(stream, [...opening, ['videoConfig', 'v2']]);
    expect(join(stream).seen.names).toBe('m v a K1 s1 f1 v2 ');
    stream.push(tag('keyFrame', 'K2'));
    expect(join(stream).seen.names).toBe('m v2 a K2 ');
  });

  it('keeps the configuration of each track', () => {
    const stream = new RelayStream();
    play(stream, opening);
    stream.push(tag('videoConfig', 'w', 1));
    stream.push(tag('keyFrame', 'K2'));
    expect(join(stream).seen.names).toBe('m v a w K2 ');
  });

  it.each([
    ['tags', { tags: 2, bytes: 100 }],
    ['bytes', { tags: 100, bytes: 5 }],
  ])('forgets a GOP of too many %s and lets who joins wait for a key frame', (_name, limits) => {
    const stream = new RelayStream(limits);
    const early = join(stream).seen;
    play(stream, opening);
    const { seen } = join(stream);
    play(stream, [
      ['frame', 'f2'],
      ['audio', 's2'],
      ['keyFrame', 'K2'],
      ['frame', 'f3'],
    ]);
    expect(seen.names).toBe('m v a s2 K2 f3 ');
    expect(early.names).toBe('m v a K1 s1 f1 f2 s2 K2 f3 ');
  });

  it('lets nobody wait for pictures when there are none', () => {
    const stream = new RelayStream();
    play(stream, [
      ['audioConfig', 'a'],
      ['audio', 's1'],
    ]);
    const { seen } = join(stream);
    stream.push(tag('audio', 's2'));
    expect(seen.names).toBe('a s2 ');
  });

  it('ends its consumers once, and those who come after the end at once', () => {
    const stream = new RelayStream();
    const { seen, leave } = join(stream);
    const gone = join(stream);
    gone.leave();
    play(stream, opening);
    stream.end();
    stream.end();
    stream.push(tag('frame', 'late'));
    leave();
    expect(seen).toEqual({ names: 'm v a K1 s1 f1 ', ended: 1 });
    expect(gone.seen).toEqual({ names: '', ended: 0 });
    expect(join(stream).seen.ended).toBe(1);
    expect(stream.consumerCount).toBe(0);
  });
});
