import styles from './status.module.css';

/** Asks for STATUS_TOKEN. Works without JavaScript. */
export function SignInForm({ refused }: { refused: boolean }) {
  return (
    <section className={styles.status}>
      <h1>Status</h1>
      <form className={styles.signIn} action="/status/sign-in" method="post">
        <label htmlFor="token">Token of this site (STATUS_TOKEN)</label>
        <input
          id="token"
          name="token"
          type="password"
          autoComplete="current-password"
          required
          aria-invalid={refused || undefined}
          aria-describedby={refused ? 'refused' : undefined}
        />
        <button type="submit">Show the status</button>
        {refused && (
          <p id="refused" role="alert">
            That is not the token, or there were too many tries in the last minute.
          </p>
        )}
      </form>
    </section>
  );
}
