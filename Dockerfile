# One image for the three services: docker run IMAGE order (or inventory, or payment), with MONGODB_URI set.
FROM node:24-slim
WORKDIR /app

# The lock file alone first: the layer with the packages is built again only when they change.
# node:24-slim has Node, so the one that npm would bring (an optional dependency) is left out.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional

COPY cli cli
COPY services services
COPY shared shared

ENV NODE_ENV=production
USER node
ENTRYPOINT ["node", "cli/twicesafe.mjs", "service"]
