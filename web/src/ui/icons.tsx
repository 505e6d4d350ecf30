import type { ReactNode } from 'react';

/** Icons say nothing by themselves; their buttons carry the label. */
function Icon({ children }: { readonly children: ReactNode }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

const line = {
  fill: 'none',
  stroke: 'currentColor',
  strokeWidth: 2,
  strokeLinecap: 'round',
  strokeLinejoin: 'round',
} as const;

export const PlayIcon = () => (
  <Icon>
    <path
      fill="currentColor"
      d="M8 5.2v13.6a.8.8 0 0 0 1.2.7l11-6.8a.8.8 0 0 0 0-1.4l-11-6.8A.8.8 0 0 0 8 5.2z"
    />
  </Icon>
);
export const PauseIcon = () => (
  <Icon>
    <path fill="currentColor" d="M7 5h3.5v14H7zM13.5 5H17v14h-3.5z" />
  </Icon>
);
export const ReplayIcon = () => (
  <Icon>
    <path {...line} d="M4 12a8 8 0 1 0 2.6-5.9M4 4v4.5h4.5" />
  </Icon>
);
const speaker = 'M4 9.5v5h3.5L12 18.5v-13L7.5 9.5z';
export const SoundIcon = () => (
  <Icon>
    <path fill="currentColor" d={speaker} />
    <path {...line} d="M15.5 9a4 4 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11" />
  </Icon>
);
export const MutedIcon = () => (
  <Icon>
    <path fill="currentColor" d={speaker} />
    <path {...line} d="M16 9.5l5 5M21 9.5l-5 5" />
  </Icon>
);
export const QualityIcon = () => (
  <Icon>
    <path {...line} d="M4 7h9M17 7h3M4 12h3M11 12h9M4 17h7M15 17h5" />
    <path {...line} d="M15 5v4M9 10v4M13 15v4" />
  </Icon>
);
export const PipIcon = () => (
  <Icon>
    <path {...line} d="M3.5 5.5h17v13h-17z" />
    <path fill="currentColor" d="M12 12h6.5v4.5H12z" />
  </Icon>
);
export const FullscreenIcon = () => (
  <Icon>
    <path {...line} d="M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5" />
  </Icon>
);
export const ExitFullscreenIcon = () => (
  <Icon>
    <path {...line} d="M9 4v5H4M20 9h-5V4M15 20v-5h5M4 15h5v5" />
  </Icon>
);
export const MicrophoneIcon = () => (
  <Icon>
    <path fill="currentColor" d="M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3z" />
    <path {...line} d="M5.5 11a6.5 6.5 0 0 0 13 0M12 17.5V21" />
  </Icon>
);
export const MicrophoneOffIcon = () => (
  <Icon>
    <path fill="currentColor" d="M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3z" />
    <path {...line} d="M5.5 11a6.5 6.5 0 0 0 13 0M12 17.5V21M4 4l16 16" />
  </Icon>
);
export const CameraIcon = () => (
  <Icon>
    <path fill="currentColor" d="M4 6.5h10a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1v-9a1 1 0 0 1 1-1z" />
    <path {...line} d="M16.5 11l4-3v8l-4-3" />
  </Icon>
);
export const CameraOffIcon = () => (
  <Icon>
    <path fill="currentColor" d="M4 6.5h10a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1v-9a1 1 0 0 1 1-1z" />
    <path {...line} d="M16.5 11l4-3v8l-4-3M4 3l16 18" />
  </Icon>
);
export const ScreenIcon = () => (
  <Icon>
    <path {...line} d="M3.5 5h17v11h-17zM9 20h6M12 13.5V8M9.5 10L12 7.5l2.5 2.5" />
  </Icon>
);
export const LeaveIcon = () => (
  <Icon>
    <path {...line} d="M13 4H5v16h8M10 12h10M16.5 8.5L20 12l-3.5 3.5" />
  </Icon>
);
