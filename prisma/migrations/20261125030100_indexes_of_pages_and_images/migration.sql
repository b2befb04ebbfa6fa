-- Every page shows the navigation. In a migration of its own, so that no lock on the table's readers is held meanwhile.
-- Its rows are few: posts are not in it.
CREATE INDEX "Post_navigation_idx" ON "Post"("title") WHERE "kind" = 'page';

-- An image is served as long as a visible post names it.
CREATE INDEX "Post_image_hashes_idx" ON "Post" USING GIN (jsonb_path_query_array("images", '$.*.hash')) WHERE "images" <> '{}';
