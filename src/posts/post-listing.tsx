import { languageAttributes } from './language.ts';
import type { PostList } from './post.ts';
import styles from './post-listing.module.css';
import { PublicationDate } from './publication-date.tsx';

/** One page of posts, newest first, with a link to older ones. Shows a note if there are no posts yet. */
export function PostListing({ heading, list }: { heading: string; list: PostList }) {
  if (list.posts.length === 0) {
    return (
      <section className={styles.listing}>
        <h1 className={styles.heading}>{heading}</h1>
        <p className={styles.empty}>
          There is nothing to read yet. Posts appear here once they are published.
        </p>
      </section>
    );
  }
  return (
    <section className={styles.listing}>
      <h1 className={styles.heading}>{heading}</h1>
      <ol className={styles.posts}>
        {list.posts.map((post) => (
          <li key={post.slug}>
            <article className={styles.post} {...languageAttributes(post.lang)}>
              <PublicationDate date={post.publishedAt} />
              <h2>
                <a href={`/posts/${post.slug}`}>{post.title}</a>
              </h2>
              <p>{post.excerpt}</p>
            </article>
          </li>
        ))}
      </ol>
      {list.continueAfter && (
        <nav className={styles.more} aria-label="More posts">
          <a href={`/older/${list.continueAfter}`} rel="next">
            Older posts
          </a>
        </nav>
      )}
    </section>
  );
}
