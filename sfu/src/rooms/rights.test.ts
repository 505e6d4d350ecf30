import { checkProduction, checkReceiving, checkTransport } from './rights.ts';

describe('rights', () => {
  it.each([
    ['host', 'webrtc', 'send'],
    ['cohost', 'webrtc', 'receive'],
    ['viewer', 'webrtc', 'receive'],
    ['egress', 'plain', 'receive'],
    ['ingress', 'plain', 'send'],
  ] as const)('let a %s have a %s transport to %s', (role, kind, direction) => {
    expect(() => checkTransport(role, kind, direction)).not.toThrow();
  });

  it.each([
    ['viewer', 'webrtc', 'send'],
    ['host', 'plain', 'send'],
    ['egress', 'plain', 'send'],
    ['egress', 'webrtc', 'receive'],
    ['ingress', 'plain', 'receive'],
  ] as const)('refuse a %s a %s transport to %s', (role, kind, direction) => {
    expect(() => checkTransport(role, kind, direction)).toThrow(
      expect.objectContaining({ code: 'forbidden' }),
    );
  });

  it('know who sends what', () => {
    expect(() => checkProduction('cohost', 'audio', { kind: 'audio', source: 'microphone' })).not.toThrow();
    expect(() => checkProduction('cohost', 'audio', { kind: 'video', source: 'camera' })).toThrow(
      'audio session',
    );
    expect(() => checkProduction('host', 'video', { kind: 'video', source: 'microphone' })).toThrow(
      'not video',
    );
    expect(() => checkProduction('viewer', 'video', { kind: 'audio', source: 'microphone' })).toThrow(
      'on stage',
    );
    expect(() => checkReceiving('ingress')).toThrow();
  });
});
