import type { GiftAssetKind } from '@maydan/contracts';
import { problemOf } from './assetContent.ts';

const lottie = { v: '5.7.0', fr: 30, ip: 0, op: 60, w: 100, h: 100, layers: [{ ty: 4, shapes: [] }] };
const json = (change: object = {}): string => JSON.stringify({ ...lottie, ...change });

describe('an icon or animation of a gift', () => {
  it.each<[string, GiftAssetKind, string, string | null]>([
    ['a Lottie document', 'lottie', json(), null],
    [
      'one with a picture in it',
      'lottie',
      json({ assets: [{ u: '', p: 'data:image/png;base64,AA==' }] }),
      null,
    ],
    ['half of one', 'lottie', json().slice(5), 'is not JSON'],
    ['other JSON', 'lottie', '{"a":1}', 'is not a Lottie document'],
    ['one without an end', 'lottie', json({ op: 0 }), 'is not a Lottie document'],
    [
      'one with an expression',
      'lottie',
      json({ layers: [{ ty: 4, ks: { o: { x: 'alert(1)' } } }] }),
      'has expressions',
    ],
    [
      'one with a picture elsewhere',
      'lottie',
      json({ assets: [{ u: 'https://x.org/', p: 'a.png' }] }),
      'loads something',
    ],
    ['an SVG', 'svg', '<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>', null],
    ['a page', 'svg', '<html></html>', 'is not SVG'],
    ['an SVG with a script', 'svg', '<svg><script>1</script></svg>', 'runs or loads something'],
    ['one with a handler', 'svg', '<svg><path onload="x()"/></svg>', 'runs or loads something'],
    [
      'one with an address',
      'svg',
      '<svg><path fill="url(https://x.org/a)"/></svg>',
      'runs or loads something',
    ],
    ['text', 'webp', 'RIFF1234WAVE', 'is not WebP'],
    ['a WebP', 'webp', 'RIFF1234WEBPVP8X', null],
    ['text', 'png', 'PNG', 'is not PNG'],
  ])('of %s (%s) is looked at', (_, kind, text, problem) => {
    expect(problemOf(kind, Buffer.from(text))).toBe(problem);
  });

  it('of a PNG by its first bytes', () => {
    expect(problemOf('png', Buffer.from('89504e470d0a1a0a00', 'hex'))).toBeNull();
  });

  it('does not go deeper than there is to see', () => {
    const deep = Array.from({ length: 100 }).reduce<unknown>((inner) => [inner], 1);
    expect(problemOf('lottie', Buffer.from(json({ meta: deep })))).toBe('is nested too deep');
  });
});
