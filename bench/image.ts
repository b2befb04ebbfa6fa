import { BASE, type Blog, POSTS } from './blog.ts';
import { measureGenerate } from './generate.ts';
import { format, median, progress, type Row, run, seconds } from './measure.ts';
import { query } from './posts.ts';

/** Measures how long the image takes to build, and its size. */
export async function measureImage(
  blog: Blog,
  { skipCold, rounds }: { skipCold: boolean; rounds: number },
): Promise<Row[]> {
  const { build, image, url } = blog;
  const rows: Row[] = [];

  progress('building the image');
  const cold = await seconds(() => (skipCold ? build() : build('--no-cache')));
  const contentOnly: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await query(url, `UPDATE "Post" SET "title" = 'Round ${round}' WHERE "slug" = 'post-1'`);
    contentOnly.push(await seconds(build));
    progress(`content-only rebuild: ${format(contentOnly.at(-1) ?? 0, 1)} s`);
  }
  if (!skipCold)
    rows.push({
      figure: 'cold build',
      measured: `${format(cold, 1)} s`,
      how: '`docker build --no-cache`; packages come from the npm cache if it has them',
    });
  rows.push({
    figure: 'content-only rebuild',
    measured: `${format(median(contentOnly), 1)} s`,
    how: `one of ${format(POSTS)} posts changed; median of ${rounds}`,
  });

  const added = unpackedSize(image) - unpackedSize(BASE);
  const withoutPages = await deferredSize(blog);
  rows.push(
    {
      figure: 'the app adds to its base image',
      measured: `${format(added / 1e6, 1)} MB`,
      target: '≤ 40 MB',
      how: `with ${format(POSTS)} posts; ${BASE} has ${format(unpackedSize(BASE) / 1e6)} MB`,
    },
    {
      figure: 'a prerendered post in the image',
      measured: `${format((unpackedSize(image) - withoutPages) / POSTS / 1e3, 2)} kB`,
      target: '≤ 3 kB',
      how: 'the image without its pages subtracted, lists included; a post has 3 kB of Markdown',
    },
    ...(await measureGenerate(blog, rounds)),
  );
  return rows;
}

/** Bytes of an image's unpacked layers. With containerd's image store, `docker image inspect` reports compressed sizes. */
function unpackedSize(image: string): number {
  return run('docker', 'history', '--human=false', '--format', '{{.Size}}', image)
    .trim()
    .split('\n')
    .reduce((sum, layer) => sum + Number(layer), 0);
}

/** The size of the target `deferred`, which has everything but pages. */
async function deferredSize({ buildTarget }: Blog): Promise<number> {
  const deferred = await buildTarget('deferred');
  const size = unpackedSize(deferred);
  run('docker', 'image', 'rm', '--force', deferred);
  return size;
}
