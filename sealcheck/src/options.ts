import type { Limits } from './contents/budget.ts';
import type { Prepared } from './secrets/prepare.ts';

/** The options that every check has. */
export type CheckOptions = {
  prepared: Prepared;
  limits: Limits;
  /** Lists a framework's own live keys without treating them as a leak. */
  allowFrameworkKeys: boolean;
  /** A file that was not opened keeps the check from ending clean. */
  strict?: boolean;
  /** Called with the number of bytes searched so far. */
  onProgress?: (bytes: number) => void;
};
