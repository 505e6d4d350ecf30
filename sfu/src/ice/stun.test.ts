import { answeredTransaction, bindingRequest } from './stun.ts';

/** RFC 5769, section 2.2. */
const password = 'VOkJxbRl1RmTxUk/WvJxBt';
const answer = Buffer.from(
  '0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000080001a147e112a643' +
    '000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96',
  'hex',
);

describe('the answer to a check', () => {
  it('is known by its signature', () => {
    expect(answeredTransaction(answer, password)?.toString('hex')).toBe('b7e7a701bc34d686fa87dfae');
    expect(answeredTransaction(answer, 'another')).toBeNull();
    const changed = Buffer.from(answer);
    changed.writeUInt8(1, 45);
    expect(answeredTransaction(changed, password)).toBeNull();
  });

  it('is none when it is cut off, a request, or no STUN', () => {
    for (let length = 0; length < 68; length++)
      expect(answeredTransaction(answer.subarray(0, length), password)).toBeNull();
    const request = bindingRequest({ usernameFragment: 'them', password });
    expect(answeredTransaction(request, password)).toBeNull();
    expect(answeredTransaction(Buffer.alloc(100, 0xff), password)).toBeNull();
  });
});
