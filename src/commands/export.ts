import { counter } from '#local/progress.ts';
import { exportPosts } from '#post-files/export.ts';
import type { DatabaseAddress } from '#secrets/index.ts';

/** Exports all posts into a folder, and prints how many. Throws the errors of {@link exportPosts}. */
export async function exportFolder(address: DatabaseAddress, folder: string): Promise<void> {
  const { posts, images, unchanged, warnings } = await exportPosts(address, folder, {
    onProgress: counter('writing'),
  });
  for (const warning of warnings) console.warn(`export: warning: ${warning}`);
  console.info(
    `export: ${posts} posts and ${images} images are in ${folder}; ${unchanged} files were unchanged.`,
  );
}
