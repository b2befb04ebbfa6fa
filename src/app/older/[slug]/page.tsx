import type { Metadata } from 'next';
import { notFound } from 'next/navigation';
import { contentTime } from '#posts/content-time.ts';
import { listingParams } from '#posts/generated-pages.ts';
import { PostListing } from '#posts/post-listing.tsx';
import { postsAfter } from '#posts/queries.ts';
import { isSlug } from '#posts/slug.ts';

type Props = { params: Promise<{ slug: string }> };

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const { slug } = await params;
  const list = isSlug(slug) ? await postsAfter(slug) : undefined;
  return { title: 'Older posts', other: contentTime(list?.posts ?? []) };
}

export const generateStaticParams = listingParams;

export default async function OlderPostsPage({ params }: Props) {
  const { slug } = await params;
  const list = isSlug(slug) ? await postsAfter(slug) : undefined;
  return <PostListing heading="Older posts" list={list ?? notFound()} />;
}
