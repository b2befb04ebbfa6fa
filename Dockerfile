# deps → compile → generate → runner: the image with prerendered pages.
# deps → compile → deferred: the same without a database; pages are rendered on their first request.

FROM node:26-trixie-slim AS base
WORKDIR /app
ENV NEXT_TELEMETRY_DISABLED=1

FROM base AS deps
COPY package.json package-lock.json ./
COPY sealcheck/package.json sealcheck/
# .npmrc may hold a token, so it is mounted, never copied. Pass a token as the optional secret npmrc.
# No dependency needs its install script, so none runs.
RUN --mount=type=cache,target=/root/.npm \
    --mount=type=bind,source=.npmrc,target=.npmrc \
    --mount=type=secret,id=npmrc,target=/root/.npmrc \
    npm ci --omit=dev --ignore-scripts

FROM deps AS compile
COPY tsconfig.json next.config.ts prisma.config.ts ./
COPY prisma prisma
COPY src src
# Without a network, this layer can only depend on the source.
RUN --network=none node src/commands/build-compile.ts

FROM compile AS generate
# A secret's value is not part of BuildKit's cache key, so CONTENT_REVISION is: the same database and posts give the same layer.
ARG CONTENT_REVISION
ARG GENERATED_POSTS
ARG EMAIL_API_URL
ARG EMAIL_TEMPLATE
# Each secret is a file that only this step can read. If a required one is missing, the step says which option to pass.
RUN --mount=type=secret,id=database_url \
    --mount=type=secret,id=email_api_key \
    node src/commands/build-generate.ts

FROM base AS serving
ENV NODE_ENV=production HOSTNAME=0.0.0.0 PORT=3000
# By default, glibc keeps freed memory in a pool for each thread and core.
ENV MALLOC_ARENA_MAX=2
# Nothing here needs the base image's package managers.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn* /usr/local/bin/yarn*
EXPOSE 3000
HEALTHCHECK --interval=15s --timeout=3s --start-period=10s --start-interval=1s \
  CMD ["node", "/app/sealed.js", "health"]
ENTRYPOINT ["node", "/app/sealed.js"]
CMD ["serve"]

FROM serving AS deferred
COPY --from=compile /app/.next/standalone ./
USER node

FROM serving AS runner
# Owned by root and served by node, so the process can't change what it serves.
COPY --from=generate /app/.next/standalone ./
USER node
