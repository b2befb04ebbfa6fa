import type { Limits } from './contents/budget.ts';
import type { Prepared } from './secrets/prepare.ts';

/** What every check takes. */
export type CheckOptions = {
  prepared: Prepared;
  limits: Limits;
  /** Lists a framework's own live keys without calling them a leak. */
  allowFrameworkKeys: boolean;
  /** A file that was not opened keeps the check from ending clean. */
  strict?: boolean;
  /** Told how many bytes were searched so far. */
  onProgress?: (bytes: number) => void;
};
