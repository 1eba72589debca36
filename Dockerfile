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

# Where the simulated provider keeps its books: a volume that is mounted here takes over the owner.
RUN mkdir /books && chown node:node /books

ENV NODE_ENV=production
USER node
# As in cli/node-options.ts.
ENTRYPOINT ["node", "--max-semi-space-size=32", "--heap-growing-percent=150", "--v8-pool-size=1", "cli/twicesafe.mjs", "service"]
