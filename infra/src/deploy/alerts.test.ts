import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { root } from '../setup/paths.ts';

const rule = z.strictObject({
  alert: z.string().regex(/^Maydan[A-Z]\w+$/),
  expr: z.string().min(1),
  for: z
    .string()
    .regex(/^\d+[smh]$/)
    .optional(),
  labels: z.strictObject({ severity: z.enum(['page', 'ticket']) }),
  annotations: z.strictObject({ summary: z.string().min(1), description: z.string().min(1) }),
});
const file = z.strictObject({
  groups: z.array(z.strictObject({ name: z.string(), rules: z.array(rule).min(1) })).min(1),
});

const rules = file
  .parse(parse(readFileSync(join(root, 'infra/prometheus/alerts.yml'), 'utf8')))
  .groups.flatMap((group) => group.rules);

/** Where metrics are made. */
const sources = globSync('{api,common,ingest,sfu,workers}/src/**/*.ts', { cwd: root })
  .filter((path) => !path.endsWith('.test.ts'))
  .map((path) => readFileSync(join(root, path), 'utf8'))
  .filter((text) => text.includes('prom-client'));

/** Functions and words of PromQL that the rules use. */
const words = new Set([
  ...['absent', 'and', 'by', 'increase', 'max', 'min', 'or', 'rate', 'sum', 'time'],
  // Of Prometheus itself.
  'up',
]);

interface Selector {
  readonly name: string;
  readonly labels: readonly string[];
}

/** Names in an expression, with the labels that are asked for. What the rules don't use, as offsets, is not read. */
function selectorsOf(expr: string): Selector[] {
  const bare = expr.replace(/\bby\s*\([^)]*\)/g, 'by').replace(/\[[^\]]*\]/g, '');
  return [...bare.matchAll(/([a-zA-Z_:][\w:]*)(\{[^}]*\})?/g)].map(([, name = '', matchers = '']) => {
    const labels = [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label);
    return { name, labels };
  });
}

/** The source of a metric: its whole name, or a name behind a prefix of the file. */
function sourceOf(metric: string): string | undefined {
  const name = metric.replace(/_(count|sum|bucket)$/, '');
  return sources.find((text) => {
    if (text.includes(`'${name}'`)) return true;
    const prefixes = [...text.matchAll(/`(maydan_\w+_)\$\{/g)].map(([, prefix = '']) => prefix);
    return prefixes.some(
      (prefix) => name.startsWith(prefix) && text.includes(`'${name.slice(prefix.length)}'`),
    );
  });
}

describe('the rules for Prometheus', () => {
  it('have each a name of its own, and are well formed', () => {
    const names = rules.map(({ alert }) => alert);
    expect(new Set(names).size).toBe(names.length);
    for (const { alert, expr } of rules) {
      const open = expr.replace(/"[^"]*"/g, '');
      const count = (mark: string): number => open.split(mark).length;
      const pairs = ['()', '{}', '[]'].map(([first = '', last = '']) => count(first) - count(last));
      expect([alert, ...pairs]).toEqual([alert, 0, 0, 0]);
      expect(expr).toMatch(/[<>=]|absent|increase/);
    }
  });

  it('ask for metrics that there are, by labels that they have', () => {
    let asked = 0;
    for (const { alert, expr } of rules) {
      for (const { name, labels } of selectorsOf(expr)) {
        if (words.has(name) && name !== 'up') continue;
        asked++;
        const source = name === 'up' ? '' : sourceOf(name);
        expect([alert, name, source === undefined]).toEqual([alert, name, false]);
        for (const label of labels.filter((one) => one !== 'job'))
          expect([alert, label, source?.includes(`'${label}'`)]).toEqual([alert, label, true]);
      }
    }
    expect(asked).toBeGreaterThan(rules.length);
  });

  it('cover the books, restreams and processes that are gone', () => {
    const about = (word: string) => rules.filter(({ expr }) => expr.includes(word)).length;
    for (const word of ['maydan_api_ledger_problems', 'maydan_workers_restream_targets', 'up{job="maydan"}'])
      expect([word, about(word) > 0]).toEqual([word, true]);
    // A name that there is no metric of is found out.
    expect(sourceOf('maydan_api_ledger_trouble')).toBeUndefined();
    expect(sourceOf('maydan_workers_upload_lag_minutes')).toBeUndefined();
  });
});
