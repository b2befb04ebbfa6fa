/** The project's mark, a wax seal. It is decorative: the name is next to it. */
export function SealMark() {
  return (
    <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false">
      <path
        fill="var(--accent)"
        d="M16 1.5c2.2 0 3.2 2 5.2 2.7 2 .6 4.3-.2 5.6 1.6 1.3 1.7.3 3.9.9 5.9.6 2 2.8 3.1 2.8 5.3s-2.2 3.2-2.8 5.2c-.6 2 .4 4.2-.9 5.9-1.3 1.8-3.6 1-5.6 1.7-2 .6-3 2.2-5.2 2.2s-3.2-1.6-5.2-2.2c-2-.7-4.3.1-5.6-1.7-1.3-1.7-.3-3.9-.9-5.9-.6-2-2.8-3-2.8-5.2s2.2-3.3 2.8-5.3c.6-2-.4-4.2.9-5.9 1.3-1.8 3.6-1 5.6-1.6 2-.7 3-2.7 5.2-2.7z"
      />
      <circle cx="16" cy="16.6" r="9" fill="none" stroke="var(--paper)" strokeWidth="1.3" opacity=".75" />
      <path
        fill="none"
        stroke="var(--paper)"
        strokeWidth="2"
        strokeLinecap="round"
        strokeLinejoin="round"
        d="M12.2 16.8l2.7 2.7 5-5.4"
      />
    </svg>
  );
}
