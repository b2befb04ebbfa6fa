/** The amounts that a reader can choose from, in euros. */
export const AMOUNTS = [3, 5, 10, 25];
