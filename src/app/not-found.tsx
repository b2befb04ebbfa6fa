import Link from 'next/link';
import { Notice } from '#ui/notice.tsx';

export default function NotFound() {
  return (
    <Notice kicker="404" title="There is no such page">
      <p>The address may be mistyped, or the post is not published.</p>
      <p>
        <Link href="/">Go to the latest posts</Link>
      </p>
    </Notice>
  );
}
