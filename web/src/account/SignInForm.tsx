import { useId, useState } from 'react';
import type { SubmitEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { problemOf } from '../api/problem.ts';
import type { ApiProblem } from '../api/problem.ts';
import { problemText } from '../ui/problemText.ts';
import { account } from './useAccount.ts';

interface FieldProps {
  readonly name: string;
  readonly label: string;
  readonly hint?: string;
  readonly type?: 'text' | 'email' | 'password';
  readonly autoComplete: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
}

function Field({ name, label, hint, type = 'text', ...input }: FieldProps) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {/* Names, addresses and passwords are written from left to right in every language. */}
      <input
        id={id}
        name={name}
        type={type}
        dir="ltr"
        required
        className="input"
        data-testid={`account-${name}`}
        aria-describedby={hint ? `${id}-hint` : undefined}
        {...input}
      />
      {hint && (
        <span id={`${id}-hint`} className="field-hint">
          {hint}
        </span>
      )}
    </div>
  );
}

/** Sign in, or create an account. Says nothing itself when it has succeeded: whoever shows it goes on. */
export function SignInForm({ reason }: { readonly reason?: string }) {
  const { t } = useTranslation();
  const [creating, setCreating] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem | null>(null);

  const submit = async (event: SubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string): string => {
      const value = form.get(name);
      return typeof value === 'string' ? value : '';
    };
    setBusy(true);
    setProblem(null);
    try {
      const password = text('password');
      if (creating) await account.register({ username: text('username'), email: text('email'), password });
      else await account.signIn(text('login'), password);
    } catch (error) {
      setProblem(problemOf(error));
      setBusy(false);
    }
  };

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
      case 'second_factor_required':
        return t('account.secondFactor');
      case 'account_banned':
        return t('account.banned');
      default:
        return problemText(t, failed);
    }
  }
}
