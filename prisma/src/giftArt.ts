/** A point of the picture, from its middle; y goes down. */
export type Point = readonly [x: number, y: number];

/** A closed line through points, filled with a colour. */
export interface Shape {
  readonly points: readonly Point[];
  /** Round through the points, or straight from one to the next. */
  readonly round?: boolean;
  /** `#rrggbb`. */
  readonly colour: string;
}

/** How the picture of a gift moves. */
export type Motion = 'beat' | 'turn' | 'swing' | 'rise';

const size = 200;
const middle = size / 2;
const frameRate = 30;
const frames = 60;

/** Points on a circle. */
export function circle([x, y]: Point, radius: number, count = 8): Point[] {
  return Array.from({ length: count }, (_, at) => {
    const angle = (2 * Math.PI * at) / count;
    return [rounded(x + radius * Math.sin(angle)), rounded(y - radius * Math.cos(angle))];
  });
}

/** A star with so many tips. */
export function star(outer: number, inner: number, tips = 5): Point[] {
  return Array.from({ length: 2 * tips }, (_, at) => {
    const [angle, radius] = [(Math.PI * at) / tips, at % 2 === 0 ? outer : inner];
    return [rounded(radius * Math.sin(angle)), rounded(-radius * Math.cos(angle))];
  });
}

/** The picture that stands still. */
export function svgOf(shapes: readonly Shape[]): string {
  const paths = shapes.map((shape) => {
    const { points, tangents } = outline(shape);
    const at = (index: number): Point => points[index % points.length] ?? [0, 0];
    const tangent = (index: number): Point => tangents[index % points.length] ?? [0, 0];
    const curves = points.map((from, index) => {
      const [first, second] = [plus(from, tangent(index)), plus(at(index + 1), negative(tangent(index + 1)))];
      return `C${[first, second, at(index + 1)].map((point) => point.join(' ')).join(' ')}`;
    });
    return `<path fill="${shape.colour}" d="M${at(0).join(' ')}${curves.join('')}Z"/>`;
  });
  const box = `${-middle} ${-middle} ${size} ${size}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${box}">${paths.join('')}</svg>`;
}

/** The same picture as a Lottie document of two seconds. */
export function lottieOf(name: string, shapes: readonly Shape[], motion: Motion): string {
  // Lottie draws the first one on top.
  const groups = shapes.toReversed().map(groupOf);
  const still = {
    o: fixed(100),
    r: fixed(0),
    p: fixed([middle, middle, 0]),
    a: fixed([0, 0, 0]),
    s: fixed([100, 100, 100]),
  };
  const layer = {
    ...{ ddd: 0, ind: 1, ty: 4, nm: name, sr: 1, ao: 0, ip: 0, op: frames, st: 0, bm: 0 },
    ks: { ...still, ...motions[motion] },
    shapes: groups,
  };
  const document = { v: '5.7.0', fr: frameRate, ip: 0, op: frames, w: size, h: size, nm: name, ddd: 0 };
  return JSON.stringify({ ...document, assets: [], layers: [layer] });
}

function groupOf(shape: Shape) {
  const { points, tangents } = outline(shape);
  const path = { c: true, v: points, i: tangents.map(negative), o: tangents };
  const [r, g, b] = [1, 3, 5].map((at) => rounded(parseInt(shape.colour.slice(at, at + 2), 16) / 255, 1_000));
  const place = { p: fixed([0, 0]), a: fixed([0, 0]), s: fixed([100, 100]), r: fixed(0), o: fixed(100) };
  return {
    ty: 'gr',
    it: [
      { ty: 'sh', ks: fixed(path) },
      { ty: 'fl', c: fixed([r, g, b, 1]), o: fixed(100), r: 1 },
      { ty: 'tr', ...place },
    ],
  };
}

/** With the tangents of a Catmull-Rom spline, as Bézier curves have them. */
function outline({ points, round = false }: Shape): { points: readonly Point[]; tangents: Point[] } {
  const tangents = points.map((_, at): Point => {
    const before = points.at(at - 1);
    const after = points[(at + 1) % points.length];
    if (!round || before === undefined || after === undefined) return [0, 0];
    return [rounded((after[0] - before[0]) / 6), rounded((after[1] - before[1]) / 6)];
  });
  return { points, tangents };
}

const fixed = <T>(value: T) => ({ a: 0, k: value });

/** Values at equal steps over the whole time, each softly reached. */
function moving(values: readonly (readonly number[])[]) {
  const step = frames / (values.length - 1);
  const k = values.map((value, at) => {
    const soft = (x: number, y: number) => ({ x: value.map(() => x), y: value.map(() => y) });
    return {
      t: at * step,
      s: value,
      ...(at < values.length - 1 ? { i: soft(0.6, 1), o: soft(0.4, 0) } : {}),
    };
  });
  return { a: 1, k };
}

const scale = (...percents: number[]) => moving(percents.map((percent) => [percent, percent, 100]));
const motions: Record<Motion, object> = {
  beat: { s: scale(100, 115, 100, 115, 100) },
  turn: { r: moving([[0], [360]]), s: scale(40, 110, 100) },
  swing: { r: moving([[0], [14], [-14], [8], [0]]) },
  rise: {
    p: moving([
      [middle, size, 0],
      [middle, middle - 10, 0],
      [middle, middle, 0],
    ]),
    o: moving([[0], [100], [100]]),
  },
};

const rounded = (value: number, steps = 100): number => Math.round(value * steps) / steps;
const plus = ([x, y]: Point, [dx, dy]: Point): Point => [rounded(x + dx), rounded(y + dy)];
const negative = ([x, y]: Point): Point => [0 - x, 0 - y];
