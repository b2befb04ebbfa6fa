import { newestPosts } from '#posts/queries.ts';
import { framedMail } from './mail.ts';
import styles from './newsletter.module.css';
import { mailTemplate } from './template.ts';

/** The newsletter as it would be sent today. */
export async function Newsletter() {
  const template = mailTemplate();
  const { posts } = await newestPosts();
  return (
    <section className={styles.newsletter}>
      <h1>The newsletter</h1>
      <p>This is the mail of today, with the newest posts in the template that it was generated with.</p>
      <p className={styles.subject}>{template.subject}</p>
      {/* No script runs in it and no form is sent from it, whatever the template says. */}
      <iframe
        className={styles.mail}
        sandbox="allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"
        srcDoc={framedMail(template, posts)}
        title="The mail of today"
      />
    </section>
  );
}
