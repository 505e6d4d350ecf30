import type { GiftAssetKind } from '@maydan/contracts';
import { z } from 'zod';

/** What of a Lottie document matters here: that a player can begin with it, and how much there is to draw. */
const lottieDocument = z.looseObject({
  v: z.string().max(20),
  fr: z.number().positive().max(120),
  ip: z.number(),
  op: z.number(),
  w: z.number().min(1).max(4_096),
  h: z.number().min(1).max(4_096),
  layers: z
    .array(z.looseObject({ ty: z.number() }))
    .min(1)
    .max(300),
});
const deepest = 40;
/** Under which players look for pictures and fonts. */
const addresses = new Set(['p', 'u', 'fPath']);

/** Why content can't be an icon or animation of a gift; null: it can. It is shown in the pages of all who watch. */
export function problemOf(kind: GiftAssetKind, content: Buffer): string | null {
  switch (kind) {
    case 'lottie':
      return problemOfLottie(content.toString('utf8'));
    case 'svg':
      return problemOfSvg(content.toString('utf8'));
    case 'webp':
      return content.toString('latin1', 0, 4) === 'RIFF' && content.toString('latin1', 8, 12) === 'WEBP'
        ? null
        : 'is not WebP';
    case 'png':
      return content.subarray(0, 8).toString('hex') === '89504e470d0a1a0a' ? null : 'is not PNG';
  }
}

/** Players of Lottie evaluate expressions as JavaScript, and load pictures from anywhere. */
function problemOfLottie(text: string): string | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'is not JSON';
  }
  const parsed = lottieDocument.safeParse(value);
  if (!parsed.success || parsed.data.op <= parsed.data.ip) return 'is not a Lottie document';
  return problemWithin(value, 0);
}

function problemWithin(value: unknown, depth: number): string | null {
  if (typeof value !== 'object' || value === null) return null;
  if (depth === deepest) return 'is nested too deep';
  for (const [name, item] of Object.entries(value)) {
    if (name === 'x' && typeof item === 'string') return 'has expressions';
    if (addresses.has(name) && typeof item === 'string' && !isWithin(item)) return 'loads something';
    const problem = problemWithin(item, depth + 1);
    if (problem !== null) return problem;
  }
  return null;
}

/** Pictures may be in the document itself. */
const isWithin = (address: string): boolean =>
  address === '' || /^data:image\/(png|jpeg|webp);base64,/.test(address);

function problemOfSvg(text: string): string | null {
  if (!/^\s*(<\?xml[^>]*>\s*)?<svg[\s>]/.test(text)) return 'is not SVG';
  if (
    /<\s*(script|foreignObject|iframe|use|image|style|animate|set)\b|\son\w+\s*=|<!|javascript:|url\(\s*["']?(?!#)/i.test(
      text,
    )
  )
    return 'runs or loads something';
  return null;
}
