import type { Notification } from '@maydan/contracts';
import { UnrecoverableError } from 'bullmq';
import { fcmError } from '../testing/FcmEndpoint.ts';
import type { Answered } from './askGoogle.ts';
import { fcmMessage, fcmOutcome, isAccessRefused } from './fcm.ts';
import { pushOf } from './pushOf.ts';
import { PushPutOff } from './PushSender.ts';

const id = '0198c5c6-0000-7000-8000-000000000001';
const at = new Date('2026-01-01T00:00:00.900Z');
const shared = { id, actors: [], actorCount: 0, count: 1, at: at.toISOString(), readAt: null };
function answered(status: number, body?: unknown, retryAfterSec: number | null = null): Answered {
  return { status, body, retryAfterSec };
}
function thrownBy(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

describe('a message', () => {
  it('has the text, what the app opens, and how long and how urgently it is kept', () => {
    const message: Notification = { ...shared, type: 'message', data: { conversationId: id }, actorCount: 1 };
    expect(fcmMessage('token', pushOf(message, 'message:1', 'ar'), at)).toEqual({
      token: 'token',
      notification: { title: 'شخص ما', body: 'رسالة جديدة' },
      data: { id, type: 'message', data: `{"conversationId":"${id}"}` },
      android: {
        ...{ priority: 'HIGH', ttl: '86400s', collapse_key: expect.any(String) },
        notification: { tag: expect.any(String) },
      },
      apns: {
        headers: {
          'apns-expiration': String(Date.parse('2026-01-02T00:00:00Z') / 1_000),
          'apns-priority': '10',
          'apns-collapse-id': expect.stringMatching(/^[\w-]{43}$/),
        },
      },
    });
  });

  it('is of its group, in 64 bytes at most, and of no other', () => {
    const follow: Notification = { ...shared, type: 'follow', data: {} };
    const groupsOf = (groupKey: string) => {
      const { android, apns } = fcmMessage('token', pushOf(follow, groupKey, 'en'), at) as {
        android: { collapse_key: string; priority: string; notification: { tag: string } };
        apns: { headers: Record<string, string> };
      };
      expect([android.priority, apns.headers['apns-priority']]).toEqual(['NORMAL', '5']);
      return [android.collapse_key, android.notification.tag, apns.headers['apns-collapse-id']];
    };
    const [one, ...same] = groupsOf('x'.repeat(1_000));
    expect(same).toEqual([one, one]);
    expect(one?.length).toBeLessThanOrEqual(64);
    expect(groupsOf('x'.repeat(1_000))[0]).toBe(one);
    expect(groupsOf('x'.repeat(999))[0]).not.toBe(one);
  });

  it('fits into the 4,096 bytes of a push, also with the longest texts', () => {
    const long = { en: 'a'.repeat(500), ar: 'م'.repeat(500) };
    const title = 'م'.repeat(200);
    const all: Notification[] = [
      { ...shared, type: 'system', data: { title: long, body: long } },
      { ...shared, type: 'stream', data: { sessionId: id, title, sessionType: 'audio' } },
      { ...shared, type: 'comment', data: { videoId: id, title } },
    ];
    for (const told of all) {
      const message = fcmMessage('token', pushOf(told, 'group', 'ar'), at);
      expect(Buffer.byteLength(JSON.stringify(message))).toBeLessThan(4_096);
    }
  });
});

describe('what FCM answers', () => {
  it.each([
    ['a 404 for the token', answered(404, fcmError(404, 'NOT_FOUND', 'UNREGISTERED')), 'gone'],
    ['a 404 without details', answered(404, fcmError(404, 'NOT_FOUND')), 'gone'],
    [
      'a token that is none',
      answered(400, fcmError(400, 'INVALID_ARGUMENT', 'INVALID_ARGUMENT', 'message.token')),
      'gone',
    ],
    [
      'the same in words',
      answered(400, {
        error: {
          code: 400,
          status: 'INVALID_ARGUMENT',
          message: 'The registration token is not a valid FCM registration token',
          details: [{ '@type': 'x', errorCode: 'INVALID_ARGUMENT' }],
        },
      }),
      'gone',
    ],
    ['that it has it', answered(200, { name: 'projects/x/messages/1' }), 'sent'],
  ])('is, for %s: %s', (_, answer, outcome) => expect(fcmOutcome(answer)).toBe(outcome));

  it.each([
    ['a 404 of another server', answered(404, undefined)],
    [
      'a bad message',
      answered(400, fcmError(400, 'INVALID_ARGUMENT', 'INVALID_ARGUMENT', 'message.data[0].value')),
    ],
    ['a message that is too large', answered(400, fcmError(400, 'INVALID_ARGUMENT'))],
    ['the token of another project', answered(403, fcmError(403, 'PERMISSION_DENIED', 'SENDER_ID_MISMATCH'))],
    ['Apple’s refusal', answered(401, fcmError(401, 'UNAUTHENTICATED', 'THIRD_PARTY_AUTH_ERROR'))],
    ['nonsense', answered(418, { error: 'no' })],
  ])('says nothing about the device, and is no reason to try again: %s', (_, answer) => {
    expect(thrownBy(() => fcmOutcome(answer))).toBeInstanceOf(UnrecoverableError);
    expect(isAccessRefused(answer)).toBe(false);
  });

  it.each([
    [answered(503, undefined, 7), 7],
    [answered(500), null],
    [answered(429, fcmError(429, 'RESOURCE_EXHAUSTED', 'QUOTA_EXCEEDED'), 3), 3],
    [answered(429), 60],
    [answered(401, fcmError(401, 'UNAUTHENTICATED')), null],
  ])('is a reason to try again later: %j', (answer, retryAfterSec) => {
    const thrown = thrownBy(() => fcmOutcome(answer));
    expect(thrown).toBeInstanceOf(PushPutOff);
    expect(thrown).toMatchObject({ retryAfterSec });
    expect(isAccessRefused(answer)).toBe(answer.status === 401);
  });
});
