import type { ReactNode } from 'react';
import styles from './page-frame.module.css';
import { SealMark } from './seal-mark.tsx';

/** What surrounds the content of every page: a skip link, the site's name, and the footer. */
export function PageFrame({ children }: { children: ReactNode }) {
  return (
    <div className={styles.frame}>
      <a className={styles.skip} href="#content">
        Skip to content
      </a>
      <header className={styles.header}>
        <a className={styles.name} href="/">
          <SealMark />
          Sealed
        </a>
      </header>
      <main id="content" className={styles.content} tabIndex={-1}>
        {children}
      </main>
      <footer className={styles.footer}>
        <p>Posts from PostgreSQL, served from an image that carries no secret.</p>
        <p className={styles.provenance} data-provenance="" />
        <nav className={styles.links} aria-label="More on this site">
          <a href="/newsletter">Newsletter</a>
          <a href="/support" data-support="offered">
            Support this blog
          </a>
        </nav>
        <link rel="stylesheet" href="/support/offer.css" />
      </footer>
    </div>
  );
}
