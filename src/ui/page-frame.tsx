import type { ReactNode } from 'react';
import styles from './page-frame.module.css';
import { SealMark } from './seal-mark.tsx';

type Props = {
  /** The links to the site's own pages; `undefined` if they could not be read. */
  navigation: { href: string; title: string; lang?: string; dir?: string }[] | undefined;
  /** The attributes of a page whose navigation could not be read. */
  incomplete: Record<string, string>;
  children: ReactNode;
};

/** What surrounds the content of every page: a skip link, the site's name, its navigation, and the footer. */
export function PageFrame({ navigation, incomplete, children }: Props) {
  return (
    <div className={styles.frame} {...(navigation ? {} : incomplete)}>
      <a className={styles.skip} href="#content">
        Skip to content
      </a>
      <header className={styles.header}>
        <a className={styles.name} href="/">
          <SealMark />
          Sealed
        </a>
        {navigation && navigation.length > 0 && (
          <nav className={styles.navigation} aria-label="Pages">
            {navigation.map(({ href, title, ...language }) => (
              <a key={href} href={href} {...language}>
                {title}
              </a>
            ))}
          </nav>
        )}
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
