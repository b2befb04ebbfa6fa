import { type Blog, POSTS } from './blog.ts';
import { format, median, progress, type Row, run } from './measure.ts';
import { query, writePosts } from './posts.ts';

const MANY_POSTS = 10_000;

/** Prints the seconds that a generate step took, and its peak memory in kB: the proportional set size of all processes. */
const SCRIPT = `
  start=$(date +%s.%N); node src/commands/build-generate.ts >/tmp/log 2>&1 & pid=$!; peak=0
  while kill -0 $pid 2>/dev/null; do
    now=$(awk '/^Pss:/ { sum += $2 } END { print sum + 0 }' /proc/[0-9]*/smaps_rollup 2>/dev/null)
    [ "$now" -gt "$peak" ] && peak=$now; sleep 0.2
  done
  wait $pid || { cat /tmp/log >&2; exit 1; }
  echo "$start $(date +%s.%N) $peak"`;

/** Measures the step of a build that reads the database and prerenders the pages, in a container of its own. */
export async function measureGenerate({ buildTarget, url }: Blog, rounds: number): Promise<Row[]> {
  const compiled = await buildTarget('compile');
  const generate = () => {
    const options = ['--rm', '--network', 'host', '--cpus', '2', '--env', `DATABASE_URL=${url}`];
    const [start = 0, end = 0, peak = 0] = run('docker', 'run', ...options, compiled, 'bash', '-c', SCRIPT)
      .split(' ')
      .map(Number);
    progress(`generate: ${format(end - start, 1)} s`);
    return { took: end - start, peak };
  };
  try {
    const measured = Array.from({ length: rounds }, generate);
    await writePosts(url, { count: MANY_POSTS - POSTS, prefix: 'old', ageInYears: 20 });
    const { peak } = generate();
    return [
      {
        figure: 'the generate step',
        measured: `${format(median(measured.map(({ took }) => took)), 1)} s`,
        target: '≤ 25 s',
        how: `${format(POSTS)} posts, two cores; median of ${rounds}`,
      },
      {
        figure: 'peak memory of the generate step',
        measured: `${format(peak / 1e3)} MB`,
        how: `${format(MANY_POSTS)} posts in the database, of which the newest 1,000 are prerendered`,
      },
    ];
  } finally {
    await query(url, `DELETE FROM "Post" WHERE "slug" LIKE 'old-%'`);
    run('docker', 'image', 'rm', '--force', compiled);
  }
}
