import type { ReactNode } from 'react';
import type { SecretState } from '#secrets/index.ts';
import type { StatusReport } from './report.ts';
import styles from './status.module.css';

/** The report as HTML: facts about the process, its secrets, and the pages that are served now. */
export function StatusTable({ report }: { report: StatusReport }) {
  const { secrets, store, database, pages, process } = report;
  const { sealed, next, node } = process.versions;
  return (
    <section className={styles.status}>
      <h1>Status</h1>
      <dl className={styles.facts}>
        <Fact term="Database" problem={database === 'unreachable'}>
          {database}
        </Fact>
        <Fact term="Running since">
          <Moment at={process.startedAt} />
        </Fact>
        <Fact term="Versions">
          Sealed {sealed}, Next.js {next}, Node.js {node}
        </Fact>
        {store && (
          <Fact term={store.name} problem={store.problem !== undefined}>
            last read at <Moment at={store.readAt} />
            <Detail>{store.problem}</Detail>
          </Fact>
        )}
      </dl>

      <h2>Secrets</h2>
      <dl className={styles.facts}>
        {secrets.map((secret) => (
          <Fact
            key={secret.name}
            term={<code>{secret.name}</code>}
            problem={secret.problem !== undefined && secret.need !== 'unused'}
          >
            {foundIn(secret)}
            <Detail>
              {secret.phases}
              {secret.need !== 'unused' && ` · ${secret.need}`}
              {secret.fingerprint && (
                <>
                  {' · '}
                  <code>{secret.fingerprint}</code>
                </>
              )}
            </Detail>
            <Detail>{secret.problem}</Detail>
          </Fact>
        ))}
      </dl>
      <p className={styles.detail}>
        The ten hex digits are a fingerprint of the value. Environments with the same value and AUTH_SECRET
        show the same fingerprint. Without AUTH_SECRET, it changes each time this page is loaded.
      </p>

      <h2>Pages</h2>
      {pages.inImage ? (
        <details>
          <summary>
            {counted(pages.inImage.paths.length)} as prerendered with the image, at{' '}
            <Moment at={pages.inImage.at} />
            <Detail>
              from database <code>{pages.inImage.database}</code>, revision{' '}
              <code>{pages.inImage.revision}</code>
            </Detail>
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
        <p>None was prerendered.</p>
      )}
      {pages.later.length > 0 ? (
        <details open={pages.later.length <= 20}>
          <summary>{counted(pages.later.length)} rendered by this process</summary>
          <ul className={styles.pages}>
            {pages.later.map(({ path, at, reason }) => (
              <li key={path}>
                <a href={path}>{path}</a>{' '}
                <span className={styles.detail}>
                  {reason}, at <Moment at={at} />
                </span>
              </li>
            ))}
          </ul>
        </details>
      ) : (
        <p>None was rendered by this process.</p>
      )}
    </section>
  );
}

function Fact({ term, problem, children }: { term: ReactNode; problem?: boolean; children: ReactNode }) {
  return (
    <div data-problem={problem || undefined}>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** A line in small print; nothing if it is empty. */
function Detail({ children }: { children: ReactNode }) {
  return children ? <span className={styles.detail}>{children}</span> : null;
}

function Moment({ at }: { at: Date }) {
  const text = at.toISOString();
  return <time dateTime={text}>{`${text.slice(0, 10)} ${text.slice(11, 19)} UTC`}</time>;
}

function foundIn({ source, need, problem }: SecretState): string {
  if (source) return source;
  if (problem) return 'invalid';
  return need === 'unused' ? 'not read at run time' : 'not set';
}

function counted(pages: number): string {
  return `${pages} ${pages === 1 ? 'page' : 'pages'}`;
}
