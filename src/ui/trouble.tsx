'use client';

import { Notice } from './notice.tsx';

/** Shown in the browser instead of a page that failed to render; `reset` tries again. */
export function Trouble({ reset }: { error: Error; reset: () => void }) {
  return (
    <Notice kicker="Our fault" title="Something went wrong">
      <p>This page could not be shown. If it keeps happening, it will be in the site’s log.</p>
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
