import type { Metadata } from 'next';
import { notFound } from 'next/navigation';
import { Article } from '#posts/article.tsx';
import { contentTime } from '#posts/content-time.ts';
import { postParams } from '#posts/generated-pages.ts';
import { findPost } from '#posts/queries.ts';
import { isSlug } from '#posts/slug.ts';

type Props = { params: Promise<{ slug: string }> };

export const generateStaticParams = postParams;

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const { slug } = await params;
  const post = isSlug(slug) ? await findPost(slug) : undefined;
  return post
    ? { title: post.title, description: post.excerpt, other: contentTime([post]) }
    : { title: 'Not found' };
}

export default async function PostPage({ params }: Props) {
  const { slug } = await params;
  const post = isSlug(slug) ? await findPost(slug) : undefined;
  return <Article post={post ?? notFound()} />;
}
