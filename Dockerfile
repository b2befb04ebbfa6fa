# deps → compile → generate → runner: the image with its pages in it.
# deps → compile → deferred: the same without a database; pages are rendered on their first request.

FROM node:26-trixie-slim AS base
WORKDIR /app
ENV NEXT_TELEMETRY_DISABLED=1

FROM base AS deps
COPY package.json package-lock.json .npmrc ./
COPY sealcheck/package.json sealcheck/
# No dependency of the build needs its install script, so none runs.
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --ignore-scripts

FROM deps AS compile
COPY . .
# Without a network, the source can't ask for more than it is given: this layer depends on the source alone.
RUN --network=none node src/commands/build-compile.ts

FROM compile AS generate
# BuildKit leaves a secret's value out of the cache key, so the posts' revision stands in: the same posts, the same layer.
ARG CONTENT_REVISION
ARG GENERATED_POSTS
ARG EMAIL_API_URL
ARG EMAIL_TEMPLATE
# Each secret is a file for the length of this one step. Where a required one is missing, the step says which option to pass.
RUN --mount=type=secret,id=database_url \
    --mount=type=secret,id=email_api_key \
    node src/commands/build-generate.ts

FROM base AS serving
ENV NODE_ENV=production HOSTNAME=0.0.0.0 PORT=3000
# The base image's package managers have no work here.
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
# Owned by root and served by node: the process can't change what it serves.
COPY --from=generate /app/.next/standalone ./
USER node
