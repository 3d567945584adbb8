import { useState, type FormEvent } from "react";
import type { SystemStatus } from "../api/types";
import { ErrorNotice } from "../components/ErrorNotice";
import { Field } from "../components/Field";
import { Footer } from "../components/Footer";
import { Mark } from "../components/Mark";
import { PageTitle } from "../components/PageTitle";
import { useServices } from "../services";

/** The API refuses shorter ones. */
const PASSWORD_LENGTH = 10;

interface Props {
  status: SystemStatus | null;
  /** Why a person who was logged in is here; null otherwise. */
  ended: string | null;
}

export function LoginPage({ status, ended }: Props) {
  const [registering, setRegistering] = useState(false);
  const mayRegister = status?.registration !== "closed";
  return (
    <div className="welcome">
      <main className="welcome-main">
        <div className="welcome-intro">
          <p className="brand brand-large">
            <Mark />
            Neurocore
          </p>
          <p className="welcome-claim">The neurosurgical literature you trust, found by meaning.</p>
          <ol className="welcome-steps">
            <li>Upload the PDFs you work with.</li>
            <li>Ask in your own words. Every passage comes with its page.</li>
            <li>Have a chapter written in which every statement names its source.</li>
          </ol>
        </div>
        <div className="card">
          {registering && mayRegister ? (
            <RegisterForm key="register" onSwitch={() => setRegistering(false)} />
          ) : (
            <LoginForm key="login" ended={ended} onSwitch={mayRegister ? () => setRegistering(true) : null} />
          )}
        </div>
      </main>
      <Footer status={status} />
    </div>
  );
}

function LoginForm({ ended, onSwitch }: { ended: string | null; onSwitch: (() => void) | null }) {
  const { api, session } = useServices();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const { busy, error, submit } = useSubmit(async () => session.logIn(await api.login(email.trim(), password)));
  return (
    <form className="form" onSubmit={submit}>
      <PageTitle title="Log in" />
      {ended !== null && error === null && (
        <p className="notice notice-waiting" role="status">
          {ended}
        </p>
      )}
      <Field label="E-mail" type="email" autoComplete="username" required value={email} onValue={setEmail} />
      <Field
        label="Password"
        type="password"
        autoComplete="current-password"
        required
        value={password}
        onValue={setPassword}
      />
      {error !== null && <ErrorNotice error={error} />}
      <button type="submit" className="button button-primary button-wide" disabled={busy}>
        {busy ? "Logging in…" : "Log in"}
      </button>
      {onSwitch !== null ? (
        <p className="form-switch">
          New here?{" "}
          <button type="button" className="link" onClick={onSwitch}>
            Create an account
          </button>
        </p>
      ) : (
        <p className="form-switch">Accounts are made by the operators of this system.</p>
      )}
    </form>
  );
}

function RegisterForm({ onSwitch }: { onSwitch: () => void }) {
  const { api, session } = useServices();
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const { busy, error, submit } = useSubmit(async () => {
    await api.register(email.trim(), password, name.trim());
    session.logIn(await api.login(email.trim(), password));
  });
  return (
    <form className="form" onSubmit={submit}>
      <PageTitle title="Create an account" />
      <Field label="Name (optional)" autoComplete="name" maxLength={200} value={name} onValue={setName} />
      <Field label="E-mail" type="email" autoComplete="username" required value={email} onValue={setEmail} />
      <Field
        label="Password"
        type="password"
        autoComplete="new-password"
        hint={`At least ${PASSWORD_LENGTH} characters; a few words are easier to remember than symbols.`}
        minLength={PASSWORD_LENGTH}
        maxLength={256}
        required
        value={password}
        onValue={setPassword}
      />
      {error !== null && <ErrorNotice error={error} />}
      <button type="submit" className="button button-primary button-wide" disabled={busy}>
        {busy ? "Creating…" : "Create account"}
      </button>
      <p className="form-switch">
        Have an account?{" "}
        <button type="button" className="link" onClick={onSwitch}>
          Log in
        </button>
      </p>
    </form>
  );
}

/** Runs a form's action once at a time and keeps what went wrong. */
function useSubmit(action: () => Promise<void>) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setError(null);
    action()
      .catch(setError)
      .finally(() => setBusy(false));
  }
  return { busy, error, submit };
}
