import { Registry } from 'prom-client';
import { promOriginMetrics } from './promOriginMetrics.ts';

describe("the origin's figures", () => {
  it('count held requests, answers by kind and status, bytes and part latency', async () => {
    const registry = new Registry();
    const metrics = promOriginMetrics(registry);
    metrics.blocked(3);
    metrics.blocked(-1);
    metrics.answered('playlist', 200, 100);
    metrics.answered('playlist', 200, 50);
    metrics.answered('part', 404, 0);
    metrics.partOffered(0.4);
    const text = await registry.metrics();
    expect(text).toContain('maydan_origin_blocked_requests 2');
    expect(text).toContain('maydan_origin_answers_total{kind="playlist",status="200"} 2');
    expect(text).toContain('maydan_origin_answers_total{kind="part",status="404"} 1');
    expect(text).toContain('maydan_origin_body_bytes_total{kind="playlist"} 150');
    expect(text).toContain('maydan_origin_part_latency_seconds_bucket{le="0.5"} 1');
  });
});
