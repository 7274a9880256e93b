// The door: signing in, and choosing the administrator's password at the first start. Plain forms, no script.
import { DoorPage, type Frame } from '../components/layout.tsx';
import { Notice } from '../components/notice.tsx';

/** The name of the account that the first start makes. */
export const ADMIN = 'admin';
/** The fewest characters a new password may have. */
export const PASSWORD_LENGTH = 12;

interface LoginProps {
  frame: Frame;
  /** Where to go afterwards: an address on this site. */
  next: string;
  username?: string;
  refusal?: string;
}

/** Signing in. */
export function LoginPage({ frame, next, username, refusal }: LoginProps) {
  return (
    <DoorPage frame={frame} title="Sign in">
      <h1>Sign in</h1>
      {refusal && <Notice kind="refused" text={refusal} />}
      <form method="post" action="/login">
        <input type="hidden" name="next" value={next} />
        <label class="field">
          <span>Name</span>
          <input
            name="username"
            value={username ?? ''}
            autocomplete="username"
            autocapitalize="none"
            spellcheck={false}
            maxlength={128}
            required
            autofocus={!username}
          />
        </label>
        <label class="field">
          <span>Password</span>
          <input
            name="password"
            type="password"
            autocomplete="current-password"
            maxlength={1024}
            required
            autofocus={!!username}
          />
        </label>
        <button class="button button-first button-wide" type="submit">
          Sign in
        </button>
      </form>
    </DoorPage>
  );
}

/** The first start: the address with its token came from the hub's own log. */
export function SetupPage(props: { frame: Frame; token: string; refusal?: string }) {
  return (
    <DoorPage frame={props.frame} title="Set up">
      <h1>Welcome to your signal box</h1>
      <p class="soft">
        Choose the password of the first account, <b class="mono">{ADMIN}</b>. It can add agents,
        and do everything else here.
      </p>
      {props.refusal && <Notice kind="refused" text={props.refusal} />}
      <form method="post" action="/setup">
        <input type="hidden" name="token" value={props.token} />
        <input type="hidden" name="username" value={ADMIN} autocomplete="username" />
        <NewPassword
          name="password"
          label="Password"
          hint={`At least ${PASSWORD_LENGTH} characters`}
        />
        <NewPassword name="again" label="The same again" />
        <button class="button button-first button-wide" type="submit">
          Set the password and go in
        </button>
      </form>
    </DoorPage>
  );
}

function NewPassword(props: { name: string; label: string; hint?: string }) {
  return (
    <label class="field">
      <span>
        {props.label}
        {props.hint && <small>{props.hint}</small>}
      </span>
      <input
        name={props.name}
        type="password"
        autocomplete="new-password"
        minlength={PASSWORD_LENGTH}
        maxlength={1024}
        required
        autofocus={props.name === 'password'}
      />
    </label>
  );
}

/** The link of the first start has been used, or is another hub's. */
export function SetupOverPage({ frame }: { frame: Frame }) {
  return (
    <DoorPage frame={frame} title="Set up">
      <h1>This link is used up</h1>
      <p class="soft">
        The first account exists already, or the link belongs to an earlier start: the newest one is
        in the hub's log.
      </p>
      <a class="button button-first button-wide" href="/login">
        Sign in
      </a>
    </DoorPage>
  );
}
