import { readFileSync } from 'node:fs';
import { endReason, healthWarning, leaveReason, sessionState, stageWarning } from '@maydan/contracts';

interface Catalogue {
  readonly [key: string]: string | Catalogue;
}

const read = (name: string): Catalogue =>
  JSON.parse(readFileSync(new URL(`./${name}.json`, import.meta.url), 'utf8')) as Catalogue;

function entries(catalogue: Catalogue, prefix = ''): [string, string][] {
  return Object.entries(catalogue).flatMap(([key, value]) =>
    typeof value === 'string' ? [[`${prefix}${key}`, value]] : entries(value, `${prefix}${key}.`),
  );
}

const placeholders = (text: string): string[] => (text.match(/\{\{\w+\}\}/g) ?? []).sort();

describe('message catalogues', () => {
  const english = new Map(entries(read('en')));
  const arabic = new Map(entries(read('ar')));

  it('have the same keys in both languages', () => {
    expect([...arabic.keys()].sort()).toEqual([...english.keys()].sort());
  });

  it('have no empty text and the same placeholders', () => {
    for (const [key, text] of english) {
      const other = arabic.get(key) ?? '';
      expect([key, text.trim() !== '', other.trim() !== '']).toEqual([key, true, true]);
      expect([key, placeholders(other)]).toEqual([key, placeholders(text)]);
    }
  });

  it('write Arabic in Arabic', () => {
    const latin = [...arabic].filter(
      ([key, text]) => key !== 'app.language' && !/[\u0600-\u06ff{−]/.test(text),
    );
    expect(latin).toEqual([]);
  });

  it('name every state, end reason and health warning of the contracts', () => {
    const codes = [
      ...sessionState.options.map((code) => `state.${code}`),
      ...endReason.options.map((code) => `endReason.${code}`),
      ...healthWarning.shape.code.options.flatMap((code) => [`health.${code}`, `advice.${code}`]),
      ...stageWarning.shape.code.options.flatMap((code) => [`stageWarning.${code}`, `advice.${code}`]),
      ...leaveReason.options.map((code) => `room.closed.${code}`),
    ];
    expect(codes.filter((code) => !english.has(code))).toEqual([]);
  });
});
