import { Notice } from '#ui/notice.tsx';

export default function NotFound() {
  return (
    <Notice kicker="404" title="Page not found">
      <p>Check the address. The post may also have been withdrawn, or not published yet.</p>
      <p>
        <a href="/">Go to the latest posts</a>
      </p>
    </Notice>
  );
}
