import { PostListing } from '#posts/post-listing.tsx';
import { newestPosts } from '#posts/queries.ts';

export default async function HomePage() {
  return <PostListing heading="Latest posts" list={await newestPosts()} />;
}
