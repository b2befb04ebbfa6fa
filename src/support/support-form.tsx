import { AMOUNTS } from './amounts.ts';
import styles from './support-form.module.css';

const SUGGESTED = 5;

/** Lets a reader choose an amount, or says that payments are off. Works without JavaScript. */
export function SupportForm() {
  return (
    <section className={styles.support}>
      <h1>Support this blog</h1>
      <form data-support="offered" action="/support/checkout" method="post">
        <p>This blog has no ads and no trackers. If a post saved you an evening, buy us a coffee.</p>
        <fieldset className={styles.amounts}>
          <legend>One-time amount, in euros</legend>
          {AMOUNTS.map((amount) => (
            <label key={amount}>
              <input
                type="radio"
                name="amount"
                value={amount}
                defaultChecked={amount === SUGGESTED}
                required
              />
              <span>{amount} €</span>
            </label>
          ))}
        </fieldset>
        <button type="submit">Continue to payment</button>
        <p className={styles.small}>
          You pay on Stripe’s page. This site never sees your card number and doesn’t store your name.
        </p>
      </form>
      <p data-support="closed">We can’t accept support at the moment. Thank you for thinking of it.</p>
    </section>
  );
}
