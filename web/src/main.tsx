import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { startAccount } from './account/useAccount.ts';
import { App } from './app/App.tsx';
import { startI18n } from './i18n/i18n.ts';
import { preloadEngine } from './player/createEngine.ts';
import './styles/base.css';
import './styles/layout.css';
import './styles/player.css';
import './styles/controls.css';
import './styles/forms.css';
import './styles/stage.css';

const showsVideo = /^\/(watch\/|@)/.test(location.pathname);
// hls.js loads while the session is being asked for; a failure shows when it is needed.
if (showsVideo) preloadEngine().catch(() => undefined);

startAccount();
await startI18n();
const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
