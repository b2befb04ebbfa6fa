import styles from './status.module.css';

/** A form for STATUS_TOKEN. Works without JavaScript. */
export function SignInForm({ refused }: { refused: boolean }) {
  return (
    <section className={styles.status}>
      <h1>Status</h1>
      <form className={styles.signIn} action="/status/sign-in" method="post">
        <label htmlFor="token">This site’s STATUS_TOKEN</label>
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
            That token is wrong, or there were too many attempts in the last minute.
          </p>
        )}
      </form>
    </section>
  );
}
