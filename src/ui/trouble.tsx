'use client';

import { Notice } from './notice.tsx';

/** The page shown in the browser where one could not be shown; `reset` tries again. */
export function Trouble({ reset }: { error: Error; reset: () => void }) {
  return (
    <Notice kicker="Our fault" title="Something went wrong">
      <p>The page could not be shown. If it stays so, it will be in the site’s log.</p>
      <p>
        <button type="button" onClick={reset}>
          Try again
        </button>
      </p>
      <p>
        <a href="/">Go to the latest posts</a>
      </p>
    </Notice>
  );
}
