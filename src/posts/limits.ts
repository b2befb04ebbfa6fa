/** Posts on one page of a list. */
export const POSTS_PER_PAGE = 10;
