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

/** The api serves `dist/`; in development Vite serves the page and passes API and socket traffic to the api. */
export default defineConfig({
  plugins: [react(), preloadEngine()],
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
