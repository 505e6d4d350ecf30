import { Buffer } from 'node:buffer';
import { parseAvcConfig } from './avcConfig.ts';

/** Configuration of the black picture: H.264 main profile, 320x180. */
export const slateConfig = parseAvcConfig(
  Buffer.from('014d400dffe10017674d400dda05067e7c0440000003004000000f03c50aa801000568ef044b20', 'hex'),
);

/** One black IDR picture (made with x264), repeated as long as it stands in for a missing video track. */
export const slatePicture: Uint8Array = Buffer.from(
  '0000003265888409fffee545e6591d67c212f4cbbd6a3fd7123c0d1016700030d61f49c0c4bebb67404800001100fcb00fd3024101d9',
  'hex',
);
