import { AppError, createLogger } from '@maydan/common';
import * as mediasoup from 'mediasoup';
import type { types } from 'mediasoup';
import { ProbeThread } from '../picture/ProbeThread.ts';
import { levelPacket, tellingRtp } from '../testing/rtp.ts';
import { until } from '../testing/until.ts';
import { workerBin } from '../testing/workerBin.ts';
import { LevelMeters } from './LevelMeters.ts';
import { mediaCodecs } from './mediaCodecs.ts';
import { RoomProducer } from './RoomProducer.ts';
import { SpeakerWatch } from './SpeakerWatch.ts';

const logger = createLogger('sfu', 'silent');
const thread = new ProbeThread(logger);
const portRange = { min: 40_100, max: 49_999 };
let worker: types.Worker;
let router: types.Router;
beforeAll(async () => {
  worker = await mediasoup.createWorker({ workerBin: workerBin(), logLevel: 'error' });
  router = await worker.createRouter({ mediaCodecs: [...mediaCodecs] });
});
afterAll(async () => {
  worker.close();
  await thread.close();
});

/** Of another node: comes in by a pipe, which may break. */
function piped(open: () => Promise<types.Producer>): RoomProducer {
  return new RoomProducer({
    ...{ id: 'microphone', kind: 'audio', source: 'microphone', codec: 'audio/opus', encodings: [] },
    owner: { peerId: 'ann', userId: null, displayName: 'Ann', role: 'host' },
    ...{ tellsLevel: true, ownerPaused: false, hostPaused: false, nodeId: 'other' },
    origin: { open: async () => ({ producer: await open(), router }), setPaused: () => Promise.resolve() },
    portRange,
  });
}

it('hears somebody of another node whose pipe could not be made, and again when it broke', async () => {
  const transport = await router.createDirectTransport();
  const pipes: types.Producer[] = [];
  let refusals = 1;
  const microphone = piped(async () => {
    if (refusals-- > 0) throw new AppError('unavailable');
    const pipe = await transport.produce({ kind: 'audio', rtpParameters: tellingRtp() });
    pipes.push(pipe);
    return pipe;
  });
  const watch = new SpeakerWatch(router, new LevelMeters({ thread, portRange, logger }), logger);
  const over = watch.add(microphone);
  let sequence = 0;
  const voice = setInterval(() => {
    const pipe = pipes.at(-1);
    if (pipe?.closed === false) pipe.send(levelPacket(sequence++, 20));
  }, 20);
  try {
    await until('a speaker', () => watch.speaker === 'ann');
    expect([pipes.length, watch.levels]).toEqual([1, [{ peerId: 'ann', dBov: -20 }]]);
    pipes[0]?.close();
    await until('silence', () => watch.speaker === null);
    await until('the speaker again', () => watch.speaker === 'ann');
    expect(pipes).toHaveLength(2);
    microphone.close();
    expect(watch.speaker).toBeNull();
    pipes[1]?.close();
    await over;
    expect(pipes).toHaveLength(2);
  } finally {
    clearInterval(voice);
  }
});
