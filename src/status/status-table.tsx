import type { StatusReport } from './report.ts';
import styles from './status.module.css';

/** The report as a page: first what is wrong, then each part. */
export function StatusTable({ report }: { report: StatusReport }) {
  const { secrets, store, database, pages, process } = report;
  const problems = [
    ...secrets.flatMap(({ problem }) => problem ?? []),
    ...(store?.problem ? [store.problem] : []),
  ];
  return (
    <section className={styles.status}>
      <h1>Status</h1>
      <p className={styles.summary}>
        The database is <strong>{database}</strong>. This process runs Node.js {process.node.slice(1)} since{' '}
        <Moment at={process.startedAt} />.
      </p>
      {problems.length > 0 && (
        <ul className={styles.problems} aria-label="Problems">
          {problems.map((problem) => (
            <li key={problem}>{problem}</li>
          ))}
        </ul>
      )}

      <h2>Secrets</h2>
      <dl className={styles.secrets}>
        {secrets.map(({ name, phases, need, source, fingerprint, problem }) => (
          <div key={name} data-problem={problem !== undefined || undefined}>
            <dt>
              <code>{name}</code>
            </dt>
            <dd>
              <span>{source ?? (need === 'unused' ? 'not read while serving' : 'not set')}</span>
              <span className={styles.detail}>
                {phases}
                {fingerprint && (
                  <>
                    {' · '}
                    <code title="The same wherever value and AUTH_SECRET are the same">{fingerprint}</code>
                  </>
                )}
              </span>
            </dd>
          </div>
        ))}
      </dl>
      {store && (
        <p>
          {store.name} gave its values at <Moment at={store.readAt} />.
        </p>
      )}

      <h2>Pages</h2>
      {pages.inImage ? (
        <details>
          <summary>
            {pages.inImage.count} pages as they were generated while building, at{' '}
            <Moment at={pages.inImage.at} />
          </summary>
          <ul className={styles.pages}>
            {pages.inImage.paths.map((path) => (
              <li key={path}>
                <a href={path}>{path}</a>
              </li>
            ))}
          </ul>
        </details>
      ) : (
        <p>None was generated while building.</p>
      )}
      <details open={pages.later.length > 0 && pages.later.length <= 20}>
        <summary>{pages.later.length} pages generated later, by this process</summary>
        <ul className={styles.pages}>
          {pages.later.map(({ path, at }) => (
            <li key={path}>
              <a href={path}>{path}</a> <Moment at={at} />
            </li>
          ))}
        </ul>
      </details>
    </section>
  );
}

function Moment({ at }: { at: Date }) {
  const text = at.toISOString();
  return <time dateTime={text}>{`${text.slice(0, 10)} ${text.slice(11, 19)} UTC`}</time>;
}
