import { useState } from 'react';
import type { SubmitEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { problemOf } from '../api/problem.ts';
import type { ApiProblem } from '../api/problem.ts';
import { problemText } from '../ui/problemText.ts';
import { CodeForm } from './CodeForm.tsx';
import { Field, fieldText } from './Field.tsx';
import { account } from './useAccount.ts';

/** Sign in, or create an account. Says nothing itself when it has succeeded: whoever shows it goes on. */
export function SignInForm({ reason }: { readonly reason?: string }) {
  const { t } = useTranslation();
  const [creating, setCreating] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [challenge, setChallenge] = useState<string | null>(null);

  const submit = async (event: SubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string): string => fieldText(form, name);
    setBusy(true);
    setProblem(null);
    try {
      const password = text('password');
      if (creating) await account.register({ username: text('username'), email: text('email'), password });
      else {
        setChallenge(await account.signIn(text('login'), password));
        setBusy(false);
      }
    } catch (error) {
      setProblem(problemOf(error));
      setBusy(false);
    }
  };

  if (challenge !== null) return <CodeForm challenge={challenge} onCancel={() => setChallenge(null)} />;
  return (
    <form className="panel-box sign-in" data-testid="sign-in" onSubmit={(event) => void submit(event)}>
      <h2>{creating ? t('account.create') : t('account.signIn')}</h2>
      {reason && <p className="muted">{reason}</p>}
      {creating ? (
        <>
          <Field
            name="username"
            label={t('account.username')}
            hint={t('account.usernameHint')}
            autoComplete="username"
            minLength={3}
            maxLength={30}
            pattern="[A-Za-z0-9_]+"
          />
          <Field name="email" label={t('account.email')} type="email" autoComplete="email" />
          <Field
            name="password"
            label={t('account.password')}
            hint={t('account.passwordHint')}
            type="password"
            autoComplete="new-password"
            minLength={10}
          />
        </>
      ) : (
        <>
          <Field name="login" label={t('account.login')} autoComplete="username" />
          <Field
            name="password"
            label={t('account.password')}
            type="password"
            autoComplete="current-password"
          />
        </>
      )}
      <p className="form-problem" role="alert" data-testid="account-problem">
        {problem && accountProblem(problem)}
      </p>
      <div className="row">
        <button type="submit" className="button" disabled={busy} data-testid="account-submit">
          {creating ? t('account.create') : t('account.signIn')}
        </button>
        <button type="button" className="button quiet" onClick={() => setCreating(!creating)}>
          {creating ? t('account.haveOne') : t('account.create')}
        </button>
      </div>
    </form>
  );

  function accountProblem(failed: ApiProblem): string {
    switch (failed.code) {
      case 'invalid_credentials':
        return t('account.wrong');
      case 'already_taken':
        return t('account.taken');
      case 'validation_failed':
        return t('account.invalid');
      case 'account_banned':
        return t('account.banned');
      default:
        return problemText(t, failed);
    }
  }
}
