import { replyOf } from '../compose/composerProtocol.ts';
import { MessageReader, messageOf } from './messages.ts';

describe('messages to and from native programs', () => {
  const bytes = Buffer.concat([
    ...messageOf(3, [7, 4_000_000_000]),
    ...messageOf(9, []),
    ...messageOf(1, [5], [Buffer.from('ab'), Buffer.from('c')]),
  ]);
  const expected = [
    [3, '0700000000286bee'],
    [9, ''],
    [1, '05000000616263'],
  ];

  it.each([1, 3, 8, 1_000])('are read in chunks of %i bytes as they were written', (chunk) => {
    const reader = new MessageReader();
    const read: unknown[] = [];
    for (let at = 0; at < bytes.length; at += chunk) {
      for (const { type, body } of reader.push(bytes.subarray(at, at + chunk)))
        read.push([type, body.toString('hex')]);
    }
    expect(read).toEqual(expected);
  });

  it('are not waited for when they claim to be longer than any', () => {
    const reader = new MessageReader();
    reader.push(bytes);
    expect(() => reader.push(Buffer.from('01000001' + '02000000', 'hex'))).toThrow(RangeError);
  });

  it.each([
    ['unknown', 77, ''],
    ['a configuration without parameter sets', 1, '00000000'],
    ['too short', 3, '0000'],
  ])('are refused when %s', (_name, type, body) => {
    expect(() => replyOf({ type, body: Buffer.from(body, 'hex') })).toThrow(RangeError);
  });
});
