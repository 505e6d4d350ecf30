import { mediaSource } from '@maydan/contracts';
import type { MediaSource } from '@maydan/contracts';
import type { LocalMedia, LocalSource } from './LocalMedia.ts';
import type { StageClient } from './StageClient.ts';

/** What has to be told to the client when a source goes from one state to another. */
export function changeOf(
  before: LocalSource,
  now: LocalSource,
): 'send' | 'mute' | 'unmute' | 'stop' | 'nothing' {
  if (now.track === null) return before.track === null ? 'nothing' : 'stop';
  if (now.track !== before.track) return now.on ? 'send' : 'nothing';
  if (now.on === before.on) return 'nothing';
  return now.on ? 'unmute' : 'mute';
}

/** Sends what the person's devices give, and follows every change, until the returned function is called. */
export function sendLocal(client: StageClient, local: LocalMedia): () => void {
  const sent = new Map<MediaSource, LocalSource>();
  const sync = (): void => {
    const state = local.snapshot();
    for (const source of mediaSource.options) {
      const now = state[source];
      const before = sent.get(source) ?? { track: null, on: false };
      sent.set(source, now);
      apply(client, source, now, changeOf(before, now));
    }
  };
  const unsubscribe = local.subscribe(sync);
  sync();
  return unsubscribe;
}

function apply(
  client: StageClient,
  source: MediaSource,
  now: LocalSource,
  change: ReturnType<typeof changeOf>,
): void {
  if (change === 'send' && now.track) client.send(source, now.track);
  if (change === 'stop') client.stopSending(source);
  if (change === 'mute' || change === 'unmute') client.setMuted(source, change === 'mute');
}
