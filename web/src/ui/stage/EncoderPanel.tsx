import type { streamKeyCreated } from '@maydan/contracts';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { account } from '../../account/useAccount.ts';
import { useAction } from '../../stage/useSeat.ts';
import { problemText } from '../problemText.ts';

type Addresses = ReturnType<typeof streamKeyCreated.parse>;

/** Where an encoder such as OBS publishes to. A stream key is shown once, so a new one is made for it. */
export function EncoderPanel() {
  const { t } = useTranslation();
  const action = useAction();
  const [addresses, setAddresses] = useState<Addresses | null>(null);
  const create = (): void =>
    void action.run(async () => {
      setAddresses(await account.call((api) => api.streamKeys.create({ label: t('encoder.label') })));
    });
  return (
    <details className="panel-box" data-testid="encoder-panel">
      <summary>
        <h2>{t('encoder.title')}</h2>
      </summary>
      <p className="muted">{t('encoder.hint')}</p>
      {addresses ? (
        <>
          <Copyable label={t('encoder.rtmp')} value={addresses.rtmpUrl} testId="rtmp-url" />
          {addresses.rtmpsUrl && (
            <Copyable label={t('encoder.rtmps')} value={addresses.rtmpsUrl} testId="rtmps-url" />
          )}
          <Copyable label={t('encoder.whip')} value={addresses.whipUrl} testId="whip-url" />
          <Copyable label={t('encoder.key')} value={addresses.key} testId="stream-key" secret />
          <p className="muted">{t('encoder.keyHint')}</p>
        </>
      ) : (
        <button
          type="button"
          className="button quiet"
          disabled={action.busy}
          data-testid="encoder-show"
          onClick={create}
        >
          {t('encoder.create')}
        </button>
      )}
      <p className="form-problem" role="alert">
        {action.problem && problemText(t, action.problem)}
      </p>
    </details>
  );
}

interface CopyableProps {
  readonly label: string;
  readonly value: string;
  readonly testId: string;
  readonly secret?: boolean;
}

function Copyable({ label, value, testId, secret = false }: CopyableProps) {
  const { t } = useTranslation();
  const id = useId();
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    // Not there outside of secure contexts; the text can be selected by hand.
    if (!('clipboard' in navigator)) return;
    await navigator.clipboard.writeText(value);
    setCopied(true);
  };
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <span className="row">
        <input
          id={id}
          className="input code"
          dir="ltr"
          readOnly
          type={secret ? 'password' : 'text'}
          autoComplete="off"
          data-testid={testId}
          value={value}
          onFocus={(event) => event.target.select()}
        />
        <button
          type="button"
          className="button quiet small"
          aria-label={t('encoder.copyName', { name: label })}
          onClick={() => void copy().catch(() => setCopied(false))}
        >
          {copied ? t('encoder.copied') : t('encoder.copy')}
        </button>
      </span>
    </div>
  );
}
