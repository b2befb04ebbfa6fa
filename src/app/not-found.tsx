import { Notice } from '#ui/notice.tsx';

export default function NotFound() {
  return (
    <Notice kicker="404" title="There is no such page">
      <p>The address may be mistyped, or the post is not published.</p>
      <p>
        <a href="/">Go to the latest posts</a>
      </p>
    </Notice>
  );
}
