-- What a post has besides its text. Every column has a constant default, so that adding it rewrites no row, and the
-- previous release goes on writing posts. The checks are not validated, because every existing row has the defaults.

ALTER TABLE "Post"
    -- In the author's order and spelling.
    ADD COLUMN "tags" TEXT[] NOT NULL DEFAULT '{}',
    -- Empty: lists show the first paragraph.
    ADD COLUMN "summary" TEXT NOT NULL DEFAULT '',
    -- The address of an image, as in the text; empty: none.
    ADD COLUMN "cover" TEXT NOT NULL DEFAULT '',
    -- A BCP 47 language tag; empty: the site's language.
    ADD COLUMN "lang" TEXT NOT NULL DEFAULT '',
    -- "post", or "page": in the navigation, in no list.
    ADD COLUMN "kind" TEXT NOT NULL DEFAULT 'post',
    -- Old URLs that lead to the post: paths without a query, such as "/2019/05/a-post".
    ADD COLUMN "aliases" TEXT[] NOT NULL DEFAULT '{}',
    -- Front matter that the blog does not know.
    ADD COLUMN "extra" JSONB NOT NULL DEFAULT '{}',
    -- The stored images by the addresses that text and cover use: {"photo.png": {"hash", "type", "width", "height"}}.
    ADD COLUMN "images" JSONB NOT NULL DEFAULT '{}',
    -- The file that the post was imported from, relative to its folder; empty: none.
    ADD COLUMN "file" TEXT NOT NULL DEFAULT '',
    ADD CONSTRAINT "Post_kind_is_known" CHECK ("kind" IN ('post', 'page')) NOT VALID,
    ADD CONSTRAINT "Post_lang_is_a_tag" CHECK ("lang" ~ '^([A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*)?$') NOT VALID;

-- Images by the SHA-256 of their bytes. A row never changes.
CREATE TABLE "Image" (
    "hash" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "width" INTEGER NOT NULL,
    "height" INTEGER NOT NULL,
    "content" BYTEA NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Image_pkey" PRIMARY KEY ("hash"),
    CONSTRAINT "Image_hash_is_of_its_content" CHECK ("hash" = encode(sha256("content"), 'hex')),
    CONSTRAINT "Image_type_is_known" CHECK ("type" IN ('png', 'jpg', 'webp', 'avif', 'gif')),
    CONSTRAINT "Image_has_dimensions" CHECK ("width" > 0 AND "height" > 0),
    CONSTRAINT "Image_is_at_most_5_mb" CHECK (octet_length("content") <= 5 * 1024 * 1024)
);

-- Images are compressed already.
ALTER TABLE "Image" ALTER COLUMN "content" SET STORAGE EXTERNAL;

-- A statement's changes become one row: the posts and their neighbours. A post's page links to the previous and the next
-- post, so their pages show its title, address and language, and a change of its place concerns the old and the new ones.
CREATE FUNCTION "content_log_posts_and_neighbours"(slugs TEXT[], places JSONB) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    IF cardinality(slugs) > 200 OR jsonb_array_length(places) > 400 THEN
        PERFORM "content_log_append"(ARRAY['all']);
        RETURN;
    END IF;
    PERFORM "content_log_posts"(ARRAY(
        SELECT unnest(slugs)
        UNION
        SELECT near."slug"
        FROM jsonb_to_recordset(places) AS place("id" TEXT, "publishedAt" TIMESTAMP(3)),
        LATERAL (
            (SELECT "slug" FROM "Post"
             WHERE "published" AND "kind" = 'post' AND ("Post"."publishedAt", "Post"."id") < (place."publishedAt", place."id")
             ORDER BY "Post"."publishedAt" DESC, "Post"."id" DESC LIMIT 1)
            UNION ALL
            (SELECT "slug" FROM "Post"
             WHERE "published" AND "kind" = 'post' AND ("Post"."publishedAt", "Post"."id") > (place."publishedAt", place."id")
             ORDER BY "Post"."publishedAt", "Post"."id" LIMIT 1)
        ) AS near
    ));
END $$;

-- Posts that are inserted and posts that are deleted concern the same pages.
CREATE FUNCTION "content_log_added_or_removed"(posts JSONB) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM jsonb_array_elements(posts) AS post WHERE post ->> 'kind' = 'page') THEN
        -- Every page shows the navigation.
        PERFORM "content_log_append"(ARRAY['all']);
    ELSE
        PERFORM "content_log_posts_and_neighbours"(
            ARRAY(SELECT post ->> 'slug' FROM jsonb_array_elements(posts) AS post), posts
        );
    END IF;
END $$;

CREATE OR REPLACE FUNCTION "post_inserted"() RETURNS TRIGGER LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM "content_log_added_or_removed"((
        SELECT coalesce(jsonb_agg(post), '[]')
        FROM (SELECT "id", "slug", "kind", "publishedAt" FROM new_rows WHERE "published" LIMIT 201) AS post
    ));
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION "post_deleted"() RETURNS TRIGGER LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM "content_log_added_or_removed"((
        SELECT coalesce(jsonb_agg(post), '[]')
        FROM (SELECT "id", "slug", "kind", "publishedAt" FROM old_rows WHERE "published" LIMIT 201) AS post
    ));
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION "post_updated"() RETURNS TRIGGER LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    slugs TEXT[];
    places JSONB;
    navigation BOOLEAN;
BEGIN
    -- Every column counts but those that no page shows, so that a new column is covered from its first day.
    WITH touched AS (
        SELECT to_jsonb(was) AS was, to_jsonb(becomes) AS becomes
        FROM old_rows AS was FULL JOIN new_rows AS becomes USING ("id")
        WHERE (was."published" OR becomes."published")
            AND to_jsonb(was) - 'createdAt' - 'file' IS DISTINCT FROM to_jsonb(becomes) - 'createdAt' - 'file'
        LIMIT 201
    ), links AS (
        -- What other pages show of the post.
        SELECT was, becomes FROM touched WHERE EXISTS (
            SELECT FROM unnest(ARRAY['id', 'slug', 'title', 'published', 'publishedAt', 'kind', 'lang']) AS shown
            WHERE was -> shown IS DISTINCT FROM becomes -> shown
        )
    )
    SELECT
        ARRAY(
            SELECT DISTINCT slug FROM touched, unnest(ARRAY[was ->> 'slug', becomes ->> 'slug']) AS slug
            WHERE slug IS NOT NULL
        ),
        (SELECT coalesce(jsonb_agg(place), '[]') FROM links, unnest(ARRAY[was, becomes]) AS version,
            jsonb_build_object('id', version -> 'id', 'publishedAt', version -> 'publishedAt') AS place
            WHERE (version ->> 'published')::boolean),
        EXISTS (SELECT FROM links, unnest(ARRAY[was, becomes]) AS version
            WHERE version ->> 'kind' = 'page' AND (version ->> 'published')::boolean)
    INTO slugs, places, navigation;
    IF navigation THEN
        PERFORM "content_log_append"(ARRAY['all']);
    ELSE
        PERFORM "content_log_posts_and_neighbours"(slugs, places);
    END IF;
    RETURN NULL;
END $$;

-- A page depends on its posts alone, which know their images. These rows are for the image itself: a server that keeps
-- it asks the database again.
CREATE FUNCTION "image_changed"() RETURNS TRIGGER LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    tags TEXT[];
BEGIN
    tags := ARRAY(SELECT 'image:' || "hash" FROM changed_rows);
    IF cardinality(tags) > 0 THEN
        PERFORM "content_log_append"(tags);
    END IF;
    RETURN NULL;
END $$;

DO $$
DECLARE
    name TEXT;
BEGIN
    FOREACH name IN ARRAY ARRAY['content_log_posts_and_neighbours(text[], jsonb)',
        'content_log_added_or_removed(jsonb)', 'post_inserted()', 'post_deleted()', 'post_updated()', 'image_changed()']
    LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', name, current_schema());
    END LOOP;
END $$;

CREATE TRIGGER "Image_inserted" AFTER INSERT ON "Image"
    REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION "image_changed"();

CREATE TRIGGER "Image_updated" AFTER UPDATE ON "Image"
    REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION "image_changed"();

CREATE TRIGGER "Image_deleted" AFTER DELETE ON "Image"
    REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION "image_changed"();

CREATE TRIGGER "Image_truncated" AFTER TRUNCATE ON "Image"
    FOR EACH STATEMENT EXECUTE FUNCTION "post_truncated"();
