import { db } from '../db';

/** The build renders this page; a server with `DATABASE_URL` renders it again after this many seconds. */
export const revalidate = 60;

export default async function Page() {
  const posts = await db().post.findMany({ orderBy: { id: 'desc' }, take: 50 });
  return (
    <main>
      <h1>Posts</h1>
      <ul>
        {posts.map(({ id, title }) => (
          <li key={id}>{title}</li>
        ))}
      </ul>
    </main>
  );
}
