import { presign } from './presign.ts';

describe('presign', () => {
  it('signs as AWS documents it', () => {
    const address = presign(
      {
        method: 'GET',
        host: 'examplebucket.s3.amazonaws.com',
        path: '/test.txt',
        at: new Date('2013-05-24T00:00:00Z'),
        expiresSec: 86_400,
      },
      {
        accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
        secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
        region: 'us-east-1',
      },
    );
    expect(address).toMatch(
      /^\/test\.txt\?.*X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404$/,
    );
  });
});
