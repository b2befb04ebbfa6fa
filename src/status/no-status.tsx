import { Notice } from '#ui/notice.tsx';

/** Stands where STATUS_TOKEN is not set. */
export function NoStatus() {
  return (
    <Notice kicker="Not set up" title="There is no status to see">
      <p>It is shown to whoever knows STATUS_TOKEN, and this site has none.</p>
      <p>
        <a href="/">Go to the latest posts</a>
      </p>
    </Notice>
  );
}
