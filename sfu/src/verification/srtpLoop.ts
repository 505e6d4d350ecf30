import type { types } from 'mediasoup';
import { carry, opus } from './carry.ts';

const suites: readonly types.SrtpCryptoSuite[] = [
  'AEAD_AES_256_GCM',
  'AEAD_AES_128_GCM',
  'AES_CM_128_HMAC_SHA1_80',
  'AES_CM_128_HMAC_SHA1_32',
];

/**
 * Sends RTP between two routers of a Worker over real sockets, encrypted with each SRTP suite.
 * @throws Error naming the suite that does not work.
 */
export async function srtpLoop(worker: types.Worker): Promise<void> {
  for (const suite of suites) await loopOnce(worker, suite);
}

async function loopOnce(worker: types.Worker, suite: types.SrtpCryptoSuite): Promise<void> {
  const [from, to] = await Promise.all([createSide(worker, suite), createSide(worker, suite)]);
  try {
    await from.transport.connect(addressOf(to.transport));
    await to.transport.connect(addressOf(from.transport));
    await carry(suite, from, to);
  } finally {
    from.router.close();
    to.router.close();
  }
}

async function createSide(worker: types.Worker, suite: types.SrtpCryptoSuite) {
  const router = await worker.createRouter({ mediaCodecs: [opus] });
  const transport = await router.createPlainTransport({
    listenInfo: { protocol: 'udp', ip: '127.0.0.1' },
    rtcpMux: true,
    enableSrtp: true,
    srtpCryptoSuite: suite,
  });
  return { router, transport };
}

function addressOf(transport: types.PlainTransport) {
  return {
    ip: '127.0.0.1',
    port: transport.tuple.localPort,
    srtpParameters: transport.srtpParameters,
  };
}
