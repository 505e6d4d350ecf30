import { stageLayout } from '@maydan/contracts';
import type { Session, StageLayout } from '@maydan/contracts';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { account } from '../account/useAccount.ts';
import { useAction } from '../stage/useSeat.ts';
import { problemText } from '../ui/problemText.ts';

interface ChoiceProps {
  readonly value: StageLayout;
  readonly onChange: (layout: StageLayout) => void;
}

/** How the people of a stage stand in the picture that viewers of the player see. */
export function LayoutChoice({ value, onChange }: ChoiceProps) {
  const { t } = useTranslation();
  return (
    <fieldset className="choice" data-testid="layout-choice" data-layout={value}>
      <legend>{t('studio.layout.label')}</legend>
      {stageLayout.options.map((option) => (
        <label key={option}>
          <input
            type="radio"
            name="layout"
            value={option}
            checked={value === option}
            data-testid={`layout-${option}`}
            onChange={() => onChange(option)}
          />
          <span>{t(`studio.layout.${option}`)}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** The same of a session that is there: viewers see the change within a moment. */
export function SessionLayout({
  session,
  refresh,
}: {
  readonly session: Session;
  readonly refresh: () => void;
}) {
  const { t } = useTranslation();
  const action = useAction();
  const { id, stageLayout: current } = session;
  /** What was asked for and can't be seen of the session yet. */
  const [wanted, setWanted] = useState<StageLayout | null>(null);
  useEffect(() => setWanted(null), [current]);
  const change = async (layout: StageLayout): Promise<void> => {
    setWanted(layout);
    const work = () => account.call((api) => api.sessions.update({ id, stageLayout: layout }));
    if (await action.run(work)) refresh();
    else setWanted(null);
  };
  return (
    <>
      <LayoutChoice value={wanted ?? current} onChange={(layout) => void change(layout)} />
      <p className="form-problem" role="alert">
        {action.problem && problemText(t, action.problem)}
      </p>
    </>
  );
}
