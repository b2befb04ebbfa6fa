import Link from 'next/link';
import { Notice } from '#ui/notice.tsx';

export default function NotFound() {
  return (
    <Notice kicker="404" title="Page not found">
      <p>Check the address. The post may also have been withdrawn, or not published yet.</p>
      <p>
        <Link href="/">Go to the latest posts</Link>
      </p>
    </Notice>
  );
}
