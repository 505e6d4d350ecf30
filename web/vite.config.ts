import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import type { HtmlTagDescriptor, Plugin } from 'vite';

/**
 * The engine is a chunk of its own, asked for only once the page runs. Nearly every visit needs it, so the browser
 * is told at once: it then loads and compiles while the page starts, and the first picture comes sooner.
 */
function preloadEngine(): Plugin {
  return {
    name: 'maydan:preload-engine',
    transformIndexHtml: {
      order: 'post',
      handler: (_html, { bundle }): HtmlTagDescriptor[] =>
        Object.keys(bundle ?? {})
          .filter((file) => /\/(hls|HlsEngine)-[^/]+\.js$/.test(file))
          .map((file) => ({
            tag: 'link',
            attrs: { rel: 'modulepreload', crossorigin: true, href: `/${file}` },
            injectTo: 'head',
          })),
    },
  };
}

const hlsBug = '(appendedPart == null ? void 0 : appendedPart.fragment.sn) || -1';
const hlsFix = 'appendedPart?.fragment.sn ?? -1';

/**
 * hls.js 1.7.4 takes segment number 0 for none in its fragment tracker, forgets each part of that segment as soon as it
 * is appended, and loads the same parts again and again: who joins in the first seconds of a broadcast gets stuck. A
 * version that no longer has the line fails the build, so that this is taken out.
 */
function fixHls(): Plugin {
  return {
    name: 'maydan:fix-hls',
    transform(code, id) {
      if (!/[\\/]hls\.js[\\/]dist[\\/]hls\.mjs$/.test(id)) return null;
      if (!code.includes(hlsBug)) throw new Error('hls.js has changed: see whether fixHls is still needed');
      return { code: code.replace(hlsBug, hlsFix), map: null };
    },
  };
}

/** The api serves `dist/`; in development Vite serves the page and passes API and socket traffic to the api. */
export default defineConfig({
  plugins: [react(), fixHls(), preloadEngine()],
  // Pre-bundling would pass by the fix.
  optimizeDeps: { exclude: ['hls.js'] },
  build: {
    target: 'es2022',
    // The page's content policy knows no inline code, so nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        // Code that seldom changes stays cached over releases of the page.
        codeSplitting: {
          groups: [
            { name: 'hls', test: /node_modules[\\/]hls\.js/ },
            { name: 'vendor', test: /node_modules[\\/](react|react-dom|scheduler|react-router)[\\/]/ },
          ],
        },
      },
    },
    chunkSizeWarningLimit: 700,
  },
  server: {
    proxy: {
      '/api': 'http://127.0.0.1:8080',
      '/socket.io': { target: 'http://127.0.0.1:8080', ws: true },
    },
  },
});
