import { machine } from './measure.ts';

/** `npm run bench -- NAME [rounds]`: each benchmark prints its table and whether the bars hold. */
const benches: Record<string, () => Promise<{ run: (rounds?: number) => Promise<boolean> }>> = {
  'chat-dm': () => import('./chatBench.ts'),
  'chat-room': () => import('./chatRoomBench.ts'),
  composite: () => import('./compositeBench.ts'),
  gifts: () => import('./giftsBench.ts'),
  history: () => import('./historyBench.ts'),
  login: () => import('./loginBench.ts'),
  latency: () => import('./latencyBench.ts'),
  ladder: () => import('./ladderBench.ts'),
  origin: () => import('./originBench.ts'),
  restream: () => import('./restreamBench.ts'),
  search: () => import('./searchBench.ts'),
  sfu: () => import('./sfuBench.ts'),
  viewers: () => import('./viewersBench.ts'),
  vod: () => import('./vodBench.ts'),
  'webrtc-latency': () => import('./webrtcLatencyBench.ts'),
};

const [name = '', rounds] = process.argv.slice(2);
const load = benches[name];
if (load === undefined) {
  console.error(`Which benchmark? npm run bench -- ${Object.keys(benches).join(' | ')}`);
  process.exit(2);
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
console.log(`${name} on ${machine()}`);
const bench = await load();
const met = await bench.run(rounds === undefined ? undefined : Number(rounds));
process.exit(met ? 0 : 1);
