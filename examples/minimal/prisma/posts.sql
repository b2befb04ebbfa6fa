CREATE TABLE "Post" (
  "id" SERIAL PRIMARY KEY,
  "title" TEXT NOT NULL,
  "publishedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);
INSERT INTO "Post" ("title") VALUES ('A secret has a phase'), ('What ARG and ENV keep'), ('Pages before the first visitor');
