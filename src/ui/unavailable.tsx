import { Notice } from './notice.tsx';

/** Sent with status 503 instead of a page that could not be rendered. The form requests the same address again. */
export function Unavailable() {
  return (
    <Notice kicker="503" title="This page is temporarily unavailable">
      <p>
        It is loaded from the database on its first visit, and the database could not be reached. Pages that
        were prerendered with the site still work.
      </p>
      <form>
        <button type="submit">Try again</button>
      </form>
      <p>
        <a href="/">Go to the latest posts</a>
      </p>
    </Notice>
  );
}
