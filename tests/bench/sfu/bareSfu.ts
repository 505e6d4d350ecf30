import { createServer, type IncomingMessage } from 'node:http';
import * as mediasoup from 'mediasoup';
import type { types } from 'mediasoup';
import { mediaCodecs } from '../../../sfu/src/rooms/mediaCodecs.ts';

/**
 * The baseline of the benchmark `sfu`: what anybody would write around mediasoup in fifty lines. One Worker, one Router,
 * one publisher, any number of viewers, no rights, no limits. Speaks JSON over HTTP; prints its port.
 */
const worker = await mediasoup.createWorker({
  workerBin: process.env['MEDIASOUP_WORKER_BIN'],
  logLevel: 'warn',
});
const webRtcServer = await worker.createWebRtcServer({ listenInfos: [{ protocol: 'udp', ip: '127.0.0.1' }] });
const router = await worker.createRouter({ mediaCodecs });
const transports = new Map<string, types.WebRtcTransport>();
const consumers = new Map<string, types.Consumer>();
const producers: types.Producer[] = [];

interface Ask {
  transportId: string;
  consumerId: string;
  producerId: string;
  dtlsParameters: types.DtlsParameters;
  rtpParameters: types.RtpParameters;
  rtpCapabilities: types.RtpCapabilities;
  kind: types.MediaKind;
}

const answers: Record<string, (ask: Ask) => Promise<unknown>> = {
  '/room': async () => ({
    rtpCapabilities: router.rtpCapabilities,
    producers: producers.map(({ id, kind }) => ({ producerId: id, kind })),
  }),
  '/transport': async () => {
    const transport = await router.createWebRtcTransport({
      webRtcServer,
      initialAvailableOutgoingBitrate: 1_000_000,
    });
    transports.set(transport.id, transport);
    const { id, iceParameters, iceCandidates, dtlsParameters } = transport;
    return { transportId: id, iceParameters, iceCandidates, dtlsParameters };
  },
  '/connect': async ({ transportId, dtlsParameters }) =>
    transports.get(transportId)?.connect({ dtlsParameters }),
  '/produce': async ({ transportId, kind, rtpParameters }) => {
    const producer = await transports.get(transportId)?.produce({ kind, rtpParameters });
    if (producer !== undefined) producers.push(producer);
  },
  '/consume': async ({ transportId, producerId, rtpCapabilities }) => {
    const consumer = await transports
      .get(transportId)
      ?.consume({ producerId, rtpCapabilities, paused: true });
    if (consumer === undefined) return undefined;
    consumers.set(consumer.id, consumer);
    return { consumerId: consumer.id, rtpParameters: consumer.rtpParameters };
  },
  '/resume': async ({ consumerId }) => consumers.get(consumerId)?.resume(),
};

async function bodyOf(request: IncomingMessage): Promise<Ask> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return JSON.parse(text) as Ask;
}

const server = createServer((request, response) => {
  void bodyOf(request)
    .then((ask) => answers[request.url ?? '']?.(ask))
    .then((answer) => response.end(JSON.stringify(answer ?? {})));
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  console.log(typeof address === 'object' ? address?.port : '');
});
