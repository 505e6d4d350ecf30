import { sessionState } from '@maydan/contracts';
import type { Session, SessionState } from '@maydan/contracts';
import { stageOf } from './stage.ts';

const session = (state: SessionState, playable: boolean, recording: Session['recording'] = 'none') => ({
  state,
  recording,
  playback: { playbackId: 'p'.repeat(16), hlsUrl: '/x.m3u8', playable, posterUrl: null, storyboardUrl: null },
});

describe('stageOf', () => {
  it('shows a player for everything that can be played', () => {
    const kinds = sessionState.options.map((state) => [state, stageOf(session(state, true)).kind]);
    expect(Object.fromEntries(kinds)).toEqual({
      idle: 'message',
      starting: 'player',
      live: 'player',
      interrupted: 'player',
      ending: 'player',
      ended: 'player',
      failed: 'player',
    });
  });

  it('keeps the player over an interruption and a return', () => {
    expect(stageOf(session('live', true))).toEqual({ kind: 'player', ended: false, interrupted: false });
    expect(stageOf(session('interrupted', true))).toEqual({
      kind: 'player',
      ended: false,
      interrupted: true,
    });
    expect(stageOf(session('starting', true))).toEqual({ kind: 'player', ended: false, interrupted: true });
    expect(stageOf(session('ended', true))).toEqual({ kind: 'player', ended: true, interrupted: false });
  });

  it('says why there is nothing to play', () => {
    const messages = (['idle', 'starting', 'live', 'ended', 'failed'] as const).map((state) => {
      const stage = stageOf(session(state, false));
      return stage.kind === 'message' ? stage.message : stage.kind;
    });
    expect(messages).toEqual(['idle', 'starting', 'starting', 'noRecording', 'failed']);
    const taken = (['ending', 'ended', 'failed'] as const).flatMap((state) =>
      (['hidden', 'deleted'] as const).map((recording) => stageOf(session(state, false, recording))),
    );
    const [hidden, deleted] = (['recordingHidden', 'recordingDeleted'] as const).map((message) => ({
      ...{ kind: 'message', message },
    }));
    expect(taken).toEqual([hidden, deleted, hidden, deleted, hidden, deleted]);
    // Moderators play what is hidden.
    expect(stageOf(session('ended', true, 'hidden')).kind).toBe('player');
  });
});
