/** What a reader can give, in euros. */
export const AMOUNTS = [3, 5, 10, 25];
