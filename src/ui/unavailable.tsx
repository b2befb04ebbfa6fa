import { Notice } from './notice.tsx';

/** Sent with status 503 in place of a page that could not be made. The form asks for the same address again. */
export function Unavailable() {
  return (
    <Notice kicker="For the moment" title="This page is not at hand">
      <p>
        It is read from the database on its first visit, and that did not work now. Posts that were generated
        with the site can be read all the same.
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
