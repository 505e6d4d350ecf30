import { useState } from 'react';
import type { SubmitEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { problemOf } from '../api/problem.ts';
import type { ApiProblem } from '../api/problem.ts';
import { problemText } from '../ui/problemText.ts';
import { Field, fieldText } from './Field.tsx';
import { account } from './useAccount.ts';

interface CodeFormProps {
  readonly challenge: string;
  readonly onCancel: () => void;
}

/** The second step of signing in, for an account whose second factor is on. */
export function CodeForm({ challenge, onCancel }: CodeFormProps) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem | null>(null);

  const submit = async (event: SubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const code = fieldText(new FormData(event.currentTarget), 'code');
    setBusy(true);
    setProblem(null);
    try {
      await account.signInWithCode(challenge, code);
    } catch (error) {
      setProblem(problemOf(error));
      setBusy(false);
    }
  };

  return (
    <form className="panel-box sign-in" data-testid="second-factor" onSubmit={(event) => void submit(event)}>
      <h2>{t('account.secondFactorTitle')}</h2>
      <Field
        name="code"
        label={t('account.secondFactorCode')}
        hint={t('account.secondFactorHint')}
        autoComplete="one-time-code"
        autoFocus
        minLength={6}
        maxLength={40}
      />
      <p className="form-problem" role="alert" data-testid="account-problem">
        {problem && codeProblem(problem)}
      </p>
      <div className="row">
        <button type="submit" className="button" disabled={busy} data-testid="account-submit">
          {t('account.signIn')}
        </button>
        <button type="button" className="button quiet" onClick={onCancel}>
          {t('account.cancel')}
        </button>
      </div>
    </form>
  );

  function codeProblem(failed: ApiProblem): string {
    switch (failed.code) {
      case 'code_invalid':
        return t('account.secondFactorWrong');
      case 'validation_failed':
        return t('account.invalid');
      case 'token_expired':
      case 'token_invalid':
        return t('account.secondFactorExpired');
      default:
        return problemText(t, failed);
    }
  }
}
