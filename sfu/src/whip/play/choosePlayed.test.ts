import { choosePlayed, type Choosable } from './choosePlayed.ts';

interface Named extends Choosable {
  readonly name: string;
}

function producer(
  name: string,
  source: Choosable['source'],
  role: 'host' | 'ingress' | 'cohost' = 'host',
): Named {
  const kind = source === 'camera' || source === 'screen' ? 'video' : 'audio';
  return { name, kind, source, pausedBy: null, owner: { role } };
}
const order = (kind: 'audio' | 'video', ...producers: Named[]): string[] =>
  choosePlayed(producers, kind).map(({ name }) => name);

describe('what a player is shown', () => {
  it("is the host's before a co-host's, an encoder's being the host's", () => {
    const cohost = producer('cohost', 'camera', 'cohost');
    expect(order('video', producer('host', 'camera'), cohost)).toEqual(['host', 'cohost']);
    expect(order('video', producer('encoder', 'camera', 'ingress'), cohost)).toEqual(['encoder', 'cohost']);
    expect(order('video', cohost)).toEqual(['cohost']);
  });

  it('is a shared screen before a camera, and a voice before the sound of a screen', () => {
    expect(order('video', producer('screen', 'screen'), producer('camera', 'camera'))).toEqual([
      'screen',
      'camera',
    ]);
    expect(order('audio', producer('tab', 'screenAudio'), producer('voice', 'microphone'))).toEqual([
      'voice',
      'tab',
    ]);
  });

  it('is the newest of equals', () => {
    expect(order('video', producer('old', 'camera'), producer('new', 'camera', 'ingress'))).toEqual([
      'new',
      'old',
    ]);
  });

  it('is not what is paused, while there is anything else', () => {
    const muted: Named = { ...producer('muted', 'microphone'), pausedBy: 'owner' };
    expect(order('audio', muted, producer('cohost', 'microphone', 'cohost'))).toEqual(['cohost', 'muted']);
    expect(order('audio', muted)).toEqual(['muted']);
  });

  it('is of its kind only', () => {
    expect(order('audio', producer('camera', 'camera'))).toEqual([]);
  });
});
