const format = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' });

/** The day a post was published, in UTC, because all readers get the same page. */
export function PublicationDate({ date }: { date: Date }) {
  return (
    <time dateTime={date.toISOString()} lang="en">
      {format.format(date)}
    </time>
  );
}
