import type { ReactNode } from 'react';
import styles from './notice.module.css';

/** A page that says one thing: what happened, and what the reader can do. */
export function Notice({ kicker, title, children }: { kicker: string; title: string; children: ReactNode }) {
  return (
    <section className={styles.notice}>
      <p className={styles.kicker}>{kicker}</p>
      <h1>{title}</h1>
      {children}
    </section>
  );
}
