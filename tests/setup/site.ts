/** Filled below. */
export default function setup(): void {}
