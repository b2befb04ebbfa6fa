import styles from './newsletter.module.css';
import { mailTemplate } from './template.ts';

/** A preview of the newsletter as it would be sent today. */
export function Newsletter() {
  return (
    <section className={styles.newsletter}>
      <h1>The newsletter</h1>
      <p>This is today’s mail: the newest posts in the template that the site was built with.</p>
      <p className={styles.subject}>{mailTemplate().subject}</p>
      {/* A document with a policy of its own: no script runs in it, whatever the template says. */}
      <iframe
        className={styles.mail}
        sandbox="allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"
        src="/newsletter/mail"
        title="Today’s mail"
      />
    </section>
  );
}
