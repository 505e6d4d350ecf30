import { fullSize, layerSizes, priorityFor, spatialLayerFor } from './layers.ts';

describe('layerSizes', () => {
  it('are those the encodings say, or halves', () => {
    const said = [{ scaleResolutionDownBy: 3 }, { scaleResolutionDownBy: 1.5 }, { scaleResolutionDownBy: 1 }];
    expect(layerSizes('camera', said).map(({ height }) => height)).toEqual([240, 480, 720]);
    expect(layerSizes('camera', [{}, {}, {}]).map(({ height }) => height)).toEqual([180, 360, 720]);
  });

  it('are those of the picture that was seen, whichever layer that was', () => {
    const said = [{ scaleResolutionDownBy: 4 }, { scaleResolutionDownBy: 2 }, { scaleResolutionDownBy: 1 }];
    const full = fullSize({ width: 480, height: 270 }, 1, said);
    expect(full).toEqual({ width: 960, height: 540 });
    expect(layerSizes('camera', said, full).map(({ height }) => height)).toEqual([135, 270, 540]);
    expect(fullSize({ width: 720, height: 1280 }, null, [{ scalabilityMode: 'L3T3' }])).toEqual({
      width: 720,
      height: 1280,
    });
  });

  it('are those of an SVC stream', () => {
    expect(layerSizes('screen', [{ scalabilityMode: 'L3T3_KEY' }]).map(({ height }) => height)).toEqual([
      270, 540, 1080,
    ]);
    expect(layerSizes('camera', [{ scalabilityMode: 'L1T3' }])).toEqual([{ width: 1280, height: 720 }]);
    expect(layerSizes('camera', [])).toHaveLength(1);
  });
});

describe('spatialLayerFor', () => {
  const sizes = layerSizes('camera', [{}, {}, {}]);

  it.each([
    [{ width: 160, height: 90 }, 0],
    [{ width: 320, height: 180 }, 0],
    [{ width: 350, height: 197 }, 0],
    [{ width: 640, height: 360 }, 1],
    [{ width: 800, height: 450 }, 2],
    [{ width: 3840, height: 2160 }, 2],
  ])('for %j is layer %i', (shown, layer) => {
    expect(spatialLayerFor(shown, sizes)).toBe(layer);
  });

  it('takes one side for enough: a portrait picture on a wide screen has bars', () => {
    expect(spatialLayerFor({ width: 1000, height: 180 }, sizes)).toBe(0);
  });
});

describe('priorityFor', () => {
  it('grows with the picture, within what mediasoup takes', () => {
    expect(priorityFor({ width: 1, height: 1 })).toBe(1);
    expect(priorityFor({ width: 640, height: 360 })).toBe(28);
    expect(priorityFor({ width: 8000, height: 8000 })).toBe(255);
  });
});
