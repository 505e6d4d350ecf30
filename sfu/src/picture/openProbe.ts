import type { types } from 'mediasoup';
import type { OpenProbe, ProbeThread } from './ProbeThread.ts';

export interface ProbePlace {
  readonly router: types.Router;
  readonly thread: ProbeThread;
  readonly portRange: types.TransportPortRange;
}

/**
 * A transport whose packets the probes' thread reads, over loopback; the probe ends with it. `open` gets its port.
 * @throws what mediasoup throws, also when the Router is closed; Error when the thread is gone.
 */
export async function openProbe(
  { router, thread, portRange }: ProbePlace,
  open: (from: number) => Promise<OpenProbe>,
): Promise<{ transport: types.PlainTransport; probe: number }> {
  const transport = await router.createPlainTransport({
    listenInfo: { protocol: 'udp', ip: '127.0.0.1', portRange },
    rtcpMux: true,
  });
  try {
    const { probe, port } = await open(transport.tuple.localPort);
    // A Router that was closed meanwhile has closed it already, and nobody would be told any more.
    if (transport.closed) thread.closeProbe(probe);
    else transport.observer.once('close', () => thread.closeProbe(probe));
    await transport.connect({ ip: '127.0.0.1', port });
    return { transport, probe };
  } catch (error) {
    transport.close();
    throw error;
  }
}
