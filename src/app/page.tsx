import type { Metadata } from 'next';
import { contentTime } from '#posts/content-time.ts';
import { PostListing } from '#posts/post-listing.tsx';
import { newestPosts } from '#posts/queries.ts';

export async function generateMetadata(): Promise<Metadata> {
  const { posts } = await newestPosts();
  return { other: contentTime(posts) };
}

export default async function HomePage() {
  return <PostListing heading="Latest posts" list={await newestPosts()} />;
}
