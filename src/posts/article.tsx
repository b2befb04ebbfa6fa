import styles from './article.module.css';
import { renderMarkdown } from './markdown.ts';
import type { Post } from './post.ts';
import { PublicationDate } from './publication-date.tsx';

/** A whole post: its title, its date, and its Markdown as sanitised elements. */
export async function Article({ post }: { post: Post }) {
  return (
    <article>
      <header className={styles.header}>
        <PublicationDate date={post.publishedAt} />
        <h1>{post.title}</h1>
      </header>
      <div className={styles.prose}>{await renderMarkdown(post.content)}</div>
      <footer className={styles.footer}>
        <a href="/">All posts</a>
      </footer>
    </article>
  );
}
