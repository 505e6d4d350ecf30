import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** The api serves `dist/`; in development Vite serves the page and passes API and socket traffic to the api. */
export default defineConfig({
  plugins: [react()],
  build: {
    target: 'es2022',
    // The page runs under a policy without inline scripts or data: fonts, so nothing is inlined.
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
