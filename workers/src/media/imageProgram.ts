import { setPriority } from 'node:os';
import sharp, { type Sharp } from 'sharp';
import { imageTask, type ImageAnswer, type ImageTask } from './imageTask.ts';

/**
 * Decodes one picture and encodes it anew, as a process of its own: a picture that brings a decoder down, or takes long,
 * does nothing to live sessions. The one argument is an `ImageTask`; prints an `ImageAnswer`. Encoding anew leaves no
 * metadata (place, camera, ICC profile, what hides behind the picture): colours are sRGB, and upright.
 */
const niceness = 15;
const timeoutSec = 40;
const loaders = ['JpegFile', 'PngFile', 'WebpFile', 'NsgifFile', 'HeifFile'];

setPriority(niceness);
sharp.concurrency(1);
sharp.cache(false);
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({ operation: loaders.map((loader) => `VipsForeignLoad${loader}`) });

process.stdout.write(JSON.stringify(await run(imageTask.parse(JSON.parse(process.argv[2] ?? '')))));

async function run(task: ImageTask): Promise<ImageAnswer> {
  try {
    return await convert(task);
  } catch (error) {
    return { refusal: 'unreadable', message: error instanceof Error ? error.message.slice(0, 300) : '' };
  }
}

async function convert({ input, main, thumbnail, maxPixels, isAnimated }: ImageTask): Promise<ImageAnswer> {
  const options = {
    animated: isAnimated,
    limitInputPixels: maxPixels,
    failOn: 'error',
    sequentialRead: true,
  } as const;
  // The header alone, which says how much the decoder would make of it.
  const { width, height, pages = 1 } = await sharp(input, { ...options, limitInputPixels: false }).metadata();
  if (width * height > maxPixels || pages > 1_000)
    return { refusal: 'tooManyPixels', message: `${width} × ${height}` };
  const source = (animated: boolean): Sharp => {
    const picture = sharp(input, { ...options, animated }).timeout({ seconds: timeoutSec });
    return animated && pages > 1 ? picture : picture.autoOrient();
  };
  const made = await source(isAnimated)
    .resize({ ...main.size, fit: main.fit, withoutEnlargement: main.fit === 'inside' })
    .webp({ quality: 82, effort: 3 })
    .toFile(main.path);
  await source(false)
    .resize({ width: 320, height: 320, fit: 'inside', withoutEnlargement: true })
    .webp({ quality: 75, effort: 3 })
    .toFile(thumbnail);
  return { width: made.width, height: made.pageHeight ?? made.height };
}
