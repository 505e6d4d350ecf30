import { channel as channelSchema } from '@maydan/contracts';
import type { Me, SessionType, StageLayout } from '@maydan/contracts';
import { useId, useState } from 'react';
import type { SubmitEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { account } from '../account/useAccount.ts';
import { api } from '../api/api.ts';
import { usePolled } from '../api/usePolled.ts';
import type { LocalMedia } from '../stage/LocalMedia.ts';
import { useAction } from '../stage/useSeat.ts';
import { DevicePicker } from '../ui/stage/DevicePicker.tsx';
import { problemText } from '../ui/problemText.ts';
import { LayoutChoice } from './LayoutChoice.tsx';
import { StartDevices, startDevices } from './StartDevices.tsx';

interface SetupProps {
  readonly user: Me;
  readonly local: LocalMedia;
  /** The session is there; from the browser: its host is about to send. */
  readonly onReady: (sessionId: string, fromBrowser: boolean) => void;
}

/** Title, kind and devices of a new session. */
export function StudioSetup({ user, local, onReady }: SetupProps) {
  const { t } = useTranslation();
  const titleId = useId();
  const [title, setTitle] = useState('');
  const [type, setType] = useState<SessionType>('video');
  const [stageLayout, setStageLayout] = useState<StageLayout>('grid');
  const action = useAction();

  const create = async (fromBrowser: boolean): Promise<void> => {
    await action.run(async () => {
      if (fromBrowser) await startDevices(local, type);
      const session = await account.call((client) =>
        client.sessions.create({
          title: title.trim() || t('studio.defaultTitle', { name: user.displayName }),
          type,
          stageLayout,
        }),
      );
      onReady(session.id, fromBrowser);
    });
  };
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    void create(true);
  };
  return (
    <>
      <RunningSession user={user} onOpen={(id) => onReady(id, false)} />
      <form className="studio-setup" onSubmit={submit} data-testid="studio-setup">
        <div className="panel-box">
          <div className="field">
            <label htmlFor={titleId}>{t('studio.sessionTitle')}</label>
            <input
              id={titleId}
              className="input"
              dir="auto"
              maxLength={140}
              placeholder={t('studio.defaultTitle', { name: user.displayName })}
              data-testid="studio-session-title"
              value={title}
              onChange={(event) => setTitle(event.target.value)}
            />
          </div>
          <fieldset className="choice">
            <legend>{t('studio.type')}</legend>
            {(['video', 'audio'] as const).map((option) => (
              <label key={option}>
                <input
                  type="radio"
                  name="type"
                  value={option}
                  checked={type === option}
                  data-testid={`studio-type-${option}`}
                  onChange={() => setType(option)}
                />
                <span>{t(`studio.${option}`)}</span>
              </label>
            ))}
          </fieldset>
          {type === 'video' && <LayoutChoice value={stageLayout} onChange={setStageLayout} />}
          <div className="row">
            <button type="submit" className="button" disabled={action.busy} data-testid="studio-go-live">
              {t('studio.goLive')}
            </button>
            <button
              type="button"
              className="button quiet"
              disabled={action.busy}
              data-testid="studio-prepare"
              onClick={() => void create(false)}
            >
              {t('studio.prepareForEncoder')}
            </button>
          </div>
          <p className="form-problem" role="alert" data-testid="studio-problem">
            {action.problem &&
              (action.problem.code === 'conflict' || action.problem.code === 'wrong_state'
                ? t('studio.alreadyLive')
                : problemText(t, action.problem))}
          </p>
        </div>
        <div className="panel-box">
          <h2>{t('device.title')}</h2>
          <StartDevices local={local} type={type} />
          <DevicePicker local={local} type={type} />
        </div>
      </form>
    </>
  );
}

const runningEveryMs = 10_000;

function RunningSession({ user, onOpen }: { readonly user: Me; readonly onOpen: (id: string) => void }) {
  const { t } = useTranslation();
  const load = async () => channelSchema.parse(await api.channels.get({ username: user.username }));
  const live = usePolled(`own:${user.username}`, load, runningEveryMs).data?.live;
  if (!live) return null;
  return (
    <div className="banner" role="status" data-testid="studio-running">
      <span>
        {t('studio.running')} <bdi>{live.title}</bdi>
      </span>
      <button type="button" className="button" data-testid="studio-return" onClick={() => onOpen(live.id)}>
        {t('studio.return')}
      </button>
    </div>
  );
}
