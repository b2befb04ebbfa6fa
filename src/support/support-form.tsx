import { AMOUNTS } from './amounts.ts';
import styles from './support-form.module.css';

const SUGGESTED = 5;

/** Asks for an amount, and says so where none can be taken. Works without JavaScript. */
export function SupportForm() {
  return (
    <section className={styles.support}>
      <h1>Support this blog</h1>
      <form data-support="offered" action="/support/checkout" method="post">
        <p>It has no advertisements and no trackers. If a post saved you an evening, pay for a coffee.</p>
        <fieldset className={styles.amounts}>
          <legend>Once, in euros</legend>
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
        <button type="submit">Go on to the payment</button>
        <p className={styles.small}>You pay at Stripe. This site sees no card number, and keeps no name.</p>
      </form>
      <p data-support="closed">No support is taken at the moment. Thank you for thinking of it.</p>
    </section>
  );
}
