# One image for the three services: docker run IMAGE order (or inventory, or payment), with MONGODB_URI set. It also has the
# simulated card provider: docker run --entrypoint node IMAGE provider-simulator/main.ts
#
# Never run where it was written: no Docker there. test/e2e/containers.test.ts copies what is copied here, and runs the
# commands of docker-compose.yml in it, without containers.
FROM node:24-slim
WORKDIR /app

# The lock file alone first: the layer with the packages is built again only when they change.
# node:24-slim has Node, so the one that npm would bring (an optional dependency) is left out.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional

COPY cli cli
COPY provider-simulator provider-simulator
COPY services services
COPY shared shared

# Where the simulated provider keeps its books: a volume that is mounted here takes over the owner. And where Node keeps what it
# compiled for the next start.
RUN mkdir -p /books node_modules/.cache && chown node:node /books node_modules/.cache

# The options and MALLOC_ARENA_MAX as in cli/node-options.ts.
ENV NODE_ENV=production MALLOC_ARENA_MAX=1
USER node
ENTRYPOINT ["node", "--max-semi-space-size=16", "--heap-growing-percent=25", "--no-allocation-site-pretenuring", "--no-maglev", "--invocation-count-for-turbofan=1000", "--v8-pool-size=1", "cli/twicesafe.mjs", "service"]
