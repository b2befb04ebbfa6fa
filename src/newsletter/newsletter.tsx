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
      <h1>Newsletter</h1>
      <p>This is today’s mail: the newest posts in the template that the site was built with.</p>
      <p className={styles.subject}>{template.subject}</p>
      {/* No script runs in it and no form can be submitted, whatever the template says. */}
      <iframe
        className={styles.mail}
        sandbox="allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"
        srcDoc={framedMail(template, posts)}
        title="Today’s mail"
      />
    </section>
  );
}
