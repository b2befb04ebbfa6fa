import styles from './article.module.css';
import { languageAttributes } from './language.ts';
import { renderMarkdown } from './markdown.ts';
import type { Post, PostLink } from './post.ts';
import { PublicationDate } from './publication-date.tsx';

/** The language of the site's own words, inside of an article in another one. */
const SITE_LANGUAGE = languageAttributes('en');

/** A whole post: its title, its date, its tags, and its Markdown as sanitised elements. A page has neither date nor tags. */
export async function Article({ post }: { post: Post }) {
  const { cover } = post;
  const isPost = post.kind === 'post';
  return (
    <article {...languageAttributes(post.lang)}>
      <header className={styles.header}>
        {isPost && <PublicationDate date={post.publishedAt} />}
        <h1>{post.title}</h1>
        {isPost && post.tags.length > 0 && (
          <ul className={styles.tags}>
            {post.tags.map((tag) => (
              <li key={tag}>{tag}</li>
            ))}
          </ul>
        )}
        {/* biome-ignore lint/performance/noImgElement: images are served as they are. */}
        {cover && <img className={styles.cover} {...cover} alt={cover.alt} />}
      </header>
      <div className={styles.prose}>{await renderMarkdown(post.content, post.images)}</div>
      <footer className={styles.footer} {...SITE_LANGUAGE}>
        {(post.older || post.newer) && (
          <nav className={styles.neighbours} aria-label="Previous and next post">
            <Neighbour post={post.older} rel="prev" label="Previous" />
            <Neighbour post={post.newer} rel="next" label="Next" />
          </nav>
        )}
        <a href="/">All posts</a>
      </footer>
    </article>
  );
}

function Neighbour({ post, rel, label }: { post: PostLink | undefined; rel: string; label: string }) {
  if (!post) return null;
  return (
    <p>
      {label}:{' '}
      <a href={`/posts/${post.slug}`} rel={rel} {...languageAttributes(post.lang)}>
        {post.title}
      </a>
    </p>
  );
}
