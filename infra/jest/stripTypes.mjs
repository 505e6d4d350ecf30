import { createHash } from 'node:crypto';
import { stripTypeScriptTypes } from 'node:module';

/** Jest transform: types become blanks, so positions in stack traces stay true and no source map is needed. */
export default {
  getCacheKey: (source, path) =>
    createHash('sha256').update(path).update(source).update(process.version).digest('hex'),
  process: (source) => ({ code: stripTypeScriptTypes(source, { mode: 'strip' }) }),
};
